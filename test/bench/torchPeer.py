"""PyTorch on the same network: builds it from the description Tessera uses, and times training steps or inference.

stdin: {"network": description, "batch": n, "mode": "train" | "infer", "seconds": s, "threads": t, "layouts": both or one, "fewest": steps timed in any case}
stdout: {"imagesPerSecond": median, "version": "…", "layout": "nchw" | "nhwc", "peakBytes": most memory held}

Both memory layouts are tried and the faster is reported: the peer at its best.
"""
import json
import resource
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

order = json.load(sys.stdin)
torch.set_num_threads(order["threads"])
torch.manual_seed(0)
description = order["network"]
ORIENTATIONS = {"p4": 4, "p4m": 8}


def shown(filters, s):
    """Filters as orientation s shows them: mirrored left to right if s >= 4, then turned s % 4 times against the clock."""
    return torch.rot90(filters.flip(-1) if s >= 4 else filters, s % 4, [-2, -1])


def after(s, t):
    """The orientation that is s after t, found by trying."""
    probe = torch.arange(9.0).view(3, 3)
    both = shown(shown(probe, t), s)
    return next(u for u in range(8) if torch.equal(shown(probe, u), both))


class GroupConvolution(nn.Module):
    """Every filter turned (and mirrored); Cohen and Welling 2016. Channel = field * orientations + orientation."""

    def __init__(self, channels, layer, oriented):
        super().__init__()
        self.n = ORIENTATIONS[layer["group"]]
        read = (channels // self.n, self.n) if oriented else (channels,)
        k = layer["kernel"]
        self.weight = nn.Parameter(torch.randn(layer["filters"], *read, k, k) * (2 / (channels * k * k)) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(layer["filters"])) if layer["bias"] else None
        self.stride, self.padding, self.oriented = layer["stride"], layer["padding"], oriented
        undone = [next(u for u in range(8) if after(u, s) == 0) for s in range(self.n)]
        self.order = [[after(undone[s], t) for t in range(self.n)] for s in range(self.n)]

    def forward(self, x):
        bank = []
        for s in range(self.n):
            turned = self.weight[:, :, self.order[s]].flatten(1, 2) if self.oriented else self.weight
            bank.append(shown(turned, s))
        filters = torch.stack(bank, 1).flatten(0, 1)
        bias = None if self.bias is None else self.bias.repeat_interleave(self.n)
        return F.conv2d(x, filters, bias, self.stride, self.padding)


class OrientedBatchNorm(nn.Module):
    """Orientations of a field share statistics, scale and shift."""

    def __init__(self, channels, orientations, epsilon):
        super().__init__()
        self.orientations = orientations
        self.norm = nn.BatchNorm2d(channels // orientations, eps=epsilon)

    def forward(self, x):
        n, c, h, w = x.shape
        return self.norm(x.reshape(n, c // self.orientations, self.orientations * h, w)).reshape(n, c, h, w)


class LayerNorm(nn.Module):
    """Over all of a patch, with a scale and a shift for each channel or feature."""

    def __init__(self, channels, epsilon):
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.epsilon = epsilon

    def forward(self, x):
        places = [1] * (x.dim() - 2)
        return F.layer_norm(x, x.shape[1:], None, None, self.epsilon) * self.scale.view(-1, *places) + self.shift.view(-1, *places)


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.squeeze, self.excite = nn.Linear(channels, squeezed), nn.Linear(squeezed, channels)

    def forward(self, x):
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3))))))[:, :, None, None]


def part_of(layer, channels, oriented):
    """The module of a layer with parameters, None for others."""
    kind = layer["kind"]
    if kind == "convolution":
        return nn.Conv2d(
            channels, layer["filters"], layer["kernel"], layer["stride"], layer["padding"], layer["dilation"], layer["groups"], layer["bias"]
        )
    if kind == "transposed-convolution":
        return nn.ConvTranspose2d(
            channels, layer["filters"], layer["kernel"], layer["stride"], layer["padding"], layer["outputPadding"], bias=layer["bias"]
        )
    if kind == "group-convolution":
        return GroupConvolution(channels, layer, oriented)
    if kind == "batch-norm":
        if layer["orientations"] > 1:
            return OrientedBatchNorm(channels, layer["orientations"], layer["epsilon"])
        return nn.BatchNorm2d(channels, eps=layer["epsilon"])
    if kind == "group-norm":
        return nn.GroupNorm(layer["groups"], channels, layer["epsilon"])
    if kind == "layer-norm":
        return LayerNorm(channels, layer["epsilon"])
    if kind == "dense":
        return nn.Linear(channels, layer["units"], layer["bias"])
    if kind == "dropout":
        return nn.Dropout(layer["rate"])
    if kind == "squeeze-excitation":
        return SqueezeExcitation(channels, layer["squeezed"])
    return None


