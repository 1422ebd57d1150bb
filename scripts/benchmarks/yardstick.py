#!/usr/bin/python3
"""PyTorch's side of scripts/bench: answers requests, a line of JSON each, until its input ends.

    {"row": "wrn-student-step", "layout": "channels_last", "repeats": 3}
    -> {"seconds": [0.61, 0.6, 0.62]}

What was asked for last stays built, so that a row's rounds pay for its making once. Rows are those
of scripts/bench; layouts are nchw and channels_last. PyTorch's best: all cores, a malloc that keeps
freed memory (scripts/bench sets it), no gradients of frozen weights.
"""
import functools
import json
import os
import re
import sys
import time

import torch
import torch.nn.functional as F

from networks import resnet
from rgal import CLASSES, PAIRS, StudentStep, SynthesisStep, augment

SIDE = 32  # of the images that networks are trained and evaluated on
LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}
BATCH_SIZE, EVALUATED, EVALUATION_BATCH = 128, 1024, 256


class TrainingStep:
    """ResNet-20, supervised, as `retort bench train`."""

    def __init__(self, memory_format):
        self.memory_format = memory_format
        self.network = resnet(20, 16, 3).train().to(memory_format=memory_format)
        self.images = torch.rand(BATCH_SIZE, 3, SIDE, SIDE)
        self.labels = torch.arange(BATCH_SIZE) % CLASSES
        self.optimiser = torch.optim.SGD(self.network.parameters(), 0.1, 0.9, weight_decay=1e-4,
                                         foreach=True)

    def __call__(self):
        views = augment(self.images, 4).contiguous(memory_format=self.memory_format)
        loss = F.cross_entropy(self.network(views)[0], self.labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


class Evaluation:
    """ResNet-20 on 1,024 images, as `retort bench evaluate`."""

    def __init__(self, memory_format):
        self.memory_format = memory_format
        self.network = resnet(20, 16, 3).eval().to(memory_format=memory_format)
        self.images = torch.rand(EVALUATION_BATCH, 3, SIDE, SIDE)
        self.labels = torch.arange(EVALUATION_BATCH) % CLASSES

    @torch.inference_mode()
    def __call__(self):
        correct, loss = 0, 0.0
        for _ in range(EVALUATED // EVALUATION_BATCH):
            images = ((self.images - 0.5) * 4).contiguous(memory_format=self.memory_format)
            logits = self.network(images)[0]
            correct += (logits.argmax(1) == self.labels).sum().item()
            loss += F.cross_entropy(logits, self.labels, reduction="sum").item()


class Convolution:
    """One pass of 'conv2d NxHxW IN->OUT KxK/STRIDE [in GROUPS groups] PASS'."""

    def __init__(self, name, memory_format):
        numbers = [int(number) for number in re.findall(r"\d+", name.removeprefix("conv2d"))]
        n, h, w, inputs, outputs, kernel, _, stride, *rest = numbers
        groups = rest[0] if rest else 1
        arguments = (None, stride, kernel // 2, 1, groups)
        x = torch.randn(n, inputs, h, w).to(memory_format=memory_format)
        weight = torch.randn(outputs, inputs // groups, kernel, kernel)
        weight = weight.to(memory_format=memory_format)
        y_gradient = torch.randn_like(F.conv2d(x, weight, *arguments))

        def backward(*mask):
            return torch.ops.aten.convolution_backward(
                y_gradient, x, weight, None, [stride] * 2, [kernel // 2] * 2, [1, 1], False, [0, 0],
                groups, mask)

        passes = {"forward": lambda: F.conv2d(x, weight, *arguments),
                  "input gradient": lambda: backward(True, False, False),
                  "weight gradient": lambda: backward(False, True, False)}
        self.run = next(run for words, run in passes.items() if name.endswith(" " + words))

    def __call__(self):
        self.run()


def make(row, memory_format):
    if row.startswith("conv2d "):
        return Convolution(row, memory_format)
    if row == "resnet20-training-step":
        return TrainingStep(memory_format)
    if row == "resnet20-evaluation":
        return Evaluation(memory_format)
    pair, _, step = row.partition("-")
    return {"synthesis-step": SynthesisStep, "student-step": StudentStep}[step](PAIRS[pair],
                                                                             memory_format)


def measure(subject, repeats):
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        subject()
        seconds.append(time.perf_counter() - began)
    return seconds


@functools.lru_cache(maxsize=6)  # the three passes of a convolution in both layouts
def prepare(row, layout):
    subject = make(row, LAYOUTS[layout])
    measure(subject, 1)  # memory and kernels are set up
    return subject


def main():
    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    for line in sys.stdin:
        request = json.loads(line)
        seconds = measure(prepare(request["row"], request["layout"]), request["repeats"])
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
