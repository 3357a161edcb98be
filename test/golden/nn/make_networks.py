#!/usr/bin/env python3
"""Golden numbers of networks and optimisers, by PyTorch in double precision.

Run with PyTorch 1.13 (Debian 12: python3-torch):  python3 make_networks.py
Writes networks.json and optimisers.json beside this file. Seeds are in the files.

A network is described as Tessera describes it (src-shared/networks.ts); this interpreter is independent of Tessera's own.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
DIGITS = 12
torch.set_default_dtype(torch.float64)


def conv(id, filters, kernel, stride=1, padding=0, bias=True, dilation=1, groups=1, inputs=None):
    return dict(kind="convolution", id=id, filters=filters, kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias, inputs=inputs)


def turned_conv(id, group, filters, kernel, stride=1, padding=0, bias=True, inputs=None):
    return dict(kind="group-convolution", id=id, group=group, filters=filters, kernel=kernel, stride=stride, padding=padding, bias=bias, inputs=inputs)


def pool(kind, id, kernel, stride, padding=0, inputs=None):
    return dict(kind=kind, id=id, kernel=kernel, stride=stride, padding=padding, inputs=inputs)


def layer(kind, id, inputs=None, **more):
    return dict(kind=kind, id=id, inputs=inputs, **more)


NETWORKS = [
    dict(
        name="every kind of layer",
        input=[3, 12, 11],
        layers=[
            conv("stem", 6, 3, stride=1, padding=1),
            layer("batch-norm", "norm", epsilon=1e-5),
            layer("relu", "positive"),
            pool("max-pool", "overlapping", 3, 2, 1),
            conv("left", 4, 3, padding=1, bias=False),
            conv("right", 4, 1, inputs=["overlapping"]),
            layer("concatenate", "both", inputs=["left", "right"]),
            layer("batch-norm", "norm2", epsilon=1e-3),
            pool("average-pool", "mean3", 3, 1, 1),
            layer("add", "shortcut", inputs=["mean3", "norm2"]),
            layer("relu", "positive2"),
            layer("dropout", "dropped", rate=0.25),
            pool("average-pool", "mean2", 2, 2, 1),
            conv("strided", 5, 3, stride=2, padding=1),
            layer("global-average-pool", "mean"),
            layer("dense", "hidden", units=6),
            layer("relu", "positive3"),
            layer("dense", "classes", units=3),
        ],
    ),
    dict(
        name="digits in the old style",
        input=[1, 14, 14],
        layers=[
            conv("c1", 4, 5, padding=2),
            layer("relu", "r1"),
            pool("max-pool", "p1", 2, 2),
            conv("c2", 6, 3),
            layer("relu", "r2"),
            pool("max-pool", "p2", 2, 2),
            layer("flatten", "flat"),
            layer("dense", "d1", units=8),
            layer("relu", "r3"),
            layer("dense", "d2", units=10),
        ],
    ),
    dict(
        name="grouped, dilated and transposed convolutions, gates and norms over a patch",
        input=[3, 11, 10],
        layers=[
            conv("stem", 8, 3, stride=2, padding=1),
            layer("group-norm", "groups", groups=4, epsilon=1e-5),
            layer("silu", "swish"),
            conv("depthwise", 8, 3, padding=1, groups=8, bias=False),
            layer("layer-norm", "layered", epsilon=1e-4),
            layer("gelu", "gaussian"),
            conv("grouped", 12, 3, padding=2, dilation=2, groups=4),
            layer("leaky-relu", "leaky", slope=0.1),
            layer("squeeze-excitation", "gates", squeezed=3),
            layer("relu", "capped", ceiling=0.5),
            layer("transposed-convolution", "wider", filters=6, kernel=3, stride=2, padding=1, outputPadding=1, bias=True),
            layer("tanh", "bent"),
            conv("other", 6, 1),
            layer("sigmoid", "share"),
            layer("multiply", "product", inputs=["share", "bent"]),
            layer("softmax", "channels"),
            layer("global-max-pool", "largest"),
            layer("dense", "gate", units=6, bias=False),
            layer("multiply", "gated", inputs=["gate", "product"]),
            conv("last", 5, 2, stride=2),
            layer("flatten", "flat"),
            layer("dense", "hidden", units=6),
            layer("batch-norm", "features", epsilon=1e-3, orientations=1),
            layer("layer-norm", "even", epsilon=1e-5),
            layer("dense", "classes", units=4),
        ],
    ),
    *[
        dict(
            name=f"group convolutions over {group}",
            input=[2, 9, 9],
            layers=[
                turned_conv("lift", group, 2, 3, padding=1, bias=False),
                layer("batch-norm", "norm", epsilon=1e-5, orientations=orientations),
                layer("relu", "positive"),
                turned_conv("turn", group, 3, 3, stride=2, padding=1),
                layer("gelu", "bent"),
                pool("average-pool", "mean", 2, 1),
                turned_conv("point", group, 2, 1),
                layer("orientation-pool", "pooled", take=take, of=orientations),
                layer("global-average-pool", "end"),
                layer("dense", "classes", units=3),
            ],
        )
        for group, orientations, take in [("p4", 4, "mean"), ("p4m", 8, "max")]
    ],
]

ORIENTATIONS = dict(p4=4, p4m=8)


def shown(w, s):
    """Filters as orientation s shows them: mirrored left to right if s >= 4, then turned s % 4 times against the clock."""
    return torch.rot90(w.flip(-1) if s >= 4 else w, s % 4, [-2, -1])


def after(s, t):
    """The orientation that is s after t, found by trying."""
    probe = torch.arange(9.0).view(3, 3)
    both = shown(shown(probe, t), s)
    return next(u for u in range(8) if torch.equal(shown(probe, u), both))


def turned_filters(w, group):
    """[field, channel(, orientation), i, j] -> [field * orientation, channel * orientation, i, j] (Cohen, Welling 2016)."""
    n = ORIENTATIONS[group]
    out = []
    for s in range(n):
        undone = next(u for u in range(8) if after(u, s) == 0)
        if w.dim() == 5:
            out.append(shown(w[:, :, [after(undone, t) for t in range(n)]], s).flatten(1, 2))
        else:
            out.append(shown(w, s))
    return torch.stack(out, 1).flatten(0, 1)


def parameters_of(network, generator):
    """Parameters in the order of the layers; shapes found by running a batch of zeros."""
    shapes = {"input": network["input"]}
    parameters, oriented = {}, {}
    before = "input"
    normal = lambda *dims: torch.randn(*dims, generator=generator)
    for l in network["layers"]:
        source = shapes[(l["inputs"] or [before])[0]]
        if l["kind"] == "convolution":
            c = source[0] // l["groups"]
            parameters[l["id"] + ".weight"] = normal(l["filters"], c, l["kernel"], l["kernel"]) * (2 / (c * l["kernel"] ** 2)) ** 0.5
            if l["bias"]:
                parameters[l["id"] + ".bias"] = 0.1 * normal(l["filters"])
        elif l["kind"] == "transposed-convolution":
            parameters[l["id"] + ".weight"] = normal(source[0], l["filters"], l["kernel"], l["kernel"]) * (2 / source[0]) ** 0.5
            if l["bias"]:
                parameters[l["id"] + ".bias"] = 0.1 * normal(l["filters"])
        elif l["kind"] == "group-convolution":
            n = ORIENTATIONS[l["group"]]
            read = [source[0] // n, n] if oriented.get((l["inputs"] or [before])[0]) else [source[0]]
            parameters[l["id"] + ".weight"] = normal(l["filters"], *read, l["kernel"], l["kernel"]) * (2 / (source[0] * l["kernel"] ** 2)) ** 0.5
            if l["bias"]:
                parameters[l["id"] + ".bias"] = 0.1 * normal(l["filters"])
        elif l["kind"] == "dense":
            parameters[l["id"] + ".weight"] = normal(l["units"], source[0]) * (2 / source[0]) ** 0.5
            if l.get("bias", True):
                parameters[l["id"] + ".bias"] = 0.1 * normal(l["units"])
        elif l["kind"] == "squeeze-excitation":
            for part, dims in [("squeeze", (l["squeezed"], source[0])), ("excite", (source[0], l["squeezed"]))]:
                parameters[l["id"] + f".{part}-weight"] = normal(*dims) * (2 / dims[1]) ** 0.5
                parameters[l["id"] + f".{part}-bias"] = 0.1 * normal(dims[0])
        elif l["kind"] in ("batch-norm", "group-norm", "layer-norm"):
            fields = source[0] // l.get("orientations", 1)
            parameters[l["id"] + ".scale"] = 1 + 0.2 * normal(fields)
            parameters[l["id"] + ".shift"] = 0.2 * normal(fields)
        keeps = l["kind"] in ("batch-norm", "relu", "gelu", "average-pool") and oriented.get((l["inputs"] or [before])[0])
        oriented[l["id"]] = l["kind"] == "group-convolution" or keeps
        out = run([l], {k: torch.zeros(1, *v) for k, v in shapes.items()}, before, parameters, None, None)
        shapes[l["id"]] = list(out[0].shape[1:])
        before = l["id"]
    return parameters


def run(layers, values, before, parameters, masks, running):
    """@param running: None = statistics of the batch (training), else {layer: (mean, variance)}"""
    statistics = {}
    y = None
    for l in layers:
        inputs = [values[name] for name in (l["inputs"] or [before])]
        x, i, kind = inputs[0], l["id"], l["kind"]
        if kind == "convolution":
            y = F.conv2d(x, parameters[i + ".weight"], parameters.get(i + ".bias"), l["stride"], l["padding"], l["dilation"], l["groups"])
        elif kind == "transposed-convolution":
            y = F.conv_transpose2d(x, parameters[i + ".weight"], parameters.get(i + ".bias"), l["stride"], l["padding"], l["outputPadding"])
        elif kind == "group-convolution":
            bias = parameters.get(i + ".bias")
            bias = None if bias is None else bias.repeat_interleave(ORIENTATIONS[l["group"]])
            y = F.conv2d(x, turned_filters(parameters[i + ".weight"], l["group"]), bias, l["stride"], l["padding"])
        elif kind == "orientation-pool":
            fields = x.unflatten(1, (-1, l["of"]))
            y = fields.mean(2) if l["take"] == "mean" else fields.amax(2)
        elif kind == "batch-norm":
            # Orientations of a field become rows of one channel.
            fields = x.unflatten(1, (-1, l.get("orientations", 1)))
            mean, variance = (None, None) if running is None else running[i]
            training = running is None and x.shape[0] * x[0, 0].numel() > 1
            if running is None and not training:
                mean, variance = torch.zeros(fields.shape[1]), torch.ones(fields.shape[1])
            y = F.batch_norm(fields, mean, variance, parameters[i + ".scale"], parameters[i + ".shift"], training, 0, l["epsilon"]).view_as(x)
            axes = [d for d in range(fields.dim()) if d != 1]
            statistics[i] = (fields.mean(axes).detach(), fields.var(axes, unbiased=False).detach())
        elif kind == "group-norm":
            y = F.group_norm(x, l["groups"], parameters[i + ".scale"], parameters[i + ".shift"], l["epsilon"])
        elif kind == "layer-norm":
            scale, shift = parameters[i + ".scale"], parameters[i + ".shift"]
            places = [1] * (x.dim() - 2)
            y = F.layer_norm(x, x.shape[1:], None, None, l["epsilon"]) * scale.view(-1, *places) + shift.view(-1, *places)
        elif kind == "relu":
            y = F.hardtanh(x, 0, l["ceiling"]) if "ceiling" in l else F.relu(x)
        elif kind == "leaky-relu":
            y = F.leaky_relu(x, l["slope"])
        elif kind == "gelu":
            y = F.gelu(x)
        elif kind == "silu":
            y = F.silu(x)
        elif kind == "sigmoid":
            y = torch.sigmoid(x)
        elif kind == "tanh":
            y = torch.tanh(x)
        elif kind == "softmax":
            y = F.softmax(x, 1)
        elif kind == "global-max-pool":
            y = F.adaptive_max_pool2d(x, 1).flatten(1)
        elif kind == "squeeze-excitation":
            p = {k[len(i) + 1 :]: v for k, v in parameters.items() if k.startswith(i + ".")}
            hidden = F.relu(F.linear(x.mean((2, 3)), p["squeeze-weight"], p["squeeze-bias"]))
            y = x * torch.sigmoid(F.linear(hidden, p["excite-weight"], p["excite-bias"]))[:, :, None, None]
        elif kind == "multiply":
            a, b = (v if v.dim() == max(u.dim() for u in inputs) else v[:, :, None, None] for v in inputs)
            y = a * b
        elif kind == "max-pool":
            y = F.max_pool2d(x, l["kernel"], l["stride"], l["padding"])
        elif kind == "average-pool":
            y = F.avg_pool2d(x, l["kernel"], l["stride"], l["padding"], count_include_pad=False)
        elif kind == "global-average-pool":
            y = x.mean((2, 3))
        elif kind == "flatten":
            y = x.flatten(1)
        elif kind == "dense":
            y = F.linear(x, parameters[i + ".weight"], parameters.get(i + ".bias"))
        elif kind == "dropout":
            y = x if masks is None else x * masks[i]
        elif kind == "add":
            y = sum(inputs)
        elif kind == "concatenate":
            y = torch.cat(inputs, 1)
        values[i] = y
        before = i
    return y, statistics


def numbers(tensor):
    return [float(f"{v:.{DIGITS}g}") for v in tensor.detach().flatten().tolist()]


def flat(tensors):
    return numbers(torch.cat([t.flatten() for t in tensors])) if tensors else []


def single(tensor):
    """Rounded to single precision, which is what the engine is given: both sides must start from the same numbers."""
    return tensor.float().double()


def golden_network(network, seed, batch):
    g = torch.Generator().manual_seed(seed)
    parameters = {k: single(v).requires_grad_() for k, v in parameters_of(network, g).items()}
    patches = single(torch.randn(batch, *network["input"], generator=g))
    classes = network["layers"][-1]["units"]
    truth = torch.randint(0, classes, (batch,), generator=g)
    target = single(F.one_hot(truth, classes) * 0.9 + 0.1 / classes)

    probe = {"input": patches}
    run(network["layers"], probe, "input", parameters, None, None)
    masks = {}
    for l in network["layers"]:
        if l["kind"] == "dropout":
            keep = torch.rand(probe[l["id"]].shape, generator=g) >= l["rate"]
            masks[l["id"]] = single(keep / (1 - l["rate"]))
    logits, statistics = run(network["layers"], {"input": patches}, "input", parameters, masks, None)
    loss = -(target * F.log_softmax(logits, 1)).sum() / batch
    loss.backward()

    running = {
        l["id"]: (single(0.1 * torch.randn(statistics[l["id"]][0].shape, generator=g)), single(1 + torch.rand(statistics[l["id"]][0].shape, generator=g)))
        for l in network["layers"]
        if l["kind"] == "batch-norm"
    }
    used, _ = run(network["layers"], {"input": patches}, "input", parameters, None, running)
    clean = dict(network, layers=[{k: v for k, v in l.items() if v is not None and k != "of"} for l in network["layers"]])
    return dict(
        network=clean,
        seed=seed,
        batch=batch,
        parameters=flat(list(parameters.values())),
        patches=numbers(patches),
        target=numbers(target),
        masks={k: numbers(v) for k, v in masks.items()},
        loss=float(loss),
        logits=numbers(logits),
        gradient=flat([p.grad for p in parameters.values()]),
        mean=flat([s[0] for s in statistics.values()]),
        variance=flat([s[1] for s in statistics.values()]),
        running=dict(mean=flat([r[0] for r in running.values()]), variance=flat([r[1] for r in running.values()])),
        probabilities=numbers(F.softmax(used, 1)),
    )


def golden_optimiser(make, name, seed, steps=25):
    """Six numbers pulled to the bottom of a crooked bowl; the first four decay, the last two do not. The rate changes."""
    g = torch.Generator().manual_seed(seed)
    start = single(torch.randn(6, generator=g))
    matrix = single(torch.randn(6, 6, generator=g))
    decaying, plain = start[:4].clone().requires_grad_(), start[4:].clone().requires_grad_()
    optimiser = make([dict(params=[decaying]), dict(params=[plain], weight_decay=0)])
    rates, path = [], []
    for step in range(steps):
        rate = 0.05 * (1 - step / steps)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        x = torch.cat([decaying, plain])
        (0.5 * ((matrix @ x) ** 2).sum() + torch.cos(x).sum()).backward()
        optimiser.step()
        rates.append(rate)
        path.append(numbers(torch.cat([decaying, plain])))
    return dict(name=name, seed=seed, start=numbers(start), matrix=numbers(matrix), decaying=4, rates=rates, path=path)


def write(name, content):
    made = dict(script="make_networks.py", torch=torch.__version__, precision="float64")
    (HERE / name).write_text(json.dumps(dict(made=made, **content)) + "\n")


if __name__ != "__main__":
    # Others use what is above: make_inside.py.
    write = lambda name, content: None

write("networks.json", dict(cases=[golden_network(n, 11 + i, 4) for i, n in enumerate(NETWORKS)]))
write(
    "optimisers.json",
    dict(
        cases=[
            golden_optimiser(lambda p: torch.optim.AdamW(p, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05), "AdamW", 21),
            golden_optimiser(lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, nesterov=True, weight_decay=5e-4), "Nesterov", 22),
        ]
    ),
)
