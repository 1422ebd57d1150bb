"""The model families, written from their papers, with the module names that their usual PyTorch
versions have. A network returns logits, features and taps.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from formula import philox, uniform


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


def shortcut(i, o, stride, option):
    if stride == 1 and i == o:
        return nn.Sequential()
    if option == "A":
        return Pad(o - i, stride)
    return nn.Sequential(conv(i, o, 1, stride), nn.BatchNorm2d(o))


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, i, width, stride, option):
        super().__init__()
        self.conv1, self.bn1 = conv(i, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm2d(width)
        self.shortcut = shortcut(i, width, stride, option)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, i, width, stride, option):
        super().__init__()
        o = self.expansion * width
        self.conv1, self.bn1 = conv(i, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, o, 1), nn.BatchNorm2d(o)
        self.shortcut = shortcut(i, o, stride, option)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))
        return F.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    """CIFAR ResNets (three stages) and ResNet-18 to -152 (four)."""

    def __init__(self, blocks, width, channels, classes, option, block=BasicBlock, large=False):
        super().__init__()
        self.conv1 = conv(channels, width, 7, 2) if large else conv(channels, width, 3)
        self.bn1, i = nn.BatchNorm2d(width), width
        self.count, self.large = len(blocks), large
        for stage, count in enumerate(blocks):
            layers = []
            for b in range(count):
                layers.append(block(i, width << stage, 2 if stage > 0 and b == 0 else 1, option))
                i = (width << stage) * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.linear = nn.Linear(i, classes)

    def forward(self, x):
        x, taps = F.relu(self.bn1(self.conv1(x))), []
        if self.large:
            x = F.max_pool2d(x, 3, 2, 1)
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


DROPOUT_STREAM = 11  # RT_STREAM_DROPOUT of common/base/random.h


class Dropout(nn.Module):
    """Dropout of a matrix with the draws of common/ops/dropout.h at seed 0 and step 0."""

    def __init__(self, probability, layer):
        super().__init__()
        self.probability, self.layer = probability, layer

    def forward(self, x):
        if not self.training:
            return x
        assert x.shape[1] % 4 == 0  # or numbers and draws are not side by side
        words = philox(0, DROPOUT_STREAM + 256 * self.layer, 0, range(x.numel() // 4))
        kept = torch.from_numpy(uniform(words).reshape(x.shape) >= self.probability)
        return torch.where(kept, x / (1 - self.probability), torch.zeros_like(x))


class Vgg(nn.Module):
    """Convolutions in stages; 2x2 max pooling after each while both sides are above 1. Large: for
    maps of 7x7 pixels, three linear layers."""

    def __init__(self, counts, width, channels, classes, large=False):
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
        self.classifier, self.large, hidden = nn.Linear(i, classes), large, 64 * width
        if large:
            self.classifier = nn.Sequential(
                nn.Linear(49 * i, hidden), nn.ReLU(), Dropout(0.5, 0),
                nn.Linear(hidden, hidden), nn.ReLU(), Dropout(0.5, 1), nn.Linear(hidden, classes))

    def forward(self, x):
        taps = []
        for position, layer in enumerate(self.features):
            if position in self.ends:
                taps.append(x)
                if min(x.shape[2:]) == 1:
                    continue
            x = layer(x)
        if self.large:
            assert x.shape[2:] == (7, 7)
            features = self.classifier[:5](x.flatten(1))
            return self.classifier[5:](features), features, taps
        features = x.mean((2, 3))
        return self.classifier(features), features, taps


def norm_conv6(i, o, kernel, stride=1, groups=1):
    """Of MobileNetV2: "0" convolution, "1" batch norm, ReLU6."""
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(o), nn.ReLU6())


class InvertedResidual(nn.Module):
    def __init__(self, i, o, stride, expansion):
        super().__init__()
        inner = i * expansion
        layers = [norm_conv6(i, inner, 1)] if expansion != 1 else []
        layers += [norm_conv6(inner, inner, 3, stride, inner), conv(inner, o, 1), nn.BatchNorm2d(o)]
        self.conv, self.adds = nn.Sequential(*layers), stride == 1 and i == o

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileNetV2(nn.Module):
    """Table 2 of the paper; widths are rounded to multiples of 8, never down by a tenth."""

    def __init__(self, width, channels, classes, large=False):
        super().__init__()

        def scaled(c):
            whole = max(8, int(c * width / 32 + 4) // 8 * 8)
            return whole + 8 if whole < 0.9 * c * width / 32 else whole

        i, self.tapped = scaled(32), []
        layers = [norm_conv6(channels, i, 3, 2 if large else 1)]
        for expansion, c, count, stride, tapped in (
                (1, 16, 1, 1, 0), (6, 24, 2, 2 if large else 1, 1), (6, 32, 3, 2, 1),
                (6, 64, 4, 2, 0), (6, 96, 3, 1, 1), (6, 160, 3, 2, 0), (6, 320, 1, 1, 1)):
            for b in range(count):
                layers.append(InvertedResidual(i, scaled(c), stride if b == 0 else 1, expansion))
                i = scaled(c)
            if tapped:
                self.tapped.append(len(layers) - 1)
        last = max(1280, scaled(1280))
        layers.append(norm_conv6(i, last, 1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(Dropout(0.2, 0), nn.Linear(last, classes))

    def forward(self, x):
        taps = []
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position in self.tapped:
                taps.append(x)
        features = x.mean((2, 3))
        return self.classifier(features), features, taps


class Shuffle(nn.Module):
    """A unit of ShuffleNetV2."""

    def __init__(self, i, o, stride):
        super().__init__()
        half = o // 2

        def depthwise(c):
            return [nn.Conv2d(c, c, 3, stride, 1, groups=c, bias=False), nn.BatchNorm2d(c)]

        def pointwise(c):
            return [conv(c, half, 1), nn.BatchNorm2d(half), nn.ReLU()]

        self.stride = stride
        self.branch1 = nn.Sequential(*(depthwise(i) + pointwise(i) if stride == 2 else []))
        self.branch2 = nn.Sequential(
            *pointwise(i if stride == 2 else half), *depthwise(half), *pointwise(half))

    def forward(self, x):
        left, right = (x, x) if self.stride == 2 else x.chunk(2, 1)
        x = torch.cat((self.branch1(left), self.branch2(right)), 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class ShuffleNetV2(nn.Module):
    def __init__(self, width, last, channels, classes, large=False):
        super().__init__()
        i, self.large = 24, large
        self.conv1 = nn.Sequential(
            conv(channels, i, 3, 2 if large else 1), nn.BatchNorm2d(i), nn.ReLU())
        for stage, count in enumerate((4, 8, 4)):
            units = []
            for b in range(count):
                units.append(Shuffle(i, width << stage, 2 if b == 0 else 1))
                i = width << stage
            setattr(self, f"stage{stage + 2}", nn.Sequential(*units))
        self.conv5 = nn.Sequential(conv(i, last, 1), nn.BatchNorm2d(last), nn.ReLU())
        self.fc = nn.Linear(last, classes)

    def forward(self, x):
        x, taps = self.conv1(x), []
        if self.large:
            x = F.max_pool2d(x, 3, 2, 1)
        for stage in (self.stage2, self.stage3, self.stage4):
            x = stage(x)
            taps.append(x)
        features = self.conv5(x).mean((2, 3))
        return self.fc(features), features, taps


class DenseLayer(nn.Module):
    """For small images; new channels first."""

    def __init__(self, i, growth):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), conv(i, 4 * growth, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(4 * growth), conv(4 * growth, growth, 3)

    def forward(self, x):
        y = self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        return torch.cat((y, x), 1)


class Transition(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.bn, self.conv = nn.BatchNorm2d(i), conv(i, o, 1)

    def forward(self, x):
        return F.avg_pool2d(self.conv(F.relu(self.bn(x))), 2)


class DenseNetBC(nn.Module):
    """The form for small images: conv1, dense1, trans1, ..., bn, linear."""

    def __init__(self, counts, growth, channels, classes):
        super().__init__()
        i, self.count = 2 * growth, len(counts)
        self.conv1 = conv(channels, i, 3)
        for block, count in enumerate(counts, 1):
            layers = []
            for _ in range(count):
                layers.append(DenseLayer(i, growth))
                i += growth
            setattr(self, f"dense{block}", nn.Sequential(*layers))
            if block < self.count:
                setattr(self, f"trans{block}", Transition(i, i // 2))
                i //= 2
        self.bn, self.linear = nn.BatchNorm2d(i), nn.Linear(i, classes)

    def forward(self, x):
        x, taps = self.conv1(x), []
        for block in range(1, self.count + 1):
            x = getattr(self, f"dense{block}")(x)
            taps.append(x)
            if block < self.count:
                x = getattr(self, f"trans{block}")(x)
        features = F.relu(self.bn(x)).mean((2, 3))
        return self.linear(features), features, taps


def rename(module, names):
    """The module's children under other names, in the same order."""
    children = dict(module.named_children())
    for name in children:
        delattr(module, name)
    for name, child in children.items():
        setattr(module, names.get(name, name), child)
    return module


