#!/usr/bin/python3
"""Makes tests/golden/checkpoints/: what PyTorch (1.13) saves, in all the forms that people have, and
the logits that each network has for the same images.

    tests/golden/checkpoints.py

The networks are those of models.py, under the names of other programs; weights and images are those
of formula.py. logits.safetensors has a tensor NAME [2,10] for each file NAME.pth: computed in
float64 from the weights as the file has them.
"""
import os
import re
import sys
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from formula import fill, pixels, write  # noqa: E402
from models import ResNet, Vgg, WideResNet, conv, normalise  # noqa: E402

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoints")


def resnet(option, channels=3):
    return ResNet([1] * 3, 4, channels, 10, option)


class RawBlock(nn.Module):
    """A block of the Wide ResNets whose shortcut reads the raw input."""

    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), conv(i, o, 3, bias=True)
        self.bn2, self.conv2 = nn.BatchNorm2d(o), conv(o, o, 3, stride, bias=True)
        self.shortcut = nn.Sequential()
        if stride != 1 or i != o:
            self.shortcut = nn.Sequential(nn.Conv2d(i, o, 1, stride))

    def forward(self, x):
        y = self.conv1(F.relu(self.bn1(x)))
        return self.conv2(F.relu(self.bn2(y))) + self.shortcut(x)


class RawWideResNet(nn.Module):
    def __init__(self, depth, widen, width, classes):
        super().__init__()
        i = width
        self.conv1 = conv(3, width, 3, bias=True)
        for stage in range(3):
            o, blocks = width * widen << stage, []
            for b in range((depth - 4) // 6):
                blocks.append(RawBlock(i, o, 2 if stage > 0 and b == 0 else 1))
                i = o
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.bn1, self.linear = nn.BatchNorm2d(i), nn.Linear(i, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return [self.linear(F.relu(self.bn1(x)).mean((2, 3)))]


def renamed(state, rules):
    """The state_dict with the first rule that fits applied to each name."""
    out = OrderedDict()
    for name, tensor in state.items():
        for pattern, replacement in rules:
            new, count = re.subn("^" + pattern, replacement, name)
            if count:
                name = new
                break
        out[name] = tensor
    return out


TORCHVISION = [(r"linear\.", "fc."), (r"(layer\d\.\d)\.shortcut", r"\1.downsample")]
BRANCHES = [(r"conv1\.", "conv1.0."), (r"bn1\.", "conv1.1."), (r"linear\.", "fc.")] + [
    (r"layer(\d)\.(\d)\." + ours,
     lambda m, theirs=theirs: f"conv{int(m[1]) + 1}_x.{m[2]}.{theirs}")
    for ours, theirs in [(r"conv1\.", "residual_function.0."), (r"bn1\.", "residual_function.1."),
                         (r"conv2\.", "residual_function.3."), (r"bn2\.", "residual_function.4."),
                         (r"shortcut\.", "shortcut.")]]


def train(network):
    """A step, so that the optimizer has a state to save."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    network(torch.ones(2, 3, 8, 8))[0].sum().backward()
    optimizer.step()
    return optimizer.state_dict()


# name: network, type, what is saved of its state_dict, further arguments of torch.save
def cases():
    yield "plain", resnet("A"), torch.float32, lambda s: s, {}
    optimizer = train(ResNet([1] * 3, 1, 3, 2, "A"))
    yield "legacy", resnet("A"), torch.float32, lambda s: {
        "epoch": 12, "arch": "resnet8", "state_dict": s, "best_prec1": torch.tensor(91.5),
        "optimizer": optimizer, "history": [1.5, None, (1, 2 ** 70)],
    }, {"_use_new_zipfile_serialization": False}
    yield "half", resnet("B"), torch.float16, lambda s: {"net": s, "acc": 93.0}, {}
    yield "bfloat16", WideResNet(10, 1, 3, 10, 4), torch.bfloat16, lambda s: {"model": s}, {}
    yield "double", resnet("A", 1), torch.float64, lambda s: s, {"pickle_protocol": 4}
    yield "parallel", resnet("B"), torch.float32, lambda s: {
        "state_dict": OrderedDict(("module." + k, v) for k, v in renamed(s, TORCHVISION).items()),
    }, {}
    # Views that are not contiguous: transposed memory, one storage for all, parameters.
    yield "strided", resnet("B"), torch.float32, lambda s: strided(renamed(s, BRANCHES)), {}
    yield "raw", RawWideResNet(10, 2, 2, 10), torch.float32, lambda s: s, {}
    yield "vgg8", Vgg([1] * 5, 4, 3, 10), torch.float16, lambda s: s, {}


def strided(state):
    out, numbers = OrderedDict(), [v for v in state.values() if v.dtype == torch.float32]
    shared = torch.cat([v.reshape(-1) for v in numbers])
    at = 0
    for name, tensor in state.items():
        if tensor.dtype == torch.float32:
            view = shared[at:at + tensor.numel()].view(tensor.shape)
            at += tensor.numel()
            if tensor.dim() == 4:
                view = tensor.contiguous(memory_format=torch.channels_last)
            if tensor.dim() == 2:
                view = nn.Parameter(tensor.t().contiguous().t())
            tensor = view
        out[name] = tensor
    return out


def main():
    logits = {}
    os.makedirs(FOLDER, exist_ok=True)
    for name, network, dtype, wrap, arguments in cases():
        fill("checkpoints." + name, network)
        state = OrderedDict((k, v.to(dtype) if v.is_floating_point() else v)
                            for k, v in network.state_dict().items())
        torch.save(wrap(state), os.path.join(FOLDER, name + ".pth"), **arguments)
        network = network.double().eval()
        network.load_state_dict({k: v.double() for k, v in state.items()})
        channels = next(iter(network.parameters())).shape[1]
        with torch.no_grad():
            logits[name] = network(normalise(pixels("images.checkpoints", 2, 12, 16, channels)))[0]
        print(f"{name}: {os.path.getsize(os.path.join(FOLDER, name + '.pth'))} bytes")
    write(os.path.join(FOLDER, "logits.safetensors"), logits)


if __name__ == "__main__":
    main()
