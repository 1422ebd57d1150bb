"""RGAL's two steps in PyTorch, for the yardstick: the work of Retort's steps by the formulas of
docs/methods.md, each term in the form that PyTorch computes fastest on a CPU.
"""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from networks import Generator, resnet, wide_resnet

CLASSES, MARGIN = 10, 0.2


@dataclass
class Pair:
    """What of a run's config decides how much work a step is."""
    teacher: object
    student: object
    channels: int
    side: int
    batch_size: int
    latent_size: int
    generator_width: int
    padding: int
    channel_weight: float  # of the student's loss; a term of weight 0 is not computed
    triplet_weight: float


PAIRS = {
    # configs/cifar10/rgal-wrn-40-2-wrn-16-1.yaml with batches of 128 and one view
    "wrn": Pair(lambda: wide_resnet(40, 2, 3), lambda: wide_resnet(16, 1, 3), 3, 32, 128, 256, 64,
                4, 0.1, 0.1),
    # configs/fashion-mnist/demo.yaml
    "demo": Pair(lambda: resnet(8, 16, 1), lambda: resnet(8, 8, 1), 1, 28, 128, 128, 16, 2, 0, 0),
}


def augment(images, padding):
    """Random crop after zero padding, random flip, normalisation: one gather, whose gradient is one
    scatter. Slices of each image take several times longer."""
    n, channels, h, w = images.shape
    rows = torch.arange(h) + torch.randint(0, 2 * padding + 1, (n, 1))
    columns = torch.arange(w) + torch.randint(0, 2 * padding + 1, (n, 1))
    columns = torch.where(torch.rand(n, 1) < 0.5, columns.flip(1), columns)
    pixels = rows[:, :, None] * (w + 2 * padding) + columns[:, None, :]
    pixels = pixels.view(n, 1, h * w).expand(n, channels, h * w)
    views = F.pad(images, (padding,) * 4).flatten(2).gather(2, pixels).view(n, channels, h, w)
    return (views - 0.5) * 4


def divergence(teacher, student, temperature):
    """T^2 KL(teacher || student) of each sample."""
    return temperature ** 2 * F.kl_div(F.log_softmax(student / temperature, 1),
                                       F.log_softmax(teacher / temperature, 1),
                                       reduction="none", log_target=True).sum(1)


def distances(vectors):
    vectors = F.normalize(vectors)
    return (2 - 2 * vectors @ vectors.t()).clamp(min=1e-12).sqrt()


@torch.no_grad()
def mine(embeddings, labels, lower, upper, floor):
    """[N,N] each: the positives of every anchor as a mask, and a negative drawn for every pair."""
    size = embeddings.shape[1]
    d = distances(embeddings).fill_diagonal_(1).clamp(min=floor)
    log_weights = (2 - size) * d.log() - (size - 3) / 2 * (1 - d.clamp(max=1.999) ** 2 / 4).log()
    same = labels[:, None] == labels
    wanted = ~same & (d > lower) & (d < upper)
    log_weights = log_weights.masked_fill(~wanted, -torch.inf)
    empty = ~wanted.any(1, keepdim=True)
    log_weights = log_weights.masked_fill(empty & ~same, 0)  # any negative will do
    sums = log_weights.softmax(1).nan_to_num_(0).cumsum(1)
    draws = torch.searchsorted(sums, torch.rand_like(sums) * sums[:, -1:], right=True)
    return same.fill_diagonal_(False) & (sums[:, -1:] > 0), draws.clamp_(max=len(labels) - 1)


def triplet_loss(features, mined, swapped):
    """Mean over the triplets; distances of all pairs cost less than three lists of vectors."""
    positives, negatives = mined
    d = distances(features)
    difference = (d - d.gather(1, negatives)) * (-1 if swapped else 1)
    losses = F.relu(difference + MARGIN) * positives
    return losses.sum() / positives.sum().clamp(min=1)


