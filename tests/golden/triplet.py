#!/usr/bin/python3
"""Makes tests/golden/triplet.h: the triplet machinery's values by PyTorch (1.13).

    tests/golden/triplet.py > tests/golden/triplet.h

The loss and its gradients are torch.nn.functional.triplet_margin_loss itself. The miner's weights
are the formulas in float32, as the released method computes them (relative to the largest weight of
the whole row); the draws are inverse cumulative sums in float64 with the uniform numbers given.
"""
import torch
import torch.nn.functional as F

torch.manual_seed(5)
N, CLASSES, D = 13, 3, 10
COUNT_PER_LINE = 6


def emit(name, tensor):
    print(f"static const float {name}[] = {{")
    values = [f"{v:.9g}" for v in tensor.detach().double().flatten().tolist()]
    values = [v if any(c in v for c in ".en") else v + "." for v in values]
    for i in range(0, len(values), COUNT_PER_LINE):
        print("    " + " ".join(v + "f," for v in values[i:i + COUNT_PER_LINE]))
    print("};")


def distances(embeddings):
    e = F.normalize(embeddings, dim=1, eps=1e-12)
    square = (e * e).sum(1)
    d = (square[:, None] + square[None] - 2 * e @ e.t()).clamp(min=1e-12).sqrt()
    return torch.where(torch.eye(N, dtype=torch.bool), torch.ones(()), d)


def weights(d, labels, size, focal):
    if not focal:
        d = d.clamp(min=0.5)
    log_weight = (2 - size) * d.log() - (size - 3) / 2 * (1 - d * d / 4).log()
    w = (log_weight - log_weight.max(1, keepdim=True).values).exp()
    keep = labels[:, None] != labels[None]
    in_range = (d > 0.5) & (d < 1) if focal else d < 1.4
    w = w * (keep & in_range)
    empty = w.sum(1, keepdim=True) == 0
    w = torch.where(empty, keep.float(), w)
    return w / w.sum(1, keepdim=True)


def negatives(w, labels, u):
    cumulative = w.double().cumsum(1)
    cumulative = cumulative / cumulative[:, -1:]
    result = torch.full((N, N), -1.0)
    for a in range(N):
        for p in range(N):
            if a == p or labels[a] != labels[p]:
                continue
            while (cumulative[a] - u[a, p]).abs().min() < 1e-3:  # rounding must not decide
                u[a, p] = torch.rand(())
            result[a, p] = (cumulative[a] <= u[a, p]).sum()
    return result


def loss(features, chosen, swapped):
    triplets = [(a, p, int(chosen[a, p])) for a in range(N) for p in range(N) if chosen[a, p] >= 0]
    a, p, n = (torch.tensor(x) for x in zip(*triplets))
    if swapped:
        p, n = n, p
    x = features.clone().requires_grad_(True)
    unit = F.normalize(x, dim=1, eps=1e-12)
    value = F.triplet_margin_loss(unit[a], unit[p], unit[n], margin=0.2, p=2)
    value.backward()
    return value, x.grad


labels = torch.randint(0, CLASSES, (N,))
centres = torch.randn(CLASSES, D)
embeddings = 1.5 * torch.randn(1, D) + 0.5 * centres[labels] + 0.5 * torch.randn(N, D)
draws = torch.rand(N, N)
d = distances(embeddings)

print("/* Made by tests/golden/triplet.py with PyTorch; do not edit. */")
print("#ifndef RT_TESTS_GOLDEN_TRIPLET_H\n#define RT_TESTS_GOLDEN_TRIPLET_H\n")
print("/* clang-format off */")
print(f"enum {{ GOLDEN_N = {N}, GOLDEN_D = {D}, GOLDEN_FEATURES = 7 }};")
emit("golden_labels", labels)
emit("golden_embeddings", embeddings)
chosen = {}
for _ in range(3):  # a draw moved away from one's boundaries may have come close to the other's
    for name, focal in (("focal", True), ("distance", False)):
        chosen[name] = negatives(weights(d, labels, D, focal), labels, draws)
emit("golden_focal_weights", weights(d, labels, D, True))
emit("golden_distance_weights", weights(d, labels, D, False))
emit("golden_draws", draws)
emit("golden_focal_negatives", chosen["focal"])
emit("golden_distance_negatives", chosen["distance"])
features = torch.randn(1, 7) + 0.3 * torch.randn(N, 7)
emit("golden_features", features)
for name, swapped in (("released", False), ("paper", True)):
    value, gradient = loss(features, chosen["focal"], swapped)
    emit(f"golden_{name}_loss", value)
    emit(f"golden_{name}_gradient", gradient)
print("/* clang-format on */\n\n#endif")
