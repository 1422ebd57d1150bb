#!/usr/bin/python3
"""Makes classifiers of the test models of ONNX itself (Debian's libonnx-testdata), as Retort can
take them, with what they must compute.

    tests/nn/onnx_conformance.py FOLDER

The first input becomes the image, the others become fixed numbers; where the operator takes all
inputs alike, a second classifier (NAME-all) has all of them in the image. An input that is no image
(1 to 4 channels, 4x4 pixels or more) is cut out of one. Flatten and a Gemm with the identity make
logits of the first output. Old operator sets are converted to 9. Models whose first input or output
is no batch of floats are left out. A case NAME gives NAME.onnx and NAME.bin: N, H, W, C and the
number of logits as 32-bit numbers, images [N,H,W,C], logits [N,K].
Exit code 77: there is no test data.
"""
import glob
import os
import struct
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper, version_converter

DATA = "/usr/share/libonnx-testdata/data"
LARGEST = 2048  # logits
LEAST_OPSET = 9
ALIKE = {"Add", "Sub", "Mul", "Div", "Concat", "Min", "Max", "Sum", "Mean"}


def read(path):
    tensor = onnx.TensorProto()
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return numpy_helper.to_array(tensor)


def is_batch(x):
    return (x.dtype == np.float32 and x.ndim >= 2 and x.size > 0 and x.shape[0] > 0
            and bool(np.isfinite(x).all()))


def floats(name, shape):
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


class Maker:
    """A classifier in the making: the nodes before those of the model, and the image's numbers."""

    def __init__(self, model):
        self.initializers = list(model.graph.initializer)
        self.nodes, self.numbers, self.place = [], [], 0

    def fixed(self, name, array):
        self.initializers.append(numpy_helper.from_array(array, "conformance_" + name))
        return "conformance_" + name

    def whole(self, name, *values):
        return self.fixed(name, np.array(values, np.int64))

    def cut(self, name, x):
        """The value `name` is the next x.size / N numbers of every image."""
        end = self.place + x[0].size
        bounds = [self.whole(f"{what}_{name}", value)
                  for what, value in (("first", self.place), ("end", end), ("axis", 1))]
        self.nodes.append(helper.make_node("Slice", ["conformance_pixels", *bounds],
                                           ["conformance_part_" + name]))
        self.nodes.append(helper.make_node(
            "Reshape", ["conformance_part_" + name, self.whole("shape_" + name, 0, *x.shape[1:])],
            [name]))
        self.numbers.append(x.reshape(x.shape[0], -1))
        self.place = end

    def image(self):
        """The image that the inputs are cut from."""
        x = np.concatenate(self.numbers, 1)
        width = max(4, -(-x.shape[1] // 4))
        x = np.pad(x, ((0, 0), (0, 4 * width - x.shape[1])))
        self.nodes.insert(0, helper.make_node("Flatten", ["conformance_image"],
                                              ["conformance_pixels"], axis=1))
        return x.reshape(x.shape[0], 1, 4, width)


def make(model, inputs, arrays, y, together):
    """The classifier and its images; `together`: all inputs are in them."""
    maker, x, name = Maker(model), arrays[0], inputs[0].name
    n, k = x.shape[0], y[0].size
    is_image = x.ndim == 4 and x.shape[1] <= 4 and min(x.shape[2:]) >= 4
    if together or not is_image:
        for i, array in list(zip(inputs, arrays))[:None if together else 1]:
            maker.cut(i.name, array)
        x, name = maker.image(), "conformance_image"
    if not together:
        for i, array in zip(inputs[1:], arrays[1:]):
            maker.initializers.append(numpy_helper.from_array(array, i.name))
    gemm = ["conformance_flat", maker.fixed("one", np.eye(k, dtype=np.float32)),
            maker.fixed("zero", np.zeros(k, np.float32))]
    nodes = [*maker.nodes, *model.graph.node,
             helper.make_node("Flatten", [model.graph.output[0].name], ["conformance_flat"], axis=1),
             helper.make_node("Gemm", gemm, ["conformance_logits"])]
    made = helper.make_graph(nodes, "conformance", [floats(name, x.shape)],
                             [floats("conformance_logits", [n, k])], maker.initializers)
    return helper.make_model(made, opset_imports=model.opset_import,
                             ir_version=max(model.ir_version, 4)), x


def write(folder, name, made, y):
    classifier, x = made
    onnx.save(classifier, os.path.join(folder, name + ".onnx"))
    n, c, h, w = x.shape
    with open(os.path.join(folder, name + ".bin"), "wb") as file:
        file.write(struct.pack("<5I", n, h, w, c, y[0].size))
        file.write(np.ascontiguousarray(x.transpose(0, 2, 3, 1)).tobytes())
        file.write(np.ascontiguousarray(y.reshape(n, -1)).tobytes())


def load(path):
    model = onnx.load(path)
    if all(s.version >= LEAST_OPSET for s in model.opset_import if s.domain in ("", "ai.onnx")):
        return model
    return version_converter.convert_version(model, LEAST_OPSET)


def convert(folder, path):
    name = "-".join(path.split(os.sep)[-3:-1])
    data = os.path.join(os.path.dirname(path), "test_data_set_0")
    count = len(glob.glob(os.path.join(data, "input_*.pb")))
    try:
        model = load(path)
        arrays = [read(os.path.join(data, f"input_{i}.pb")) for i in range(count)]
        y = read(os.path.join(data, "output_0.pb"))
    except Exception:  # sequences, optional values, strings: no tensors; sets that stay old
        return
    known = {i.name for i in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in known]
    if not inputs or len(inputs) != count or not is_batch(arrays[0]) or not is_batch(y):
        return
    n = arrays[0].shape[0]
    if y.shape[0] != n or not 2 <= y[0].size <= LARGEST:
        return
    write(folder, name, make(model, inputs, arrays, y, False), y)
    alike = all(node.op_type in ALIKE for node in model.graph.node)
    if count > 1 and alike and all(is_batch(a) and a.shape[0] == n for a in arrays):
        write(folder, name + "-all", make(model, inputs, arrays, y, True), y)


def main():
    paths = sorted(glob.glob(os.path.join(DATA, "*", "*", "model.onnx")))
    if not paths:
        sys.exit(77)
    for path in paths:
        convert(sys.argv[1], path)


if __name__ == "__main__":
    main()