def statistics_loss(module, x):
    """Batch norm statistics against the layer's. Means over pixels first, then over the batch:
    several times faster than mean and var over both."""
    mean, square = x.mean((2, 3)).mean(0), x.square().mean((2, 3)).mean(0)
    return (mean - module.running_mean).norm() + (square - mean ** 2 - module.running_var).norm()


class SynthesisStep:
    def __init__(self, pair, memory_format):
        self.pair, self.memory_format, self.statistics = pair, memory_format, []
        self.teacher = pair.teacher().eval().requires_grad_(False).to(memory_format=memory_format)
        self.student = pair.student().eval().requires_grad_(False).to(memory_format=memory_format)
        self.generator = Generator(pair.latent_size, pair.generator_width, pair.side, pair.channels)
        self.generator.to(memory_format=memory_format)
        self.latent = torch.randn(pair.batch_size, pair.latent_size, requires_grad=True)
        self.labels = torch.randint(0, CLASSES, (pair.batch_size,)).sort().values
        self.optimiser = torch.optim.Adam([{"params": self.generator.parameters(), "lr": 1e-3},
                                           {"params": [self.latent], "lr": 1e-2}],
                                          betas=(0.5, 0.999), foreach=True)
        self.best_loss, self.best = torch.inf, None
        for module in self.teacher.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.register_forward_pre_hook(self.watch)

    def watch(self, module, inputs):
        self.statistics.append(statistics_loss(module, inputs[0]))

    def __call__(self):
        self.statistics.clear()
        images = self.generator(self.latent)
        views = augment(images, self.pair.padding).contiguous(memory_format=self.memory_format)
        t, (s, _, stages) = self.teacher(views)[0], self.student(views)
        predicted = t.argmax(1)
        agreed = predicted == s.argmax(1)
        mined = mine(t.detach(), predicted, 0.5, 1.0, 0)
        loss = torch.stack(self.statistics).sum() + F.cross_entropy(t, self.labels)
        loss = loss - (divergence(t, s, 1) * agreed).mean()
        loss = loss + 0.1 * triplet_loss(stages[2].mean((2, 3)), mined, True)
        if loss.item() < self.best_loss:
            self.best_loss, self.best = loss.item(), images.detach().clone()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


class StudentStep:
    def __init__(self, pair, memory_format):
        self.pair, self.memory_format = pair, memory_format
        self.teacher = pair.teacher().eval().requires_grad_(False).to(memory_format=memory_format)
        self.student = pair.student().train().to(memory_format=memory_format)
        self.images = torch.rand(pair.batch_size, pair.channels, pair.side, pair.side)
        trained = list(self.student.parameters())
        self.channel_layers = []
        if pair.channel_weight > 0:
            with torch.no_grad():
                theirs, ours = (network(self.images[:2])[2]
                                 for network in (self.teacher, pair.student()))
            self.channel_layers = [nn.Linear(a.shape[1], b.shape[1]) for a, b in zip(ours, theirs)]
            trained += [p for layer in self.channel_layers for p in layer.parameters()]
        self.optimiser = torch.optim.SGD(trained, 0.1, 0.9, weight_decay=1e-4, foreach=True)

    def __call__(self):
        pair = self.pair
        with torch.no_grad():
            views = augment(self.images, pair.padding).contiguous(memory_format=self.memory_format)
            t, _, wanted = self.teacher(views)
        s, features, stages = self.student(views)
        loss = divergence(t, s, 20).mean()
        for layer, ours, theirs in zip(self.channel_layers, stages, wanted):
            loss = loss + pair.channel_weight * F.mse_loss(layer(ours.mean((2, 3))),
                                                           theirs.mean((2, 3)))
        if pair.triplet_weight > 0:
            mined = mine(s.detach(), t.argmax(1), -1, 1.4, 0.5)
            loss = loss + pair.triplet_weight * triplet_loss(features, mined, False)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
