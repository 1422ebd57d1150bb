#!/usr/bin/python3
"""Makes tests/golden/onnx/external/: the model residual17.onnx as the package onnx (1.12, Debian's
python3-onnx) writes it with its tensors in other files, once all in one, once a file a tensor.

    tests/golden/onnx_external.py
"""
import os
import shutil

import onnx

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "onnx", "external")
MODEL = os.path.join(HERE, "onnx", "residual17.onnx")


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(os.path.join(FOLDER, "many"))
    onnx.save_model(onnx.load(MODEL), os.path.join(FOLDER, "one.onnx"), save_as_external_data=True,
                    all_tensors_to_one_file=True, location="one.data", size_threshold=64)
    onnx.save_model(onnx.load(MODEL), os.path.join(FOLDER, "many", "model.onnx"),
                    save_as_external_data=True, all_tensors_to_one_file=False, size_threshold=1024)
    for folder, _, names in os.walk(FOLDER):
        for name in names:
            path = os.path.join(folder, name)
            print(f"{os.path.getsize(path):8d} {os.path.relpath(path, HERE)}")


if __name__ == "__main__":
    main()
