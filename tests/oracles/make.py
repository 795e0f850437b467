"""Writes the project's own golden numbers, tests/oracles/data/*.json, with PyTorch autograd in float64.

    python3 tests/oracles/make.py        (Debian: apt-get install python3-torch)

The layers are written here from their formulas, independently of the TypeScript sources. Inputs follow the generators of
scripts/oracles/generators.ts, so that only rules and results need to be stored.
"""

import json
import math
import os

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


# Generators -----------------------------------------------------------------------------------------------------------
def lowbias32(x):
    x &= 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return x ^ (x >> 16)


def fnv1a(s):
    h = 0x811C9DC5
    for b in s.encode():
        h = ((h ^ b) * 0x01000193) & 0xFFFFFFFF
    return h


def uniform(tag, shape):
    n = math.prod(shape)
    h = fnv1a(tag)
    return torch.tensor([(lowbias32(lowbias32(i) ^ h) + 0.5) / 2**31 - 1 for i in range(n)]).reshape(shape)


def fround(t):
    return t.float().double()


def triangle(t, p):
    return abs(t % (2 * p) - p)


def image(seed, h, w):
    noise = lowbias32(seed)
    out = torch.empty(3, h, w)
    for c in range(3):
        for y in range(h):
            for x in range(w):
                v = 8 * triangle((c + 2) * x + (5 - c) * y + 29 * c + seed, 64)
                v += 3 * triangle(((y * y + x * x) >> 3) + (c + 3) * x + 17 * seed, 128)
                v += lowbias32(((c * 4096 + y) * 4096 + x) ^ noise) & 127
                out[c, y, x] = v / 1024
    return out


# B-cos layers, from their formulas ---------------------------------------------------------------------------------
def gate(o, n, b, explain):
    """The dynamic factor; constant in explanations."""
    if explain:
        o, n = o.detach(), n.detach()
    return o.abs() / n if b == 2 else ((o / n).abs() + 1e-6) ** (b - 1)


def unit(w):
    return w / w.flatten(1).norm(dim=1).reshape([-1] + [1] * (w.dim() - 1))


