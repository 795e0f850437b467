"""Eager PyTorch at the bench's workloads. Plain, as a user would write it; formulas of Boehle et al. 2024.

Speaks JSON lines. First line out: {"name"}. Then one line out for each line in:
  {"command": "prepare", "id", "workload", "tensors": FILE, "index": {name: [offset, shape]}} -> {}
  {"command": "results", "id", "file"} -> {"index": {name: [offset, count]}}: float32 numbers written to the file
  {"command": "run", "id", "threads"} -> {"milliseconds"}
  {"command": "memory", "id"} -> {"bytes"}: what autograd keeps of a training step's forward pass
  {"command": "dispose", "id"} -> {}
Arguments: cpu or cuda, float32 or tf32. What fails is answered with {"error"}. Images come as NHWC and are channels-last tensors here; a stride of the file.
"""
import json
import math
import sys
import time

import numpy
import torch
import torch.nn.functional as F

DEVICE = torch.device(sys.argv[1])
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = sys.argv[2] == "tf32"
torch.backends.cudnn.benchmark = True
MOMENTUM = 0.1
PATCH_EPSILON, NORM_EPSILON = 1e-6, 1e-5


def finish():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def unit_filters(w):
    return w / w.flatten(1).norm(dim=1)[:, None, None, None]


def patch_norm(x, kernel, stride):
    squares = (x**2).sum(1, keepdim=True)
    return (F.avg_pool2d(squares, kernel, stride, kernel // 2) * kernel**2 + PATCH_EPSILON).sqrt()


def bcos_convolution(x, w, stride=1, explain=False):
    """y = o |o| / n. While explaining, the factor |o| / n is a constant."""
    kernel = w.shape[2]
    o = F.conv2d(x, unit_filters(w), stride=stride, padding=kernel // 2)
    scale = o.abs() / patch_norm(x, kernel, stride)
    return o * (scale.detach() if explain else scale)


class Network:
    """A residual network from the list of its layers; `mode` is train, predict or explain."""

    def __init__(self, layers, classes, tensors):
        self.layers, self.classes = layers, classes
        self.tensors = {
            path: tensor.requires_grad_() if path.endswith("weight") else tensor for path, tensor in tensors.items()
        }
        self.parameters = [t for path, t in self.tensors.items() if path.endswith("weight")]

    def apply(self, x, layer, mode):
        convolution = layer["convolution"]
        y = bcos_convolution(x, self.tensors[convolution["path"]], convolution["stride"], mode == "explain")
        norm = layer.get("norm")
        if norm is None:
            return y
        running = self.tensors[norm + ".running_var"]
        variance = running
        if mode == "train":
            variance = y.var((0, 2, 3), unbiased=False)
            with torch.no_grad():
                running.lerp_(variance, MOMENTUM)
        deviation = (variance + NORM_EPSILON).sqrt()
        return self.tensors[norm + ".weight"][:, None, None] * (y / deviation[:, None, None])

    def __call__(self, x, mode):
        x = self.apply(x, self.layers["stem"], mode)
        if self.layers["pool"]:
            x = F.avg_pool2d(x, 3, 2, 1)
        for block in self.layers["blocks"]:
            y = x
            for layer in block["main"]:
                y = self.apply(y, layer, mode)
            skip = block.get("skip")
            x = y + (x if skip is None else self.apply(x, skip, mode))
        return self.apply(x, self.layers["classifier"], mode).mean((2, 3)) - math.log(self.classes - 1)


class NetworkJob:
    def __init__(self, workload, tensors):
        self.task, spec = workload["task"], workload["network"]
        self.image, self.targets = tensors.pop("image"), tensors.pop("targets")
        self.net = Network(workload["layers"], spec["classes"], tensors)
        rate = spec["optimizer"]["learningRate"]
        kind = torch.optim.SGD if spec["optimizer"]["kind"] == "sgd" else torch.optim.Adam
        self.optimizer = kind(self.net.parameters, lr=rate)

    def encoded(self):
        return torch.cat([self.image, 1 - self.image], 1)

    def loss(self):
        return F.binary_cross_entropy_with_logits(self.net(self.encoded(), "train"), self.targets)

    def run(self):
        if self.task == "train":
            self.optimizer.zero_grad()
            loss = self.loss()
            loss.backward()
            self.optimizer.step()
            return loss.detach()
        if self.task == "predict":
            with torch.no_grad():
                return self.net(self.encoded(), "predict")
        x = self.encoded().requires_grad_()
        (weights,) = torch.autograd.grad((self.net(x, "explain") * self.targets).sum(), x)
        return (weights * x).sum(1).detach()

    def results(self):
        if self.task != "train":
            return {"logits" if self.task == "predict" else "contributions": self.run()}
        losses = torch.stack([self.run() for _ in range(3)])
        return {"losses": losses, **{path: t.detach() for path, t in self.net.tensors.items()}}

    def memory(self):
        """Bytes of the storages that autograd keeps, each once, without weights and running statistics."""
        storages, own = {}, {t.data_ptr() for t in self.net.tensors.values()}

        def keep(tensor):
            if tensor.data_ptr() not in own:
                storages[tensor.storage().data_ptr()] = tensor.storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            self.loss()
        return sum(storages.values())


class KernelJob:
    """A product or a convolution. Gradients are taken from a graph that is kept, so that only they are timed."""

    def __init__(self, workload, tensors):
        self.image_shaped = workload["kind"] == "convolution" and workload["pass"] != "weight-gradient"
        if workload["kind"] == "product":
            self.run = lambda: tensors["a"] @ tensors["b"]
        elif workload["kind"] == "stream":
            self.run = lambda: tensors["a"] + 1
        else:
            self.run = self.convolution(workload, tensors)

    @staticmethod
    def convolution(workload, tensors):
        x, w = tensors["x"], tensors["w"]

        def forward():
            return F.conv2d(x, w, padding=1) if workload["form"] == "plain" else bcos_convolution(x, w)

        if workload["pass"] == "forward":
            return forward
        wanted = x if workload["pass"] == "input-gradient" else w
        wanted.requires_grad_()
        y = forward()
        return lambda: torch.autograd.grad(y, wanted, tensors["g"], retain_graph=True)[0]

    def results(self):
        result = self.run().detach()
        return {"result": result.permute(0, 2, 3, 1) if self.image_shaped else result}


def read_tensors(file, index):
    """Float32 from a file. Images come as [N,H,W,C] and stay so in memory, seen as [N,C,H,W]."""
    numbers = numpy.fromfile(file, dtype=numpy.float32)
    tensors = {}
    for name, (offset, shape) in index.items():
        tensor = torch.from_numpy(numbers[offset : offset + math.prod(shape)].reshape(shape)).to(DEVICE)
        if len(shape) == 4:
            is_weight = name == "w" or name.endswith("weight")
            tensor = tensor.clone(memory_format=torch.channels_last) if is_weight else tensor.permute(0, 3, 1, 2)
        tensors[name] = tensor
    return tensors


def write_results(file, results):
    index, offset = {}, 0
    with open(file, "wb") as out:
        for name, tensor in results.items():
            values = tensor.detach().cpu().contiguous().numpy().astype(numpy.float32).ravel()
            out.write(values.tobytes())
            index[name] = [offset, values.size]
            offset += values.size
    return index


JOBS = {}


def answer(message):
    command, job = message["command"], JOBS.get(message["id"])
    if command == "prepare":
        tensors = read_tensors(message["tensors"], message["index"])
        workload = message["workload"]
        kind = NetworkJob if workload["kind"] == "network" else KernelJob
        JOBS[message["id"]] = kind(workload, tensors)
        return {}
    if command == "results":
        return {"index": write_results(message["file"], job.results())}
    if command == "run":
        torch.set_num_threads(message["threads"])
        finish()
        start = time.perf_counter()
        job.run()
        finish()
        return {"milliseconds": 1000 * (time.perf_counter() - start)}
    if command == "memory":
        return {"bytes": job.memory()}
    if command == "dispose":
        del JOBS[message["id"]]
        return {}
    raise ValueError(f"unknown command {command}")


print(json.dumps({"name": f"PyTorch {torch.__version__}"}), flush=True)
for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:  # the other side decides what a failure means
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
