#!/usr/bin/python3
"""Makes tests/golden/onnx/*.onnx and tests/golden/onnx.safetensors: small networks that PyTorch
(1.13) exported, and what it computes with them.

    tests/golden/onnx_models.py [NAME...]      (all without names; with names the rest is kept)

Weights, statistics and images come from formula.py in float32; logits and gradients are computed in
float64. The images are normalised with MEAN and STD before the network unless it does that itself.
A case NAME gives
    NAME.logits      [N,K]
    NAME.gradient    [N,H,W,C]: of sum(logits * the sequence "weights.NAME") by the pixels
    NAME.size        N H W C
"""
import copy
import os
import sys
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from formula import fill, pixels, value, write  # noqa: E402

MEAN, STD = torch.tensor([0.45, 0.5, 0.55]), torch.tensor([0.2, 0.25, 0.3])


class Head(nn.Module):
    """The usual end: pooled, flattened, one linear layer."""

    def __init__(self, i, classes=5):
        super().__init__()
        self.fc = nn.Linear(i, classes)

    def forward(self, x):
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Residual(nn.Module):
    """A ResNet in small: a stem with pooling, a plain block, a block that halves the image."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8, eps=1e-3)
        self.conv3, self.bn3 = nn.Conv2d(8, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12)
        self.conv4, self.bn4 = nn.Conv2d(8, 12, 1, 2, bias=False), nn.BatchNorm2d(12)
        self.head = Head(12)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 1, 1)
        x = F.relu(self.bn2(self.conv2(x)) + x)
        x = F.relu(self.bn3(self.conv3(x)) + self.bn4(self.conv4(x)))
        return self.head(F.dropout(x, 0.5, self.training))


class Activations(nn.Module):
    """Every function on channels of its own."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 1, 1)
        self.layers = nn.ModuleList([
            nn.LeakyReLU(0.1), nn.PReLU(8), nn.PReLU(), nn.ReLU6(), nn.Hardswish(),
            nn.Hardsigmoid(), nn.Sigmoid(), nn.Tanh(), nn.ELU(0.7), nn.GELU(), nn.SiLU(),
            nn.Softplus(), nn.ReLU()])
        self.bn = nn.BatchNorm2d(8)
        self.head = Head(8)

    def forward(self, x):
        x = self.conv(x)
        y = sum(layer(0.8 * x - 0.1) for layer in self.layers)
        y = y + torch.exp(0.3 * x) + torch.sqrt(x.abs() + 1) - torch.log(2 + x.abs())
        y = y + (0.1 * x) ** 3 + 1 / (3 + x.abs()) + (1 - x) + x.clamp(min=-0.5) - (-x)
        return self.head(F.leaky_relu(self.bn(0.1 * y), 0.2))


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, (3, 5), 1, (1, 2))
        self.dilated = nn.Conv2d(8, 8, 3, 1, 2, dilation=2)
        self.long = nn.Conv2d(8, 8, 3, 3, 1)
        self.one_sided = nn.Conv2d(8, 8, 4)
        self.up = nn.ConvTranspose2d(8, 6, 3, 2, 1, output_padding=1)
        self.up2 = nn.ConvTranspose2d(6, 8, (4, 2), 2, groups=2, bias=False)
        self.head = Head(8)

    def forward(self, x):
        x = F.relu(self.dilated(F.relu(self.stem(x))))
        x = torch.tanh(self.one_sided(F.pad(self.long(x), (1, 2, 1, 2))))
        return self.head(torch.tanh(self.up2(torch.tanh(self.up(x)))))


class Groups(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 1, 1)
        self.groups = nn.Conv2d(8, 12, 3, 1, 1, groups=4)
        self.depthwise = nn.Conv2d(12, 12, 5, 2, 2, groups=12, bias=False)
        self.bn = nn.BatchNorm2d(12)
        self.head = Head(12)

    def forward(self, x):
        x = F.relu(self.groups(F.relu(self.stem(x))))
        return self.head(F.relu6(self.bn(self.depthwise(x))))


