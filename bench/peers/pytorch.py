"""B-cos ResNet-20 as a plain eager PyTorch program, for comparison.

Speaks lines: `COMMAND THREADS` in, one JSON line out. Commands: train, predict, explain (milliseconds of one run) and
memory (bytes that autograd keeps of one training step's forward, each storage once, weights left out).
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

BATCH = int(sys.argv[1])
CLASSES = 10


class Mode:
    """While `explain` is set the dynamic factors are constants, so that a gradient is a row of W(x)."""

    explain = False


def dynamic(x):
    return x.detach() if Mode.explain else x


class BcosConv(nn.Module):
    """y = o·|o|/n with unit filters, n the norm of the patch (Böhle et al. 2022, B = 2)."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.kernel, self.stride = kernel, stride

    def forward(self, x):
        w = self.conv.weight
        w = w / w.flatten(1).norm(dim=1)[:, None, None, None]
        o = F.conv2d(x, w, stride=self.stride, padding=self.kernel // 2)
        squares = (x**2).sum(1, keepdim=True)
        ones = self.kernel**2
        n = (F.avg_pool2d(squares, self.kernel, self.stride, self.kernel // 2) * ones + 1e-6).sqrt()
        return o * dynamic(o.abs() / n)


class Norm(nn.Module):
    """Batch norm that divides by the deviation and subtracts nothing."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(self, x):
        if self.training:
            variance = x.var((0, 2, 3), unbiased=False)
            with torch.no_grad():
                self.running_var.lerp_(variance, 0.1)
        else:
            variance = self.running_var
        deviation = dynamic((variance + 1e-5).sqrt())
        return self.weight[:, None, None] * (x / deviation[:, None, None])


class Block(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.main = nn.Sequential(BcosConv(inputs, width, 3, stride), Norm(width), BcosConv(width, width, 3), Norm(width))
        same = stride == 1 and inputs == width
        self.skip = nn.Identity() if same else nn.Sequential(BcosConv(inputs, width, 1, stride), Norm(width))

    def forward(self, x):
        return self.main(x) + self.skip(x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [BcosConv(6, 16, 3), Norm(16)]
        inputs = 16
        for width in (16, 32, 64):
            for i in range(3):
                layers.append(Block(inputs, width, 2 if i == 0 and width > 16 else 1))
                inputs = width
        layers.append(BcosConv(64, CLASSES, 1))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x).mean((2, 3)) - math.log(CLASSES - 1)


def encode(image):
    return torch.cat([image, 1 - image], 1)


torch.manual_seed(0)
model = ResNet20().to(memory_format=torch.channels_last)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
images = torch.rand(BATCH, 3, 32, 32)
targets = F.one_hot(torch.arange(BATCH) % CLASSES, CLASSES).float()


def train():
    model.train()
    optimizer.zero_grad()
    loss = F.binary_cross_entropy_with_logits(model(encode(images)), targets)
    loss.backward()
    optimizer.step()
    return loss.item()


def predict():
    model.eval()
    with torch.no_grad():
        model(encode(images))


def explain():
    model.eval()
    Mode.explain = True
    x = encode(images).requires_grad_()
    logits = model(x)
    (weights,) = torch.autograd.grad((logits * targets).sum(), x)
    (weights * x).sum(1)
    Mode.explain = False


def memory():
    storages = {}
    own = {p.data_ptr() for p in model.parameters()}

    def keep(tensor):
        if tensor.data_ptr() not in own:
            storages[tensor.storage().data_ptr()] = tensor.storage().nbytes()
        return tensor

    model.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        F.binary_cross_entropy_with_logits(model(encode(images)), targets)
    return sum(storages.values())


RUNS = {"train": train, "predict": predict, "explain": explain}

print(json.dumps({"name": f"PyTorch {torch.__version__}"}), flush=True)
for line in sys.stdin:
    command, threads = line.split()
    torch.set_num_threads(int(threads))
    if command == "memory":
        print(json.dumps({"bytes": memory()}), flush=True)
        continue
    start = time.perf_counter()
    RUNS[command]()
    print(json.dumps({"milliseconds": 1000 * (time.perf_counter() - start)}), flush=True)