def multiply(a, b):
    map_, gate = (a, b) if a.dim() >= b.dim() else (b, a)
    return map_ * (gate if gate.dim() == map_.dim() else gate[:, :, None, None])


def total(given):
    out = given[0]
    for other in given[1:]:
        out = out + other
    return out


WITHOUT_PARAMETERS = {
    "relu": lambda l, given, n: F.hardtanh(given[0], 0, l["ceiling"]) if "ceiling" in l else F.relu(given[0]),
    "leaky-relu": lambda l, given, n: F.leaky_relu(given[0], l["slope"]),
    "gelu": lambda l, given, n: F.gelu(given[0]),
    "silu": lambda l, given, n: F.silu(given[0]),
    "sigmoid": lambda l, given, n: torch.sigmoid(given[0]),
    "tanh": lambda l, given, n: torch.tanh(given[0]),
    "softmax": lambda l, given, n: F.softmax(given[0], 1),
    "max-pool": lambda l, given, n: F.max_pool2d(given[0], l["kernel"], l["stride"], l["padding"]),
    "average-pool": lambda l, given, n: average_pool(given[0], l),
    "global-average-pool": lambda l, given, n: given[0].mean((2, 3)),
    "global-max-pool": lambda l, given, n: given[0].amax((2, 3)),
    "flatten": lambda l, given, n: given[0].flatten(1),
    "orientation-pool": lambda l, given, n: given[0].unflatten(1, (-1, n)).mean(2) if l["take"] == "mean" else given[0].unflatten(1, (-1, n)).amax(2),
    "add": lambda l, given, n: total(given),
    "multiply": lambda l, given, n: multiply(*given),
    "concatenate": lambda l, given, n: torch.cat(given, 1),
}


def average_pool(x, layer):
    return F.avg_pool2d(x, layer["kernel"], layer["stride"], layer["padding"], count_include_pad=False)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict()
        self.inputs = {}
        self.orientations = {"input": 1}
        shapes = {"input": torch.zeros(2, *description["input"])}
        before = "input"
        for layer in description["layers"]:
            name, kind = layer["id"], layer["kind"]
            self.inputs[name] = layer.get("inputs") or [before]
            first = self.inputs[name][0]
            part = part_of(layer, shapes[first].shape[1], self.orientations[first] > 1)
            if part is not None:
                self.parts[name] = part
            self.orientations[name] = (
                ORIENTATIONS[layer["group"]] if kind == "group-convolution" else 1 if kind == "orientation-pool" else self.orientations[first]
            )
            shapes[name] = self.apply_layer(layer, [shapes[each] for each in self.inputs[name]])
            before = name
        self.last = before

    def apply_layer(self, layer, given):
        name = layer["id"]
        if name in self.parts:
            return self.parts[name](given[0])
        return WITHOUT_PARAMETERS[layer["kind"]](layer, given, self.orientations[self.inputs[name][0]])

    def forward(self, x):
        values = {"input": x}
        for layer in description["layers"]:
            values[layer["id"]] = self.apply_layer(layer, [values[each] for each in self.inputs[layer["id"]]])
        return values[self.last]


def rate(layout):
    with torch.no_grad():
        model = Network()
    x = torch.randn(order["batch"], *description["input"])
    if layout == "nhwc":
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    if order["mode"] == "train":
        with torch.no_grad():
            classes = model(x[:2]).shape[1]
        y = torch.randint(0, classes, (order["batch"],))
        optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
        model.train()

        def step():
            optimiser.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimiser.step()
            return loss.item()
    else:
        model.eval()

        def step():
            with torch.no_grad():
                return F.softmax(model(x), 1)

    for _ in range(3):
        step()
    times = []
    until = time.perf_counter() + order["seconds"]
    while time.perf_counter() < until or len(times) < order.get("fewest", 5):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return order["batch"] / statistics.median(times)


rates = {layout: rate(layout) for layout in order.get("layouts", ("nchw", "nhwc"))}
best = max(rates, key=rates.get)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"imagesPerSecond": rates[best], "layout": best, "version": torch.__version__, "peakBytes": peak}))