class Pools(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 1, 1)
        self.fc = nn.Linear(32, 5)

    def forward(self, x):
        x = torch.tanh(self.conv(x))
        a = F.max_pool2d(x, 3, 2, 1, ceil_mode=True)
        b = F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=True)
        c = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        d = F.max_pool2d(x, (3, 2), (2, 1))
        parts = [F.adaptive_avg_pool2d(a, 1).flatten(1), F.adaptive_max_pool2d(b, 1).flatten(1),
                 c.mean((2, 3)) + c.sum((2, 3)) / 9, d.mean(1, keepdim=True).mean((2, 3)) + d.mean((2, 3))]
        return self.fc(torch.cat(parts, 1))


def shuffle(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class ShuffleUnits(nn.Module):
    """ShuffleNetV2: one unit that halves the image, one that splits the channels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.left = nn.Conv2d(8, 8, 1)
        self.right = nn.Conv2d(8, 8, 3, 1, 1)
        self.branch = nn.Sequential(nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.head = Head(16)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = shuffle(torch.cat((self.left(x), self.right(x)), 1), 2)
        a, b = x.chunk(2, 1)
        x = shuffle(torch.cat((a, self.branch(b)), 1), 2)
        x = F.relu(shuffle(x, 4))
        return self.head(x)


class Dense(nn.Module):
    """DenseNet in small."""

    def __init__(self):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 6, 3, 1, 1, bias=False)
        for i in range(3):
            setattr(self, f"norm{i}", nn.BatchNorm2d(6 + 5 * i))
            setattr(self, f"conv{i + 1}", nn.Conv2d(6 + 5 * i, 5, 3, 1, 1, bias=False))
        self.norm3, self.transition = nn.BatchNorm2d(21), nn.Conv2d(21, 8, 1, bias=False)
        self.norm4, self.fc = nn.BatchNorm2d(8), nn.Linear(8, 5)

    def forward(self, x):
        x = self.conv0(x)
        for i in range(3):
            y = getattr(self, f"conv{i + 1}")(F.relu(getattr(self, f"norm{i}")(x)))
            x = torch.cat([x, y], 1)
        x = F.avg_pool2d(self.transition(F.relu(self.norm3(x))), 2, 2)
        x = F.relu(self.norm4(x)).mean((2, 3))
        return F.log_softmax(self.fc(x.view(x.size(0), -1)), 1)


class Movement(nn.Module):
    """Numbers moved in every way that ONNX has."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, 1, 1)
        self.conv2 = nn.Conv2d(9, 8, 3, 1)
        self.register_buffer("order", torch.tensor([3, 0, 5]))
        self.fc = nn.Linear(8 * 5 * 3, 5)

    def forward(self, x):
        x = torch.tanh(self.conv(x))                        # 6 x 6 x 4
        y = x.permute(0, 1, 3, 2)[:, :, 1:, ::2]            # 6 x 3 x 3
        y = y.index_select(1, self.order).unsqueeze(2).squeeze(2)
        z = F.pad(x[:, 2:5], (2, 1, 1, 1), mode="reflect")  # 3 x 8 x 7
        a, b, c = torch.split(x, [1, 2, 3], 1)
        w = torch.cat((a, b[:, 1:].expand(-1, 2, -1, -1)), 1)
        w = F.pad(torch.cat((w, c), 2), (0, 0, 0, 0, 0, 0))  # 3 x 12 x 4
        w = w.reshape(-1, 3, 6, 8)[:, :, :, 1:8]
        u = F.pad(y, (2, 2, 2, 2, 1, 0), value=0.0)[:, 1:, :, :]  # 3 x 7 x 7
        x = torch.cat((z[:, :, :7], u, F.pad(w, (0, 0, 0, 1), value=0.5)), 1)  # 9 x 7 x 7
        x = torch.sigmoid(self.conv2(x))[:, :, :, 1:4]      # 8 x 5 x 3
        return self.fc(x.flatten(1))


class OptionA(nn.Module):
    """A CIFAR ResNet's shortcut without weights, as it is usually written."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3, 1, 1), nn.Conv2d(8, 16, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        self.linear = nn.Linear(16, 5)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        y = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 4, 4), "constant", 0)
        x = F.relu(self.bn(self.conv2(x)) + y)
        x = F.avg_pool2d(x, int(x.size(3)))
        return self.linear(x.view(x.size(0), -1))


class Flattened(nn.Module):
    """An image flattened channel by channel into linear layers, as VGG's; 6 channels are padded."""

    def __init__(self):
        super().__init__()
        self.conv, self.conv2 = nn.Conv2d(1, 8, 3, 2, 1), nn.Conv2d(1, 6, 3, 2, 1)
        self.fc1, self.fc2 = nn.Linear(8 * 12, 16), nn.Linear(6 * 12, 16, bias=False)
        self.fc3 = nn.Linear(16, 5)

    def forward(self, x):
        a = torch.tanh(self.conv(x)).flatten(1)
        b = torch.tanh(self.conv2(x)).flatten(1)
        return F.softmax(self.fc3(F.relu(self.fc1(a)) + torch.tanh(self.fc2(b))), 1)


class Mixer(nn.Module):
    """Linear layers over tokens, layer norm in its parts, softmax in between."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.tokens, self.channels = nn.Linear(6, 6), nn.Linear(8, 8)
        self.gain = nn.Parameter(torch.zeros(8))
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)        # 6 tokens of 8
        y = x - x.mean(-1, keepdim=True)
        y = self.gain * y / torch.sqrt((y * y).mean(-1, keepdim=True) + 1e-5)
        x = x + F.gelu(self.tokens(y.transpose(1, 2))).transpose(1, 2)
        x = x + torch.softmax(self.channels(x), -1) * torch.softmax(x, 1)
        return self.fc(x.mean(1))


class Resizes(nn.Module):
    def __init__(self, corners):
        super().__init__()
        self.corners = corners
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.conv2 = nn.Conv2d(8, 8, 3, 2, 1)
        self.head = Head(8)

    def forward(self, x):
        x = torch.tanh(self.conv(x))
        y = F.interpolate(x, scale_factor=2, mode="nearest")
        if self.corners is not None:
            y = y + F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=self.corners)
            y = y + F.interpolate(x, size=(y.shape[2], y.shape[3]), mode="nearest")
        return self.head(torch.tanh(self.conv2(y)))


class Excitation(nn.Module):
    """Squeeze and excitation, instance norm, fixed tensors of all shapes."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, 1, 1), nn.InstanceNorm2d(8, affine=True)
        self.squeeze, self.excite = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.scale = nn.Parameter(torch.zeros(8, 1, 1))
        self.place = nn.Parameter(torch.zeros(1, 1, 6, 5))
        self.head = Head(8)

    def forward(self, x):
        x = self.norm(self.conv(x))
        s = F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))
        x = x * torch.sigmoid(self.excite(s)) + self.place
        x = x / (2 + x.mean(1, keepdim=True) ** 2)
        return self.head(self.scale * x + 2 - x)