def maxout(o, m):
    """The unit index is the fastest of the channel axis (axis 1 of maps, the last of vectors)."""
    if m == 1:
        return o
    if o.dim() == 4:
        return o.unflatten(1, (o.shape[1] // m, m)).amax(2)
    return o.unflatten(-1, (o.shape[-1] // m, m)).amax(-1)


def bcos_linear(x, w, b, m, explain=False):
    o = maxout(x @ unit(w).T, m)
    if b == 1:
        return o
    n = x.norm(dim=-1, keepdim=True) + 1e-12
    return gate(o, n, b, explain) * o


def bcos_conv(x, w, b, m, stride=1, padding=0, dilation=1, groups=1, scale=1.0, free=False, explain=False):
    o = maxout(F.conv2d(x, w if free else unit(w), None, stride, padding, dilation, groups), m)
    if b == 1:
        return o / scale
    ones = torch.ones(groups, w.shape[1], *w.shape[2:])
    n = (F.conv2d(x * x, ones, None, stride, padding, dilation, groups) + 1e-6).sqrt()
    n = n.repeat_interleave(o.shape[1] // groups, 1)
    return gate(o, n, b, explain) * o / scale


NORMS = {  # op name: (axes of the statistics for [N, C, H, W], running statistics, centered output, groups)
    "BatchNormUncentered2d(NoBias)": ((0, 2, 3), True, False, None),
    "AllNormUncentered2d(NoBias)": ((0, 1, 2, 3), True, False, None),
    "BatchNorm2d (standard, with bias)": ((0, 2, 3), True, True, None),
    "AllNorm2d (centered, with bias)": ((0, 1, 2, 3), True, True, None),
    "DetachablePositionNorm2d(NoBias)": ((1,), False, True, None),
    "PositionNormUncentered2d(NoBias)": ((1,), False, False, None),
    "DetachableGroupNorm2d": (None, False, True, "groups"),
    "GroupNormUncentered2d(NoBias)": (None, False, False, "groups"),
    "DetachableGNLayerNorm2d(NoBias)": (None, False, True, "groups"),
    "GNLayerNormUncentered2d(NoBias)": (None, False, False, "groups"),
    "DetachableGNInstanceNorm2d(NoBias)": (None, False, True, "groups"),
    "GNInstanceNormUncentered2d(NoBias)": (None, False, False, "groups"),
    "DetachableLayerNorm(NoBias), last dim": ((-1,), False, True, None),
}


def norm(op, x, p, eps, groups=None, training=False, explain=False):
    axes, running, centered, grouped = NORMS[op]
    shape = x.shape
    if grouped:
        g = shape[1] if groups == "C" else groups
        x = x.reshape(shape[0], g, -1)
        axes = (2,)
    if running and not training:
        view = (1, -1, 1, 1)
        mean = p["running_mean"].reshape(view) if centered else 0
        var = p["running_var"].reshape(view)
    else:
        mean = x.mean(axes, keepdim=True)
        var = ((x - mean) ** 2).mean(axes, keepdim=True)
    if explain:
        var = var.detach()
    y = ((x - mean) if centered else x) / (var + eps).sqrt()
    y = y.reshape(shape)
    weight = p["weight"] if x.dim() == 2 else p["weight"].reshape(1, -1, 1, 1)
    y = y * weight
    return y + p["bias"].reshape(1, -1, 1, 1) if "bias" in p else y


# Cases ---------------------------------------------------------------------------------------------------------------
def summary(t):
    t = t.detach().flatten()
    return {"sum": t.sum().item(), "sumabs": t.abs().sum().item(), "dot": (t * uniform("dot", t.shape)).sum().item()}


def array(t):
    t = t.detach()
    flat = t.flatten().tolist()
    if len(flat) <= 400:
        return {"shape": list(t.shape), "data": flat}
    return {"shape": list(t.shape), "first16": flat[:16], "last16": flat[-16:], **summary(t)}


def case(name, op, params, inputs, run):
    """`inputs`: name -> (shape, rule, offset, scale). `run` takes tensors and returns the expected arrays."""
    tensors, spec = {}, {}
    for key, (shape, offset, scale) in inputs.items():
        tag = f"own/{name}/{key}"
        rule = f"fround({scale}*u)" if offset is None else f"fround({offset} + {scale}*u)"
        spec[key] = {"tag": tag, "shape": list(shape), "rule": rule}
        tensors[key] = fround(scale * uniform(tag, shape) + (offset or 0.0))
    return {"id": name, "op": op, "params": params, "inputs": spec, "expected": run(tensors)}


def gradients(function, wrt, g):
    leaves = [t.clone().requires_grad_() for t in wrt]
    y = function(*leaves)
    return y, torch.autograd.grad((y * g).sum(), leaves)


def linear_like(call):
    """Expected arrays of a layer with one weight: `call(x, w, explain)`."""

    def run(t):
        y, (dx, dw) = gradients(lambda x, w: call(x, w, False), [t["x"], t["weight"]], t["g"])
        _, (ex,) = gradients(lambda x: call(x, t["weight"], True), [t["x"]], t["g"])
        return {"y": array(y), "train_dx": array(dx), "train_dw": array(dw), "explain_dx": array(ex)}

    return run


def linear_case(b, m):
    params = {"in_features": 6, "out_features": 4, "B": b, "max_out": m}
    inputs = {"x": ((3, 6), None, 1.0), "weight": ((4 * m, 6), None, 1.0), "g": ((3, 4), None, 1.0)}
    return case(f"linear_B{b}_M{m}", "bcos_linear", params, inputs, linear_like(lambda x, w, e: bcos_linear(x, w, b, m, e)))


def conv_case(name, ci, co, k, x, b=2, m=1, stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1, op="bcos_conv2d", **extra):
    params = {
        "in_channels": ci, "out_channels": co, "kernel": list(k), "stride": list(stride), "padding": list(padding),
        "dilation": list(dilation), "groups": groups, "B": b, "max_out": m,
    }
    if "scale" in extra:
        params["scale"] = f"= {extra['scale']}"
    n, h, w = x
    out = [(s + 2 * p - d * (q - 1) - 1) // t + 1 for s, p, d, q, t in zip((h, w), padding, dilation, k, stride)]
    inputs = {"x": ((n, ci, h, w), None, 1.0), "weight": ((co * m, ci // groups, *k), None, 1.0), "g": ((n, co, *out), None, 1.0)}
    return case(name, op, params, inputs, linear_like(
        lambda x, w, e: bcos_conv(x, w, b, m, stride, padding, dilation, groups, explain=e, **extra)))


def norm_case(name, op, eps, groups=None):
    axes, running, centered, _ = NORMS[op]
    shape = (4, 5) if op.endswith("last dim") else (2, 4, 3, 4)
    c = 1 if op.startswith("AllNorm") else shape[1]
    inputs = {"x": (shape, 0.25, 1.5), "g": (shape, None, 1.0), "weight": ((c,), 1.0, 0.1)}
    if "with bias" in op:
        inputs["bias"] = ((c,), None, 0.3)
    if running:
        inputs["running_var"] = ((c,), 1.0, 0.5)
        if centered:
            inputs["running_mean"] = ((c,), None, 0.7)
    params = {"eps": eps}
    if running:
        params["momentum"] = 0.1
    if groups:
        params["groups"] = groups

    def run(t):
        names = ["weight"] + (["bias"] if "bias" in t else [])
        buffers = {k: t[k] for k in t if k.startswith("running")}
        out = {}
        for mode in (["train"] if running else []) + ["eval"]:
            training = mode == "train"

            def call(x, *ps, explain=False):
                return norm(op, x, {**dict(zip(names, ps)), **buffers}, eps, groups, training, explain)

            y, grads = gradients(call, [t["x"]] + [t[k] for k in names], t["g"])
            out[f"{mode}_y"], out[f"{mode}_dx"] = array(y), array(grads[0])
            for k, d in zip(names, grads[1:]):
                out[f"{mode}_d{k}"] = array(d)
            if training and centered:
                continue  # centered batch statistics are explained in evaluation only
            ey, (ex,) = gradients(lambda x: call(x, *[t[k] for k in names], explain=True), [t["x"]], t["g"])
            out[f"{mode}_explain_dx"], out[f"{mode}_explain_y"] = array(ex), array(ey)
        if running:
            rv, rm = t["running_var"], t.get("running_mean", torch.zeros(c))
            for step, x in ((1, t["x"]), (2, 2 * t["x"])):
                n = x.numel() // c
                var = x.var(axes, unbiased=False).reshape(-1)
                # Centred norms keep the unbiased variance, as PyTorch's BatchNorm2d; uncentred ones the biased one.
                rv = 0.9 * rv + 0.1 * (var * n / (n - 1) if centered else var)
                rm = 0.9 * rm + 0.1 * x.mean(axes).reshape(-1) if centered else rm
                out[f"running_var_after_{step}"] = array(rv)
                if step == 1:
                    out["running_mean_after_1"] = array(rm)
        return out

    return case(name, op, params, inputs, run)


def pool_case(name, params, shape, out, call):
    def run(t):
        y, (dx,) = gradients(call, [t["x"]], t["g"])
        return {"y": array(y), "dx": array(dx)}

    return case(name, "avg_pool2d", params, {"x": (shape, None, 1.0), "g": (out, None, 1.0)}, run)


def loss_case(name, kind, targets, extra=None, call=None):
    params = {"kind": kind, **(extra or {}), "targets": targets}

    def run(t):
        rows = F.one_hot(torch.tensor(targets), 6).double()
        z = t["logits"].clone().requires_grad_()
        loss = call(z, rows)
        (dz,) = torch.autograd.grad(loss, [z])
        return {"loss": loss.item(), "dlogits": array(dz)}

    return case(name, "loss", params, {"logits": ((3, 6), None, 3.0)}, run)


def agc_case(name, shape, parameter, gradient):
    def run(t):
        p, g = t["param"], t["grad"]
        if p.squeeze().dim() <= 1:
            pn, gn = p.norm(), g.norm()
        else:
            view = [-1] + [1] * (p.dim() - 1)
            pn, gn = p.flatten(1).norm(dim=1).reshape(view), g.flatten(1).norm(dim=1).reshape(view)
        limit = 0.01 * pn.clamp(min=1e-3)
        clipped = torch.where(gn >= limit, g * (limit / gn.clamp(min=1e-6)), g)
        return {"clipped_grad": array(clipped)}

    inputs = {"param": (shape, None, parameter), "grad": (shape, None, gradient)}
    return case(name, "agc", {"clip_factor": 0.01, "eps": 1e-3}, inputs, run)


def logit_case(name, temperature, bias):
    def run(t):
        y, (dx,) = gradients(lambda x: x / (temperature or 1) + bias, [t["x"]], t["g"])
        return {"y": array(y), "dx": array(dx)}

    inputs = {"x": ((2, 4), None, 1.0), "g": ((2, 4), None, 1.0)}
    return case(name, "logit_layer", {"T": temperature, "bias": bias}, inputs, run)


def layers():
    cases = [linear_case(b, m) for b in (1, 1.5, 2, 2.5) for m in (1, 2)]
    cases += [conv_case(f"conv_B{b}_M{m}", 3, 4, (3, 3), (2, 5, 6), b, m) for b in (1, 1.25, 2, 2.5) for m in (1, 3)]
    cases += [
        conv_case("conv_s2", 5, 3, (3, 3), (1, 8, 7), stride=(2, 2)),
        conv_case("conv_1x1_s2", 6, 4, (1, 1), (2, 5, 6), stride=(2, 2), padding=(0, 0)),
        conv_case("conv_1x5", 3, 4, (1, 5), (1, 4, 8), padding=(0, 2)),
        conv_case("conv_g2_M2", 4, 4, (3, 3), (1, 5, 5), b=1.5, m=2, groups=2),
        conv_case("conv_depthwise", 4, 4, (5, 5), (1, 7, 6), padding=(2, 2), groups=4),
        conv_case("conv_dilated", 3, 4, (3, 3), (1, 7, 8), padding=(2, 2), dilation=(2, 2)),
        conv_case("conv_summary", 8, 12, (3, 3), (2, 12, 11), m=2),
        conv_case("v1_B2", 4, 3, (3, 3), (2, 5, 6), m=2, op="bcos_conv2d_v1", scale=0.06),
        conv_case("v1_B1.5", 4, 3, (3, 3), (2, 5, 6), b=1.5, m=2, op="bcos_conv2d_v1", scale=0.06),
        conv_case("free_B2", 4, 3, (3, 3), (1, 6, 5), op="bcosified_conv2d_no_weight_norm", free=True),
        conv_case("free_B1.5", 4, 3, (3, 3), (1, 6, 5), b=1.5, op="bcosified_conv2d_no_weight_norm", free=True),
    ]
    for i, op in enumerate(NORMS):
        groups = {"Group": 2, "GNLay": 1, "GNIns": "C"}.get(op.replace("Detachable", "")[:5]) if NORMS[op][3] else None
        cases.append(norm_case(f"norm_{i}", op, 1e-6 if "Position" in op else 1e-5, groups))
    cases += [
        pool_case("pool_3_2_1", {"kernel": 3, "stride": 2, "padding": 1}, (2, 3, 6, 7), (2, 3, 3, 4), lambda x: F.avg_pool2d(x, 3, 2, 1)),
        pool_case("pool_2_2_0", {"kernel": 2, "stride": 2, "padding": 0}, (1, 2, 7, 6), (1, 2, 3, 3), lambda x: F.avg_pool2d(x, 2, 2)),
        pool_case("pool_global", {"kernel": "global"}, (2, 3, 3, 5), (2, 3, 1, 1), lambda x: x.mean((2, 3), keepdim=True)),
        loss_case("loss_bce", "BCE with logits, mean over batch and classes", [1, 5, 0], None,
                  lambda z, t: F.binary_cross_entropy_with_logits(z, t)),
        loss_case("loss_bce_smooth", "BCE", [2, 2, 3], {"smoothing": 0.2},
                  lambda z, t: F.binary_cross_entropy_with_logits(z, t * 0.8 + 0.2 / 6)),
        loss_case("loss_uniform_off", "BCE, one-hot targets clamped from below at 1/K", [0, 4, 1], None,
                  lambda z, t: F.binary_cross_entropy_with_logits(z, t.clamp(min=1 / 6))),
        loss_case("loss_cross_entropy", "softmax cross entropy, mean", [0, 4, 1], None,
                  lambda z, t: -(t * F.log_softmax(z, 1)).sum(1).mean()),
        agc_case("agc_vector", (7,), 1.0, 0.5),
        agc_case("agc_matrix", (4, 3), 1.0, 0.02),
        agc_case("agc_kernel", (3, 2, 3, 3), 0.5, 0.01),
        logit_case("logit", None, -math.log(9)),
        logit_case("logit_temperature", 10.0, -2.5),
    ]
    return {"format": 1, "set": "own", "cases": cases}


# A small network and its training --------------------------------------------------------------------------------
STAGES = [(8, 1, 1), (12, 2, 2)]  # width, blocks, stride of the first


def network_keys(standard):
    middle = "" if standard else "linear."
    keys = []

    def conv(path, co, ci, k):
        keys.append((f"{path}.{middle}weight", (co, ci, k, k)))

    def bn(path, c):
        keys.append((f"{path}.weight", (c,)))
        if standard:
            keys.append((f"{path}.bias", (c,)))
        keys.append((f"{path}.running_mean", (c,)))
        keys.append((f"{path}.running_var", (c,)))
        keys.append((f"{path}.num_batches_tracked", ()))

    conv("conv1", 8, 3 if standard else 6, 3)
    bn("bn1", 8)
    c = 8
    for s, (width, blocks, stride) in enumerate(STAGES):
        for i in range(blocks):
            path = f"layer{s + 1}.{i}"
            conv(f"{path}.conv1", width, c, 3)
            bn(f"{path}.bn1", width)
            conv(f"{path}.conv2", width, width, 3)
            bn(f"{path}.bn2", width)
            if (stride if i == 0 else 1) != 1 or c != width:
                conv(f"{path}.downsample.0", width, c, 1)
                bn(f"{path}.downsample.1", width)
            c = width
    if standard:
        keys += [("fc.weight", (5, c)), ("fc.bias", (5,))]
    else:
        keys.append(("fc.linear.weight", (5, c, 1, 1)))
    return keys


def fill(tag, keys, exponents, training=False):
    out = {}
    for key, shape in keys:
        last = key.split(".")[-1]
        u = uniform(f"{tag}|{key}", shape) if shape else torch.zeros(())
        factor = 2.0 ** exponents.get(key, 0)
        if last == "num_batches_tracked" or last == "running_mean":
            v = torch.zeros(shape)
        elif last == "running_var":
            v = torch.ones(shape) if training else factor * fround(1 + 0.5 * u.abs())
        elif last == "bias":
            v = factor * fround(0.1 * u)
        elif len(shape) == 1:
            v = factor * fround(1 + 0.1 * u)
        else:
            v = factor * fround(math.sqrt(3 / math.prod(shape[1:])) * u)
        out[key] = v
    return out


def forward(p, x, standard, training, explain=False, stages=None, running=None):
    def conv(path, x, stride=1):
        w = p[f"{path}.weight" if standard else f"{path}.linear.weight"]
        pad = w.shape[-1] // 2
        return F.conv2d(x, w, None, stride, pad) if standard else bcos_conv(x, w, 2, 1, stride, pad, explain=explain)

    def bn(path, x):
        op = "BatchNorm2d (standard, with bias)" if standard else "BatchNormUncentered2d(NoBias)"
        own = {k.split(".")[-1]: v for k, v in p.items() if k.rsplit(".", 1)[0] == path}
        if training and running is not None:
            n = x.numel() // x.shape[1]
            var = x.detach().var((0, 2, 3), unbiased=standard)
            running[f"{path}.running_var"] = 0.9 * p[f"{path}.running_var"] + 0.1 * var
            if standard:
                running[f"{path}.running_mean"] = 0.9 * p[f"{path}.running_mean"] + 0.1 * x.detach().mean((0, 2, 3))
            assert n > 1
        return norm(op, x, own, 1e-5, training=training, explain=explain)

    act = F.relu if standard else (lambda v: v)
    keep = stages if stages is not None else {}
    x = keep["conv1"] = conv("conv1", x)
    x = keep["bn1"] = bn("bn1", x)
    x = act(x)
    c = 8
    for s, (width, blocks, stride) in enumerate(STAGES):
        for i in range(blocks):
            path = f"layer{s + 1}.{i}"
            st = stride if i == 0 else 1
            y = act(bn(f"{path}.bn1", conv(f"{path}.conv1", x, st)))
            y = bn(f"{path}.bn2", conv(f"{path}.conv2", y))
            skip = x
            if st != 1 or c != width:
                skip = bn(f"{path}.downsample.1", conv(f"{path}.downsample.0", x, st))
            x = keep[path] = act(y + skip)
            c = width
        keep[f"layer{s + 1}"] = x
    if standard:
        return x.mean((2, 3)) @ p["fc.weight"].T + p["fc.bias"]
    keep["fc"] = conv("fc", x)
    return keep["fc"].mean((2, 3)) - math.log(4)


def network():
    tag, seed, h, w = "own_resnet8", 77, 16, 16
    keys = network_keys(False)
    exponents = {k: -8 if "conv1" in k or k.startswith("bn1") else -6 for k, _ in keys if k.endswith("running_var")}
    p = fill(tag, keys, exponents)
    img = image(seed, h, w)
    x = torch.cat([img, 1 - img])[None]
    stages = {}
    logits = forward(p, x, False, False, stages=stages)[0]
    bias = -math.log(4)
    free = logits - bias
    classes = {"argmax": logits.argmax().item()}
    classes["other"] = 3 if classes["argmax"] != 3 else 2
    explanations = {}
    for name, c in classes.items():
        leaf = x.clone().requires_grad_()
        (wx,) = torch.autograd.grad(forward(p, leaf, False, False, True)[0, c], [leaf])
        contributions = (wx * x)[0].sum(0)
        at = [[(37 * j + 11) % h, (53 * j + 29) % w] for j in range(16)]
        explanations[name] = {
            "class": c, "logit": logits[c].item(),
            "contribution_sum": contributions.sum().item(), "contribution_sumabs": contributions.abs().sum().item(),
            "contribution_dot": summary(contributions)["dot"],
            **{f"W_{k}": v for k, v in summary(wx).items()},
            "completeness_residual": (contributions.sum() - free[c]).item(),
            "positions_row_col": at,
            "contribution_at": [contributions[r, q].item() for r, q in at],
            "W_at_first8": [wx[0, :, r, q].tolist() for r, q in at[:8]],
        }
    return {
        "name": tag, "config": {"constructor": tag, "B": 2, "T": 1, "logit_bias": bias, "max_out": 1}, "tag": tag,
        "input": {"kind": "formula image", "seed": seed, "H": h, "W": w, "channels": 6},
        "fill": {"runningMeanAmplitude": 0, "meanOffset_default": 0, "meanOffset_by_key": {}, "scaleExp_by_key": exponents,
                 "vRowsScaleExp_by_key": {}},
        "total_parameters": sum(math.prod(s) for k, s in keys if k.endswith("weight")),
        "state_dict": [[k, list(s), "int64" if k.endswith("tracked") else "float32"] for k, s in keys],
        "expected": {
            "logits_first10": logits.tolist(), "logits_minus_bias_first10": free.tolist(), "argmax": classes["argmax"],
            "sumabs_minus_bias": free.abs().sum().item(), "dot_minus_bias": summary(free)["dot"],
            "stages": {k: {"shape": list(v.shape), "mean": v.mean().item(), **{q: summary(v)[q] for q in ("sumabs", "dot")}}
                       for k, v in stages.items()},
            "explanations": explanations,
        },
    }


def trajectory(name, standard, optimizer, loss_name, agc=None):
    tag = f"own/{name}"
    keys = network_keys(standard)
    p = fill(tag, keys, {}, training=True)
    learn = [k for k, _ in keys if k.endswith("weight") or k.endswith("bias")]
    start = {k: v.clone() for k, v in p.items()}
    images = torch.stack([image(s, 16, 16) for s in range(200, 204)])
    mean = torch.tensor([0.49139968, 0.48215841, 0.44653091]).reshape(1, 3, 1, 1)
    std = torch.tensor([0.24703223, 0.24348513, 0.26158784]).reshape(1, 3, 1, 1)
    x = (images - mean) / std if standard else torch.cat([images, 1 - images], 1)
    labels = [1, 0, 4, 2]
    rows = F.one_hot(torch.tensor(labels), 5).double()

    def loss_of(z):
        if loss_name == "softmax cross entropy, mean":
            return -(rows * F.log_softmax(z, 1)).sum(1).mean()
        return F.binary_cross_entropy_with_logits(z, rows.clamp(min=0.2) if "uniform" in loss_name else rows)

    params = [p[k].requires_grad_() for k in learn]
    step = (torch.optim.SGD(params, lr=0.05, momentum=0.9, weight_decay=5e-4) if optimizer.startswith("SGD")
            else torch.optim.Adam(params, lr=1e-3))
    expected = {"loss_per_step": []}
    for i in range(5):
        running = {}
        logits = forward(p, x, standard, True, running=running)
        loss = loss_of(logits)
        step.zero_grad()
        loss.backward()
        expected["loss_per_step"].append(loss.item())
        if i == 0:
            expected["first_step_logits"] = logits.flatten().tolist()
            expected["first_step_gradient"] = {k: summary(p[k].grad) for k in learn}
        if agc is not None:
            for k in learn:
                q, g = p[k].detach(), p[k].grad
                view = [-1] + [1] * (q.dim() - 1)
                flat = q.squeeze().dim() <= 1
                pn = q.norm() if flat else q.flatten(1).norm(dim=1).reshape(view)
                gn = g.norm() if flat else g.flatten(1).norm(dim=1).reshape(view)
                limit = agc * pn.clamp(min=1e-3)
                p[k].grad = torch.where(gn >= limit, g * (limit / gn.clamp(min=1e-6)), g)
            if i == 0:
                expected["first_step_gradient_after_agc"] = {k: summary(p[k].grad) for k in learn}
        step.step()
        with torch.no_grad():
            for k, v in running.items():
                p[k] = v
    with torch.no_grad():
        expected["eval_logits_after"] = forward(p, x, standard, False).flatten().tolist()
        expected["train_mode_logits_after"] = forward(p, x, standard, True).flatten().tolist()
    expected["params_after"] = {k: summary(p[k]) for k in learn}
    expected["param_change"] = {k: summary(p[k] - start[k]) for k in learn}
    expected["running_var_after"] = {k: summary(p[k]) for k, _ in keys if k.endswith("running_var")}
    return {
        "id": name, "model": "own_resnet8" + (" standard" if standard else ""), "weights_tag": tag,
        "input": "4 formula images, seeds 200..203, 16x16, " + ("(x-mean)/std" if standard else "add-inverse"), "labels": labels,
        "loss": loss_name, "optimizer": optimizer, "agc": None if agc is None else f"AGC(clip {agc}, eps 1e-3)",
        "state_dict": [[k, list(s)] for k, s in keys], "expected": expected,
    }


def training():
    adam = "Adam lr=1e-3 betas=(0.9,0.999) eps=1e-8 weight_decay=0"
    return {"format": 1, "set": "own", "lr_schedules": [], "trajectories": [
        trajectory("own_resnet8", False, adam, "BCE with logits, one-hot, mean"),
        trajectory("own_resnet8_agc", False, adam, "uniform off-label BCE", 0.01),
        trajectory("own_resnet8_standard", True, "SGD lr=0.05 momentum=0.9 weight_decay=0.0005", "softmax cross entropy, mean"),
    ]}


# Methods that look at a network from outside -----------------------------------------------------------------------------
def tiny(p, x, explain=False, keep=None):
    """A small network of B-cos layers with uncentered norms; `keep` gets the last map before the classifier."""
    for i, stride in ((0, 1), (2, 2), (4, 2)):
        x = bcos_conv(x, p[f"features.{i}.linear.weight"], 2, 1, stride, 1, explain=explain)
        own = {"weight": p[f"features.{i + 1}.weight"], "running_var": p[f"features.{i + 1}.running_var"]}
        x = norm("BatchNormUncentered2d(NoBias)", x, own, 1e-5, explain=explain)
    if keep is not None:
        keep.append(x)
    return bcos_conv(x, p["classifier.linear.weight"], 2, 1, explain=explain).mean((2, 3)) - math.log(3)


def tiny_keys():
    keys = []
    for i, (ci, co) in ((0, (6, 5)), (2, (5, 7)), (4, (7, 6))):
        keys.append((f"features.{i}.linear.weight", (co, ci, 3, 3)))
        keys += [(f"features.{i + 1}.{k}", (co,)) for k in ("weight", "running_mean", "running_var")]
        keys.append((f"features.{i + 1}.num_batches_tracked", ()))
    return keys + [("classifier.linear.weight", (4, 6, 1, 1))]


def legendre(n):
    """The rule of Gauss and Legendre on [0, 1]: places and weights."""
    k = torch.arange(1, n)
    off = k / (4 * k**2 - 1).double().sqrt()
    values, vectors = torch.linalg.eigh(torch.diag(off, 1) + torch.diag(off, -1))
    return (1 + values) / 2, vectors[0] ** 2


def squares(h, w, ks, s):
    def span(i):
        half = (ks - 1) // 2
        return (max(0, i * s - half), i * s + half) if ks % 2 else (max(0, (i + 1) * s - ks), i * s + ks)

    return [(span(i), span(j)) for i in range(h // s) for j in range(w // s)]


def explainers():
    tag, seed, h, w = "own/tiny_cnn", 302, 12, 16
    keys = tiny_keys()
    exponents = {"features.1.running_var": -9, "features.3.running_var": -6, "features.5.running_var": -7}
    p = fill(tag, keys, exponents)
    img = image(seed, h, w)
    x = torch.cat([img, 1 - img])[None]
    logits = tiny(p, x)[0]
    targets = {"argmax": logits.argmax().item()}
    targets["other"] = (targets["argmax"] + 2) % 4

    def gradient(at, c, explain=False, relative=False):
        leaf = at.clone().requires_grad_()
        out = tiny(p, leaf, explain)[0]
        return torch.autograd.grad(out[c] - (out.mean() if relative else 0), [leaf])[0]

    def channels(t):
        return {"channel_sum": array(t[0].sum(0)), "per_channel": array(t[0])}

    methods = {"logits": {"value": array(logits)}}
    for name, c in targets.items():
        methods[f"{name}/grad"] = channels(gradient(x, c))
        methods[f"{name}/guided_backprop"] = methods[f"{name}/grad"]
        methods[f"{name}/ixg"] = channels(x * gradient(x, c))
        methods[f"{name}/deeplift"] = methods[f"{name}/ixg"]
        places, weights = legendre(11)
        methods[f"{name}/intgrad11"] = channels(x * sum(float(b.float()) * gradient(a * x, c) for a, b in zip(places, weights)))
        methods[f"{name}/ours"] = channels(x * gradient(x, c, True))
        methods[f"{name}/ours_relative"] = channels(x * gradient(x, c, True, True))
        keep = []
        out = tiny(p, x.clone().requires_grad_(), keep=keep)[0, c]
        (d,) = torch.autograd.grad(out, keep)
        cam = (d.sum((2, 3), keepdim=True) * keep[0]).sum(1).relu().detach()
        methods[f"{name}/gradcam"] = {"value": array(F.interpolate(cam[None], (h, w), mode="nearest")[0])}
        for ks, s in ((4, 4), (3, 2), (5, 3)):
            total = torch.zeros(1, h, w)
            for (top, bottom), (left, right) in squares(h, w, ks, s):
                mask = torch.ones(1, h, w)
                mask[:, top:bottom, left:right] = 0
                lost = (logits[c] - tiny(p, x * mask)[0, c]) / (1 - mask).sum()
                total += lost * (1 - mask)
            methods[f"{name}/occlusion_ks{ks}_s{s}"] = {"value": array(total)}
    masks = fround(uniform("own/rise_masks", (5, 1, h, w))).abs()
    probabilities = torch.sigmoid(tiny(p, x * masks))
    chosen = [targets["argmax"], targets["other"]]
    methods["rise_given_masks"] = {"value": array((probabilities.T[chosen][:, :, None, None].detach() * masks[:, 0]).mean(1) / 0.1)}

    def grid(name, n, cell, smooth, c, modification):
        side = math.isqrt(n)
        a = fround(uniform(name, (n, c, side * cell, side * cell)))
        for t in range(n):
            if "0.75" in modification:
                row, column = (t % side) * cell, (t // side) * cell
                a[t, :, row : row + cell, column : column + cell] += 0.75
        if "-abs" in modification:
            a[0] = -a[0].abs()
        maps = F.avg_pool2d(a.sum(1, keepdim=True), smooth, 1, smooth // 2)[:, 0].clamp(min=0)
        scores = []
        for t in range(n):
            row, column = (t % side) * cell, (t // side) * cell
            own = maps[t, row : row + cell, column : column + cell].sum()
            scores.append((own / maps[t].sum()).item() if own > 0 else 0.0)
        spec = {"tag": name, "shape": list(a.shape), "rule": "fround(u)", "modification": modification}
        return {"n_imgs": n, "cell": cell, "smooth": smooth, "attribution": spec, "scores": scores}

    return {
        "format": 1, "set": "own",
        "tiny_cnn": {
            "description": "features = [conv 6->5 k3 s1 p1 B2, BNU 5, conv 5->7 k3 s2 p1 B2, BNU 7, conv 7->6 k3 s2 p1 B2, BNU 6]; "
                           "classifier = conv1x1 6->4 B2; global average pool; + (-ln 3)",
            "weights_tag": tag, "scaleExp_by_key": exponents, "state_dict": [[k, list(s)] for k, s in keys],
            "input": {"kind": "formula image", "seed": seed, "H": h, "W": w, "channels": 6}, "targets": targets,
            "rise_masks": f'5 masks abs(fround(u)) tag "own/rise_masks" shape [5,1,{h},{w}]; saliency as the methods file says',
        },
        "methods": methods,
        "grid_pointing": [
            grid("own/grid0", 4, 6, 1, 6, "none"),
            grid("own/grid1", 9, 5, 3, 1, "for target t add 0.75 to all channels inside its own cell"),
            grid("own/grid2", 4, 7, 5, 3, "attribution of target 0 replaced by -abs(.)"),
        ],
        "grid_layout": [{
            "n_imgs": 4, "dataset_labels": [3, 3, 1, 0, 1, 2, 2, 0, 1, 3, 2, 0],
            "grid_of_dataset_indices_row_major": [[0, 3], [2, 5]], "targets": [3, 1, 0, 2], "next_offset": 7,
            "second_grid": [[7, 9], [8, 10]], "second_targets": [0, 1, 3, 2], "second_next_offset": 12,
        }],
    }


FILES = {"layers.json": layers, "net_own_resnet8.json": network, "training.json": training, "explainers.json": explainers}
for filename, make in FILES.items():
    content = make()
    with open(os.path.join(HERE, filename), "w") as file:
        json.dump(content, file, indent=None, separators=(",", ":"))
        file.write("\n")
