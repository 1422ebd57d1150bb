#!/usr/bin/python3
"""Makes tests/golden/models.safetensors: what the model families compute, by PyTorch (1.13).

    tests/golden/models.py

The networks are those of networks.py. Weights, statistics and images come from formula.py in
float32; all computing is in float64. A case NAME gives, with the tests' own letters for its form,
    NAME.eval.logits, NAME.eval.features     [N,K], [N,F]
    NAME.eval.taps                           a tap each: sum over it of the sequence "tap" * value,
                                             numbered in NHWC order
    NAME.train.logits                        with the batch's statistics
    NAME.train.running                       sum over each statistic after that, times the sequence
                                             "running", in the order of state_dict
and in the metadata
    NAME                                     the tensors of state_dict, by modules:
                                             ";MODULE,weight SIZE SIZE ...,bias SIZE;MODULE..."
"""
import os
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from formula import fill, pixels, value, write  # noqa: E402
from networks import (Bottleneck, DenseNet, DenseNetBC, MobileNetV2, ResNet,  # noqa: E402
                      ShuffleNetV2, Vgg, WideResNet)


# name: (network, N, H, W, channels)
def cases():
    yield "resnet8-a", ResNet([1] * 3, 16, 1, 10, "A"), 3, 12, 20, 1
    yield "resnet8-b", ResNet([1] * 3, 6, 3, 7, "B"), 3, 9, 13, 3
    yield "resnet20-a", ResNet([3] * 3, 16, 3, 10, "A"), 2, 16, 16, 3
    yield "resnet20-b", ResNet([3] * 3, 16, 3, 10, "B"), 2, 16, 16, 3
    yield "wrn-16-1", WideResNet(16, 1, 3, 10), 2, 16, 16, 3
    yield "wrn-10-2", WideResNet(10, 2, 1, 10, 8), 3, 13, 9, 1
    yield "resnet18", ResNet([2] * 4, 8, 3, 10, "B"), 2, 16, 16, 3
    yield "resnet18-large", ResNet([2] * 4, 4, 3, 10, "B", large=True), 2, 35, 64, 3
    yield "resnet50", ResNet([3, 4, 6, 3], 4, 3, 10, "B", Bottleneck), 2, 16, 16, 3
    yield "vgg8", Vgg([1] * 5, 8, 1, 10), 4, 20, 12, 1
    yield "vgg11-large", Vgg([1, 1, 2, 2, 2], 2, 3, 10, True), 2, 224, 224, 3
    yield "mobilenetv2", MobileNetV2(8, 3, 10), 2, 16, 16, 3
    yield "mobilenetv2-large", MobileNetV2(24, 1, 10, True), 2, 33, 64, 1
    yield "shufflenetv2", ShuffleNetV2(12, 1024, 3, 10), 2, 16, 16, 3
    yield "shufflenetv2-large", ShuffleNetV2(116, 1024, 3, 10, True), 2, 64, 33, 3
    yield "densenet-bc", DenseNetBC([3] * 3, 6, 3, 10), 2, 16, 16, 3
    yield "densenet121", DenseNet([6, 12, 24, 16], 4, 3, 10), 2, 16, 16, 3


MEAN, STD = torch.tensor([0.45, 0.5, 0.55]), torch.tensor([0.2, 0.25, 0.3])


def normalise(x):
    c = x.shape[1]
    shape = (1, c, 1, 1)
    return (x - MEAN[:c].double().view(shape)) / STD[:c].double().view(shape)


def weighted(name, tensor):
    """The tensor's numbers times those of the sequence, summed; images in NHWC order."""
    if tensor.dim() == 4:
        tensor = tensor.permute(0, 2, 3, 1)
    flat = tensor.reshape(-1)
    return (flat * torch.from_numpy(value(name, flat.numel()))).sum()


def list_tensors(state):
    text, last = "", None
    for key, tensor in state.items():
        module, field = key.rsplit(".", 1)
        text += (f";{module}" if module != last else "") + f",{field}"
        text += "".join(f" {size}" for size in tensor.shape)
        last = module
    return text


def main():
    out, tensors = {}, {}
    for name, network, n, h, w, c in cases():
        network = network.double()
        fill(name, network)
        x = normalise(pixels("images." + name, n, h, w, c))
        with torch.no_grad():
            network.eval()
            logits, features, taps = network(x)
            out[f"{name}.eval.logits"], out[f"{name}.eval.features"] = logits, features
            out[f"{name}.eval.taps"] = torch.stack([weighted("tap", t) for t in taps])
            network.train()
            out[f"{name}.train.logits"] = network(x)[0]
        state = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
        out[f"{name}.train.running"] = torch.stack(
            [weighted("running", v) for k, v in state.items() if "running" in k])
        tensors[name] = list_tensors(state)
        numbers = sum(p.numel() for p in network.parameters())
        print(f"{name}: {numbers} trained numbers, logits of {out[f'{name}.eval.logits'].std():.2f}")
    write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "models.safetensors"), out,
          tensors)


if __name__ == "__main__":
    main()