class Normalised(nn.Module):
    """Normalises by itself."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", MEAN.view(1, 3, 1, 1).clone())
        self.register_buffer("std", STD.view(1, 3, 1, 1).clone())
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.head = Head(8)

    def forward(self, x):
        return self.head(F.relu(self.conv((x - self.mean) / self.std)))


# name: (network, opset, N, H, W, C, options)
KEEP = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
OPEN = {"dynamic_axes": {"image": {0: "N"}, "logits": {0: "N"}}}
CASES = {
    "residual9": (Residual(), 9, 3, 12, 16, 3, KEEP),
    "residual17": (Residual(), 17, 3, 12, 16, 3, {**KEEP, **OPEN}),
    "folded13": (Residual(), 13, 3, 12, 16, 3, OPEN),
    "activations9": (Activations(), 9, 2, 5, 6, 3, KEEP),
    "activations17": (Activations(), 17, 2, 5, 6, 3, {**KEEP, **OPEN}),
    "convolutions11": (Convolutions(), 11, 2, 12, 10, 3, {}),
    "groups13": (Groups(), 13, 2, 8, 6, 3, {**KEEP, **OPEN}),
    "pools11": (Pools(), 11, 2, 8, 10, 3, OPEN),
    "pools17": (Pools(), 17, 2, 8, 10, 3, OPEN),
    "shuffle9": (ShuffleUnits(), 9, 2, 8, 6, 3, KEEP),
    "shuffle13": (ShuffleUnits(), 13, 2, 8, 6, 3, {**KEEP, **OPEN}),
    "dense11": (Dense(), 11, 2, 8, 8, 3, {**KEEP, **OPEN}),
    "movement10": (Movement(), 10, 2, 6, 4, 3, {}),
    "movement17": (Movement(), 17, 2, 6, 4, 3, OPEN),
    "option_a10": (OptionA(), 10, 2, 8, 8, 3, KEEP),
    "option_a17": (OptionA(), 17, 2, 8, 8, 3, {**KEEP, **OPEN}),
    "flattened13": (Flattened(), 13, 2, 8, 6, 1, OPEN),
    "mixer13": (Mixer(), 13, 2, 8, 12, 3, OPEN),
    "resizes9": (Resizes(None), 9, 2, 6, 8, 3, {}),
    "resizes11": (Resizes(True), 11, 2, 6, 8, 3, OPEN),
    "resizes17": (Resizes(False), 17, 2, 6, 8, 3, OPEN),
    "excitation11": (Excitation(), 11, 2, 6, 5, 3, {}),
    "normalised17": (Normalised(), 17, 2, 8, 8, 3, OPEN),
}


def normalise(x):
    c = x.shape[1]
    shape = (1, c, 1, 1)
    return (x - MEAN[:c].double().view(shape)) / STD[:c].double().view(shape)


def compute(name, network, n, h, w, c, out):
    network = copy.deepcopy(network).double().eval()
    x = pixels("images." + name, n, h, w, c).requires_grad_()
    logits = network(x if name.startswith("normalised") else normalise(x))
    # Logits before the softmax that Retort leaves out, up to a constant that no loss sees.
    if name.startswith("flattened"):
        logits = torch.log(logits)
    if name.startswith(("flattened", "dense")):
        logits = logits - logits.mean(1, keepdim=True)
    weights = torch.from_numpy(value("weights." + name, logits.numel())).view_as(logits)
    (logits * weights).sum().backward()
    out[f"{name}.logits"] = logits
    out[f"{name}.gradient"] = x.grad.permute(0, 2, 3, 1).contiguous()
    out[f"{name}.size"] = torch.tensor([n, h, w, c], dtype=torch.float64)
    print(f"{name}: logits of {logits.std():.3f}, gradient of {x.grad.std():.4f}")


def main():
    torch.manual_seed(0)
    warnings.filterwarnings("ignore")
    out, folder = {}, os.path.join(HERE, "onnx")
    os.makedirs(folder, exist_ok=True)
    for name, (network, opset, n, h, w, c, options) in CASES.items():
        fill(name, network)
        compute(name, network, n, h, w, c, out)
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        path = os.path.join(folder, name + ".onnx")
        x = pixels("images." + name, n, h, w, c).float()
        torch.onnx.export(network.eval(), x, path, opset_version=opset, input_names=["image"],
                          output_names=["logits"], **options)
        print(f"    {os.path.getsize(path)} bytes")
    write(os.path.join(HERE, "onnx.safetensors"), out)


if __name__ == "__main__":
    main()
