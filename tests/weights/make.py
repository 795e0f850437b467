"""Makes the files in data/ with PyTorch: small state dicts as `torch.save` writes them, in both of its forms, and a network
as `torch.onnx.export` writes it.

Made with PyTorch 1.13: python3 tests/weights/make.py
"""
import os
from collections import OrderedDict

import torch

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

grid = torch.arange(24.0).reshape(4, 6)
net = torch.nn.Sequential(OrderedDict(conv=torch.nn.Conv2d(2, 3, 1, bias=False), bn=torch.nn.BatchNorm2d(3)))
with torch.no_grad():
    net.conv.weight.copy_(torch.arange(6.0).reshape(3, 2, 1, 1))
    net.bn.running_var.copy_(torch.tensor([1.0, 2.0, 3.0]))
optimizer = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
net(torch.ones(1, 2, 2, 2)).sum().backward()
optimizer.step()
with torch.no_grad():
    net.conv.weight.copy_(torch.arange(6.0).reshape(3, 2, 1, 1))
    net.bn.running_mean.zero_()

checkpoint = {
    "epoch": 3,
    "best": 0.75,
    "history": [1, 2.5, None, True, "text", -7, 70000, 2**40],
    "state_dict": OrderedDict(("module." + key, value) for key, value in net.state_dict().items()),
    "optimizer": optimizer.state_dict(),
    "views": {
        "transposed": grid.t(),
        "rows": grid[1:3],
        "columns": grid[:, ::2],
        "expanded": grid[:1].expand(3, 6),
        "parameter": torch.nn.Parameter(grid),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
    },
    "types": {
        "f64": grid.double(),
        "f16": grid.half(),
        "bf16": grid.bfloat16(),
        "i64": grid.long(),
        "i32": grid.int(),
        "i16": grid.short(),
        "i8": grid.char(),
        "u8": grid.byte(),
        "bool": grid > 3,
    },
}
torch.save(checkpoint, os.path.join(folder, "checkpoint.pth"))
torch.save(checkpoint, os.path.join(folder, "checkpoint-legacy.pth"), _use_new_zipfile_serialization=False)
torch.save(net.state_dict(), os.path.join(folder, "state-dict-protocol-4.pth"), pickle_protocol=4)
torch.save(net, os.path.join(folder, "module.pth"))

small = torch.nn.Sequential(
    OrderedDict(
        conv=torch.nn.Conv2d(2, 3, 3, padding=1, bias=False),
        bn=torch.nn.BatchNorm2d(3),
        relu=torch.nn.ReLU(),
        pool=torch.nn.AdaptiveAvgPool2d(1),
        flat=torch.nn.Flatten(),
        fc=torch.nn.Linear(3, 4),
    )
).eval()
with torch.no_grad():
    small.conv.weight.copy_(torch.arange(54.0).reshape(3, 2, 3, 3))
    small.bn.running_var.copy_(torch.tensor([1.0, 2.0, 3.0]))
    small.fc.weight.copy_(torch.arange(12.0).reshape(4, 3))
    small.fc.bias.copy_(torch.arange(4.0))
# The bias and the running mean of the norm are all zeros: the exporter writes them once.
torch.onnx.export(
    small,
    torch.ones(1, 2, 8, 8),
    os.path.join(folder, "net.onnx"),
    training=torch.onnx.TrainingMode.PRESERVE,
    do_constant_folding=False,
)
