// What ONNX Runtime makes of models: the judge of tests/nn/onnx_export.c.
//     node tests/onnx_judge.mjs MODULES FOLDER
// MODULES is the folder that has node_modules/onnxruntime-node. For every NAME.onnx in FOLDER it
// reads the images NAME.images (float32, shape [N,C,H,W] as JSON in NAME.shape) and writes the logits NAME.logits (float32).
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [modules, folder] = process.argv.slice(2);
const runtime = createRequire(resolve(modules, "package.json"))("onnxruntime-node");

for (const file of readdirSync(folder).filter((name) => name.endsWith(".onnx")).sort()) {
    const path = join(folder, file.slice(0, -".onnx".length));
    const shape = JSON.parse(readFileSync(`${path}.shape`, "utf8"));
    const bytes = readFileSync(`${path}.images`);
    const images = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    // As the file says it: no fusing of operators, one thread.
    const session = await runtime.InferenceSession.create(`${path}.onnx`, {
        graphOptimizationLevel: "disabled",
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
    });
    const input = new runtime.Tensor("float32", images, shape);
    const outputs = await session.run({ [session.inputNames[0]]: input });
    const logits = outputs[session.outputNames[0]];
    writeFileSync(`${path}.logits`, new Uint8Array(logits.data.buffer, logits.data.byteOffset, logits.data.byteLength));
    await session.release();
}
