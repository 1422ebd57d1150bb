#!/usr/bin/python3
"""Makes tests/golden/rgal_step.safetensors: one whole synthesis step and one whole student step of
RGAL, by PyTorch (1.13) in float64, written from the method's description alone.

    tests/golden/rgal_step.py

Weights, latent vectors and images come from formula.py in float32; crops, flips, negatives and the
channel-distillation layers' first weights are drawn with Philox as common/base/random.h has it.
The script stops if a decision (argmax, range of distances, a draw) is too close to be the same in
float32.
    {synthesis,student}.{teacher,student}_bias      inputs: biases of the last layers
    synthesis.term.{batch_norm,one_hot,adversarial,triplet}, synthesis.total, synthesis.images
    synthesis.gradient.NAME, synthesis.after.NAME   generator tensors and z, after one Adam step
    student.term.{logits,triplet,channel_1..3}, student.total
    {synthesis,student}.features_triplet            the triplet term mined between features
    student.gradient.NAME, student.after.NAME       after one SGD step; statistics too
"""
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from formula import below, fill, philox, pixels, uniform, value, write  # noqa: E402
from models import normalise  # noqa: E402
from networks import ResNet, WideResNet, conv  # noqa: E402

N, H, W, CLASSES, LATENT, WIDTH, SEED = 12, 12, 8, 4, 12, 4, 2**33 + 5
STREAM_WEIGHTS, STREAM_AUGMENT, STREAM_TRIPLET = 1, 6, 7
STEP, PADDING, MARGIN = 3, 2, 0.2


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(LATENT, 2 * WIDTH * (H // 4) * (W // 4))
        self.bn1 = nn.BatchNorm2d(2 * WIDTH)
        self.conv1, self.bn2 = conv(2 * WIDTH, 2 * WIDTH, 3), nn.BatchNorm2d(2 * WIDTH)
        self.conv2, self.bn3 = conv(2 * WIDTH, WIDTH, 3), nn.BatchNorm2d(WIDTH)
        self.conv3 = conv(WIDTH, 3, 3, bias=True)

    def forward(self, z):
        def up(x):
            return F.interpolate(x, scale_factor=2, mode="nearest")
        x = self.bn1(self.linear(z).view(-1, 2 * WIDTH, H // 4, W // 4))
        x = F.leaky_relu(self.bn2(self.conv1(up(x))), 0.2)
        x = F.leaky_relu(self.bn3(self.conv2(up(x))), 0.2)
        return torch.sigmoid(self.conv3(x))


def crop_flip(x, views, step):
    """View v of image n is row v N + n; drawn by row."""
    n, c, h, w = x.shape
    words = philox(SEED, STREAM_AUGMENT, step, np.arange(n * views))
    dx, dy = below(words[:, 0], 2 * PADDING + 1), below(words[:, 1], 2 * PADDING + 1)
    flip, padded, rows = words[:, 2] >> np.uint64(31), F.pad(x, [PADDING] * 4), []
    for i in range(n * views):
        crop = padded[i % n, :, int(dy[i]):int(dy[i]) + h, int(dx[i]):int(dx[i]) + w]
        rows.append(crop.flip(2) if flip[i] else crop)
    assert len(set(zip(dx.tolist(), dy.tolist(), flip.tolist()))) > n // 2
    return torch.stack(rows)


def predict(logits):
    top = logits.topk(2, 1).values
    assert (top[:, 0] - top[:, 1]).min() > 1e-3, "an argmax is too close"
    return logits.argmax(1)


def mine(embeddings, labels, focal, step):
    """The triplets (a, p, n): every ordered pair of equal label, one drawn negative each."""
    with torch.no_grad():
        e = F.normalize(embeddings, dim=1, eps=1e-12)
        n, size = e.shape
        d = (e[:, None] - e[None]).norm(dim=2).clamp(min=1e-6)
        d = d if focal else d.clamp(min=0.5)
        lower, upper = (0.5, 1.0) if focal else (0.0, 1.4)
        off = ~torch.eye(n, dtype=torch.bool)
        other = labels[:, None] != labels[None]
        for bound in (lower, upper):
            assert ((d - bound).abs()[other & off]).min() > 1e-4, "a distance is too close"
        log_weight = (2 - size) * d.log() - (size - 3) / 2 * (1 - d * d / 4).log()
        w = torch.where(other & (d > lower) & (d < upper), log_weight.exp(), torch.zeros_like(d))
        empty = w.sum(1, keepdim=True) == 0
        w = torch.where(empty & other, torch.ones_like(w), w)
        u = torch.from_numpy(uniform(philox(SEED, STREAM_TRIPLET, step, np.arange(n * n))[:, 0]))
        u, triplets = u.view(n, n), []
        for a in range(n):
            cumulative = w[a].cumsum(0)
            for p in range(n):
                if a == p or labels[a] != labels[p] or cumulative[-1] == 0:
                    continue
                target = u[a, p] * cumulative[-1]
                near = (cumulative - target).abs()[w[a] > 0].min() / cumulative[-1]
                assert near > 1e-4, "a draw is too close"
                triplets.append((a, p, int((cumulative <= target).sum())))
        print(f"{len(triplets)} triplets, {int(empty.sum())} of {n} rows out of range")
        assert len(triplets) > n and int(empty.sum()) < n
        return torch.tensor(triplets).t()


def triplet_loss(features, triplets, swapped):
    f = F.normalize(features, dim=1, eps=1e-12)
    a, p, n = (f[i] for i in triplets)
    near, far = (n, p) if swapped else (p, n)
    losses = F.triplet_margin_loss(a, near, far, margin=MARGIN, reduction="none")
    print(f"{int((losses > 0).sum())} of {len(losses)} triplets have a loss")
    return losses.mean()


def divergence(teacher, student, temperature):
    """KL(teacher || student) a sample."""
    t, s = F.log_softmax(teacher / temperature, 1), F.log_softmax(student / temperature, 1)
    return (t.exp() * (t - s)).sum(1)


def networks():
    teacher = WideResNet(10, 1, 3, CLASSES, 8).double()
    student = ResNet([1] * 3, 4, 3, CLASSES, "B").double()
    fill("teacher", teacher)
    fill("student", student)
    with torch.no_grad():
        teacher.fc.weight *= 8
        student.linear.weight *= 8
    return teacher.eval(), student


def spread(layer, network, views, out, name):
    """Biases that make the network predict several classes; they stand in the file."""
    with torch.no_grad():
        bias = layer.bias - network(views)[0].mean(0)
        layer.bias.copy_(bias.float().double())
        out[name] = layer.bias.clone()


def synthesis(out):
    teacher, student = networks()
    student.eval()
    generator = Generator().double()
    fill("generator", generator)
    z = torch.from_numpy(np.float64(np.float32(2 * value("latent", N * LATENT)))).view(N, LATENT)
    z.requires_grad_()
    labels = torch.arange(N) * CLASSES // N
    inputs, handles = [], []
    for module in teacher.modules():
        if isinstance(module, nn.BatchNorm2d):
            handles.append(module.register_forward_hook(lambda m, i, o: inputs.append((m, i[0]))))
    images = generator.train()(z)
    views = normalise(crop_flip(images, 1, STEP))
    spread(teacher.fc, teacher, views, out, "synthesis.teacher_bias")
    spread(student.linear, student, views, out, "synthesis.student_bias")
    inputs.clear()
    (t, teacher_features, _), (s, _, taps) = teacher(views), student(views)
    predicted, agreed = predict(t), predict(t) == predict(s)
    print("predicted", torch.bincount(predicted, minlength=CLASSES).tolist(), "agreed",
          int(agreed.sum()))
    assert 0 < int(agreed.sum()) < N
    statistics = sum((u.var((0, 2, 3), unbiased=False) - m.running_var).norm() +
                     (u.mean((0, 2, 3)) - m.running_mean).norm() for m, u in inputs)
    triplets = mine(t, predicted, True, STEP)
    terms = {"batch_norm": statistics, "one_hot": F.cross_entropy(t, labels),
             "adversarial": (divergence(t, s, 1) * agreed).mean(),
             "triplet": sum(triplet_loss(tap.mean((2, 3)), triplets, True) for tap in taps[1:])}
    # Not the paper's weights: these give every term a say in the gradients.
    weights = {"batch_norm": 0.02, "one_hot": 0.1, "adversarial": -2, "triplet": 2}
    total = sum(weights[k] * terms[k] for k in terms)
    total.backward()
    parameters = dict(generator.named_parameters(), z=z)
    # A copy of the parameters, each moved by one step of Adam.
    torch.optim.Adam([{"params": generator.parameters(), "lr": 2e-3}, {"params": [z], "lr": 1e-2}],
                     betas=(0.5, 0.999), eps=1e-8).step()
    for name, term in terms.items():
        out["synthesis.term." + name] = term
    triplets = mine(teacher_features, predicted, True, STEP)
    out["synthesis.features_triplet"] = sum(
        triplet_loss(tap.mean((2, 3)), triplets, True) for tap in taps[1:])
    out["synthesis.total"], out["synthesis.images"] = total, images.permute(0, 2, 3, 1)
    for name, parameter in parameters.items():
        out["synthesis.gradient." + name] = parameter.grad
        out["synthesis.after." + name] = parameter
    for handle in handles:
        handle.remove()


def channel_layers(pairs):
    """Linear layers with PyTorch's default start, drawn by Philox: row r begins at r 2^40."""
    layers, row = [], 0
    for i, o in pairs:
        layer = nn.Linear(i, o).double()
        bound = np.float32(1) / np.sqrt(np.float32(i))
        with torch.no_grad():
            for tensor in (layer.weight, layer.bias):
                elements = (row << 40) + np.arange(tensor.numel())
                u = uniform(philox(SEED, STREAM_WEIGHTS, 1, elements)[:, 0]).astype(np.float32)
                drawn = -bound + (bound + bound) * u
                tensor.copy_(torch.from_numpy(drawn.astype(np.float64)).view(tensor.shape))
                row += 1
        layers.append(layer)
    return layers


def student_step(out):
    teacher, student = networks()
    student.train()
    views = normalise(crop_flip(pixels("images", N, H, W, 3), 2, 0))
    spread(teacher.fc, teacher, views, out, "student.teacher_bias")
    with torch.no_grad():
        t, _, teacher_taps = teacher(views)
    s, features, taps = student(views)
    print("predicted", torch.bincount(predict(t), minlength=CLASSES).tolist())
    triplets = mine(s, predict(t), False, 0)
    terms = {"logits": 20**2 * divergence(t, s, 20).mean(),
             "triplet": triplet_loss(features, triplets, False)}
    layers = channel_layers([(a.shape[1], b.shape[1]) for a, b in zip(taps, teacher_taps)])
    for i, layer in enumerate(layers):
        terms[f"channel_{i + 1}"] = F.mse_loss(layer(taps[i].mean((2, 3))),
                                               teacher_taps[i].mean((2, 3)))
    weights = {"logits": 0.1, "triplet": 10}
    total = sum(weights.get(k, 0.3) * terms[k] for k in terms)
    total.backward()
    torch.optim.SGD(student.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-2).step()
    for name, term in terms.items():
        out["student.term." + name] = term
    triplets = mine(features, predict(t), False, 0)
    out["student.features_triplet"] = triplet_loss(features, triplets, False)
    out["student.total"] = total
    for name, parameter in student.named_parameters():
        out["student.gradient." + name] = parameter.grad
    for name, tensor in student.state_dict().items():
        if "num_batches" not in name:
            out["student.after." + name] = tensor


def main():
    torch.manual_seed(0)
    out = {}
    synthesis(out)
    student_step(out)
    for name in sorted(out):
        if "term" in name or "total" in name:
            print(f"{name}: {float(out[name]):.6f}")
    write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "rgal_step.safetensors"), out)


if __name__ == "__main__":
    main()