class DenseNet(nn.Module):
    """The form of four blocks: features.conv0, features.denseblock1.denselayer1.norm1, ...; new
    channels last."""

    def __init__(self, counts, growth, channels, classes, large=False):
        super().__init__()
        i, f, self.count, self.large = 2 * growth, nn.Module(), len(counts), large
        f.conv0 = conv(channels, i, 7, 2) if large else conv(channels, i, 3)
        f.norm0 = nn.BatchNorm2d(i)
        for block, count in enumerate(counts, 1):
            layers = nn.Module()
            for layer in range(1, count + 1):
                child = rename(DenseLayer(i, growth), {"bn1": "norm1", "bn2": "norm2"})
                layers.add_module(f"denselayer{layer}", child)
                i += growth
            f.add_module(f"denseblock{block}", layers)
            if block < self.count:
                f.add_module(f"transition{block}",
                             rename(Transition(i, i // 2), {"bn": "norm"}))
                i //= 2
        f.norm5 = nn.BatchNorm2d(i)
        self.features, self.classifier = f, nn.Linear(i, classes)

    def forward(self, x):
        f, taps = self.features, []
        x = F.relu(f.norm0(f.conv0(x)))
        if self.large:
            x = F.max_pool2d(x, 3, 2, 1)
        for block in range(1, self.count + 1):
            for layer in getattr(f, f"denseblock{block}").children():
                y = layer.conv1(F.relu(layer.norm1(x)))
                x = torch.cat((x, layer.conv2(F.relu(layer.norm2(y)))), 1)
            taps.append(x)
            if block < self.count:
                t = getattr(f, f"transition{block}")
                x = F.avg_pool2d(t.conv(F.relu(t.norm(x))), 2)
        features = F.relu(f.norm5(x)).mean((2, 3))
        return self.classifier(features), features, taps
