#!/usr/bin/python3
"""Makes tests/golden/models.safetensors: what the model families compute, by PyTorch (1.13).

    tests/golden/models.py

The networks are written here from the papers, with the module names that their usual PyTorch
versions have. Weights, statistics and images come from formula.py in float32; all computing is in
float64. A case NAME gives, with the tests' own letters for its form,
    NAME.eval.logits, NAME.eval.features     [N,K], [N,F]
    NAME.eval.taps                           a tap each: sum over it of the sequence "tap" * value,
                                             numbered in NHWC order
    NAME.train.logits                        with the batch's statistics
    NAME.train.running                       sum over each statistic after that, times the sequence
                                             "running", in the order of state_dict
    NAME.shape.TENSOR                        the shape that state_dict gives TENSOR
"""
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from formula import fill, pixels, value, write  # noqa: E402


def conv(i, o, kernel, stride=1, bias=False):
    return nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=bias)


class Pad(nn.Module):
    """Option A: every second pixel, zeros for half of the new channels before and half after."""

    def __init__(self, added, stride):
        super().__init__()
        self.added, self.stride = added, stride

    def forward(self, x):
        x = x[:, :, ::self.stride, ::self.stride]
        before = self.added // 2
        return F.pad(x, (0, 0, 0, 0, before, self.added - before))


class BasicBlock(nn.Module):
    def __init__(self, i, o, stride, option):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 3, stride), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = conv(o, o, 3), nn.BatchNorm2d(o)
        self.shortcut = nn.Sequential()
        if (stride != 1 or i != o) and option == "A":
            self.shortcut = Pad(o - i, stride)
        elif stride != 1 or i != o:
            self.shortcut = nn.Sequential(conv(i, o, 1, stride), nn.BatchNorm2d(o))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    """CIFAR ResNets (three stages) and ResNet-18 (four)."""

    def __init__(self, blocks, width, channels, classes, option):
        super().__init__()
        self.conv1, self.bn1, i = conv(channels, width, 3), nn.BatchNorm2d(width), width
        self.count = len(blocks)
        for stage, count in enumerate(blocks):
            layers = []
            for b in range(count):
                layers.append(BasicBlock(i, width << stage, 2 if stage > 0 and b == 0 else 1, option))
                i = width << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.linear = nn.Linear(i, classes)

    def forward(self, x):
        x, taps = F.relu(self.bn1(self.conv1(x))), []
        for stage in range(self.count):
            x = getattr(self, f"layer{stage + 1}")(x)
            taps.append(x)
        features = x.mean((2, 3))
        return self.linear(features), features, taps


class WideBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), conv(i, o, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(o), conv(o, o, 3)
        self.convShortcut = nn.Conv2d(i, o, 1, stride, bias=False) if i != o else None

    def forward(self, x):
        activated = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        return y + (x if self.convShortcut is None else self.convShortcut(activated))


class Group(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.layer = nn.Sequential(*blocks)

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth, widen, channels, classes, width=16):
        super().__init__()
        n, i = (depth - 4) // 6, width
        self.conv1 = conv(channels, width, 3)
        for g in range(3):
            o, blocks = width * widen << g, []
            for b in range(n):
                blocks.append(WideBlock(i, o, 2 if g > 0 and b == 0 else 1))
                i = o
            setattr(self, f"block{g + 1}", Group(blocks))
        self.bn1, self.fc = nn.BatchNorm2d(i), nn.Linear(i, classes)

    def forward(self, x):
        x, taps = self.conv1(x), []
        for block in (self.block1, self.block2, self.block3):
            x = block(x)
            taps.append(x)
        features = F.relu(self.bn1(x)).mean((2, 3))
        return self.fc(features), features, taps


class Vgg(nn.Module):
    """A convolution a stage; 2x2 max pooling after each while both sides are above 1."""

    def __init__(self, counts, width, channels, classes):
        super().__init__()
        layers, i, self.ends = [], channels, []
        for stage, count in enumerate(counts):
            o = width << min(stage, 3)
            for _ in range(count):
                layers += [conv(i, o, 3, bias=True), nn.BatchNorm2d(o), nn.ReLU()]
                i = o
            layers.append(nn.MaxPool2d(2))
            self.ends.append(len(layers) - 1)
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(i, classes)

    def forward(self, x):
        taps = []
        for position, layer in enumerate(self.features):
            if position in self.ends:
                taps.append(x)
                if min(x.shape[2:]) == 1:
                    continue
            x = layer(x)
        features = x.mean((2, 3))
        return self.classifier(features), features, taps


# name: (network, N, H, W, channels)
def cases():
    yield "resnet8-a", ResNet([1] * 3, 16, 1, 10, "A"), 3, 12, 20, 1
    yield "resnet8-b", ResNet([1] * 3, 6, 3, 7, "B"), 3, 9, 13, 3
    yield "resnet20-a", ResNet([3] * 3, 16, 3, 10, "A"), 2, 16, 16, 3
    yield "resnet20-b", ResNet([3] * 3, 16, 3, 10, "B"), 2, 16, 16, 3
    yield "wrn-16-1", WideResNet(16, 1, 3, 10), 2, 16, 16, 3
    yield "wrn-10-2", WideResNet(10, 2, 1, 10, 8), 3, 13, 9, 1
    yield "resnet18", ResNet([2] * 4, 8, 3, 10, "B"), 2, 16, 16, 3
    yield "vgg8", Vgg([1] * 5, 8, 1, 10), 4, 20, 12, 1


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


def main():
    out = {}
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
        for key, tensor in state.items():
            out[f"{name}.shape.{key}"] = torch.tensor(tensor.shape, dtype=torch.float64)
        numbers = sum(p.numel() for p in network.parameters())
        print(f"{name}: {numbers} trained numbers, logits of {out[f'{name}.eval.logits'].std():.2f}")
    write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "models.safetensors"), out)


if __name__ == "__main__":
    main()
