"""The networks of the yardstick: docs/models.md and docs/methods.md in PyTorch, written for speed.

A classifier returns logits, features and the outputs of its stages. Activations work in place where
nothing else reads their input.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


def convolution(inputs, outputs, kernel, stride=1, bias=False):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias)


class ResidualBlock(nn.Module):
    """Of a CIFAR ResNet; its shortcut (option A): every second pixel, and channels of zeros."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = convolution(inputs, outputs, 3, stride)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2, self.norm2 = convolution(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = self.norm2(self.conv2(y))
        if self.added > 0:
            before = self.added // 2
            x = F.pad(x[:, :, ::self.stride, ::self.stride],
                      (0, 0, 0, 0, before, self.added - before))
        return F.relu(y + x, inplace=True)


class WideBlock(nn.Module):
    """Of a Wide ResNet: batch norm and activation come before the convolutions."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), convolution(inputs, outputs, 3, stride)
        self.norm2, self.conv2 = nn.BatchNorm2d(outputs), convolution(outputs, outputs, 3)
        self.shortcut = convolution(inputs, outputs, 1, stride) if inputs != outputs else None

    def forward(self, x):
        activated = F.relu(self.norm1(x), inplace=True)
        y = self.conv1(activated)
        y = self.conv2(F.relu(self.norm2(y), inplace=True))
        return y.add_(x if self.shortcut is None else self.shortcut(activated))


class Classifier(nn.Module):
    """Three stages of `blocks` blocks; the second and third halve the sides, double the width."""

    def __init__(self, block, blocks, first, width, channels, classes):
        super().__init__()
        self.first, inputs, self.wide = convolution(channels, first, 3), first, block is WideBlock
        stages = []
        for stage in range(3):
            layers = []
            for number in range(blocks):
                stride = 2 if stage > 0 and number == 0 else 1
                layers.append(block(inputs, width << stage, stride))
                inputs = width << stage
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)
        self.norm = nn.BatchNorm2d(inputs if self.wide else first)
        self.last = nn.Linear(inputs, classes)

    def forward(self, x):
        x, outputs = self.first(x), []
        if not self.wide:
            x = F.relu(self.norm(x), inplace=True)
        for stage in self.stages:
            x = stage(x)
            outputs.append(x)
        if self.wide:
            x = F.relu(self.norm(x), inplace=True)
        features = x.mean((2, 3))
        return self.last(features), features, outputs


def resnet(depth, width, channels, classes=10):
    return Classifier(ResidualBlock, (depth - 2) // 6, width, width, channels, classes)


def wide_resnet(depth, widen, channels, classes=10):
    return Classifier(WideBlock, (depth - 4) // 6, 16, 16 * widen, channels, classes)


class Generator(nn.Module):
    def __init__(self, latent_size, width, side, channels):
        super().__init__()
        self.shape = (2 * width, side // 4, side // 4)
        self.linear = nn.Linear(latent_size, 2 * width * (side // 4) ** 2)
        self.norm1 = nn.BatchNorm2d(2 * width)
        self.conv1, self.norm2 = convolution(2 * width, 2 * width, 3), nn.BatchNorm2d(2 * width)
        self.conv2, self.norm3 = convolution(2 * width, width, 3), nn.BatchNorm2d(width)
        self.conv3 = convolution(width, channels, 3, bias=True)

    def forward(self, latent):
        x = self.norm1(self.linear(latent).unflatten(1, self.shape))
        x = self.norm2(self.conv1(F.interpolate(x, scale_factor=2.0)))
        x = F.leaky_relu(x, 0.2, inplace=True)
        x = self.norm3(self.conv2(F.interpolate(x, scale_factor=2.0)))
        x = F.leaky_relu(x, 0.2, inplace=True)
        return torch.sigmoid(self.conv3(x))
