"""PyTorch on the same network: builds it from the description Tessera uses, and times training steps or inference.

stdin: {"network": description, "batch": n, "mode": "train" | "infer", "seconds": s, "threads": t}
stdout: {"imagesPerSecond": median, "version": "…", "layout": "nchw" | "nhwc"}

Both memory layouts are tried and the faster is reported: the peer at its best.
"""
import json
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


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict()
        self.inputs = {}
        channels = {"input": description["input"][0]}
        shapes = {"input": torch.zeros(1, *description["input"])}
        before = "input"
        for layer in description["layers"]:
            name, kind = layer["id"], layer["kind"]
            self.inputs[name] = layer.get("inputs") or [before]
            size = shapes[self.inputs[name][0]].shape
            if kind == "convolution":
                self.parts[name] = nn.Conv2d(size[1], layer["filters"], layer["kernel"], layer["stride"], layer["padding"], bias=layer["bias"])
            elif kind == "batch-norm":
                self.parts[name] = nn.BatchNorm2d(size[1], eps=layer["epsilon"])
            elif kind == "dense":
                self.parts[name] = nn.Linear(size[1], layer["units"])
            elif kind == "dropout":
                self.parts[name] = nn.Dropout(layer["rate"])
            shapes[name] = self.apply_layer(layer, [shapes[each] for each in self.inputs[name]])
            before = name
        self.last = before

    def apply_layer(self, layer, given):
        kind, x = layer["kind"], given[0]
        if layer["id"] in self.parts:
            return self.parts[layer["id"]](x)
        if kind == "relu":
            return F.relu(x)
        if kind == "max-pool":
            return F.max_pool2d(x, layer["kernel"], layer["stride"], layer["padding"])
        if kind == "average-pool":
            return F.avg_pool2d(x, layer["kernel"], layer["stride"], layer["padding"])
        if kind == "global-average-pool":
            return x.mean((2, 3))
        if kind == "flatten":
            return x.flatten(1)
        if kind == "add":
            total = given[0]
            for other in given[1:]:
                total = total + other
            return total
        if kind == "concatenate":
            return torch.cat(given, 1)
        raise ValueError(kind)

    def forward(self, x):
        values = {"input": x}
        for layer in description["layers"]:
            values[layer["id"]] = self.apply_layer(layer, [values[each] for each in self.inputs[layer["id"]]])
        return values[self.last]


def rate(layout):
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
    while time.perf_counter() < until or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return order["batch"] / statistics.median(times)


rates = {layout: rate(layout) for layout in ("nchw", "nhwc")}
best = max(rates, key=rates.get)
print(json.dumps({"imagesPerSecond": rates[best], "layout": best, "version": torch.__version__}))
