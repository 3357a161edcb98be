#!/usr/bin/env python3
"""Golden trainings and learning rates, by PyTorch in double precision.

Run with PyTorch 1.13 (Debian 12: python3-torch):  python3 make_trajectories.py
Writes trajectories.json beside this file: 20 steps of one small network (convolution, batch norm, dense) with each
optimiser, and the rates of each schedule over 40 steps. Seeds are in the file.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
DIGITS = 10
STEPS = 20
BATCH = 4
torch.set_default_dtype(torch.float64)


def numbers(tensor):
    return [float(f"{v:.{DIGITS}g}") for v in tensor.detach().flatten().tolist()]


def single(tensor):
    return tensor.float().double()


def trajectory(name, make, seed, clip=None, average=None, weights=None):
    """One network, a new batch at each step, a rate that falls; weight decay on the two weights alone."""
    g = torch.Generator().manual_seed(seed)
    normal = lambda *dims: single(torch.randn(*dims, generator=g))
    p = dict(
        conv=single(normal(4, 1, 3, 3) / 3),
        scale=single(1 + 0.1 * normal(4)),
        shift=single(0.1 * normal(4)),
        dense=single(normal(3, 4) / 2),
        bias=single(0.1 * normal(3)),
    )
    start = torch.cat([v.flatten() for v in p.values()])
    for v in p.values():
        v.requires_grad_()
    mean, variance = torch.zeros(4), torch.ones(4)
    optimiser = make([dict(params=[p["conv"], p["dense"]]), dict(params=[p["scale"], p["shift"], p["bias"]], weight_decay=0)])
    ema = None if average is None else [start.clone(), mean.clone(), variance.clone()]
    batches, losses, norms = [], [], []
    for step in range(STEPS):
        x = normal(BATCH, 1, 5, 5)
        truth = torch.randint(0, 3, (BATCH,), generator=g)
        target = single(F.one_hot(truth, 3) * 0.9 + 0.1 / 3)
        if weights is not None:
            target = single(target * torch.tensor(weights)[truth][:, None])
        batches.append(dict(patches=numbers(x), target=numbers(target)))
        for group in optimiser.param_groups:
            group["lr"] = 0.05 * (1 - step / STEPS)
        optimiser.zero_grad()
        # running statistics as Tessera keeps them: the plain mean of the first ten batches, then a tenth for each
        momentum = max(0.1, 1 / (step + 1))
        y = F.batch_norm(F.conv2d(x, p["conv"], padding=1), mean, variance, p["scale"], p["shift"], True, momentum, 1e-5)
        logits = F.linear(F.relu(y).mean((2, 3)), p["dense"], p["bias"])
        loss = -(target * F.log_softmax(logits, 1)).sum() / BATCH
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(p.values()), clip if clip is not None else 1e9)
        optimiser.step()
        losses.append(float(loss))
        norms.append(float(norm))
        if ema is not None:
            kept = min(average, (1 + step) / (10 + step))
            now = [torch.cat([v.detach().flatten() for v in p.values()]), mean, variance]
            ema = [kept * a + (1 - kept) * b for a, b in zip(ema, now)]
    return dict(
        name=name,
        seed=seed,
        clip=clip,
        averageDecay=average,
        start=numbers(start),
        rates=[0.05 * (1 - step / STEPS) for step in range(STEPS)],
        batches=batches,
        losses=losses,
        norms=norms,
        end=numbers(torch.cat([v.flatten() for v in p.values()])),
        mean=numbers(mean),
        variance=numbers(variance),
        average=None if ema is None else [numbers(e) for e in ema],
    )


def rates(make, steps=40, peak=0.1):
    parameter = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.SGD([parameter], lr=peak)
    schedule = make(optimiser, steps)
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return found


L = torch.optim.lr_scheduler


def warm(optimiser, warm_up, after):
    first = L.LinearLR(optimiser, start_factor=1 / warm_up, total_iters=warm_up - 1)
    return L.SequentialLR(optimiser, [first, after], milestones=[warm_up])


schedules = [
    dict(
        name="cosine after a warm-up of 4 steps",
        schedule=dict(kind="cosine", warmUp=0.1),
        rates=rates(lambda o, n: warm(o, 4, L.CosineAnnealingLR(o, T_max=n - 4))),
    ),
    dict(
        name="one cycle, a quarter of it up",
        schedule=dict(kind="one-cycle", warmUp=0.25, startDivisor=25, endDivisor=10000),
        rates=rates(lambda o, n: L.OneCycleLR(o, max_lr=0.1, total_steps=n, pct_start=0.25, div_factor=25, final_div_factor=1e4, cycle_momentum=False)),
    ),
    dict(
        name="steps at a half and three quarters",
        schedule=dict(kind="step", warmUp=0, at=[0.5, 0.75], factor=0.1),
        rates=rates(lambda o, n: L.MultiStepLR(o, milestones=[20, 30], gamma=0.1)),
    ),
    dict(
        name="constant after a warm-up of 8 steps",
        schedule=dict(kind="constant", warmUp=0.2),
        rates=rates(lambda o, n: L.LinearLR(o, start_factor=1 / 8, total_iters=7)),
    ),
]

trajectories = [
    trajectory("sgd", lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, nesterov=True, weight_decay=5e-4), 31),
    trajectory("adam", lambda p: torch.optim.Adam(p, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01), 32),
    trajectory("adamw", lambda p: torch.optim.AdamW(p, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05), 33),
    trajectory("adamw", lambda p: torch.optim.AdamW(p, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05), 34, clip=0.3, average=0.9),
    trajectory("sgd", lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, nesterov=True, weight_decay=5e-4), 35, clip=0.5, weights=[0.5, 1.0, 3.0]),
]

made = dict(script="make_trajectories.py", torch=torch.__version__, precision="float64")
(HERE / "trajectories.json").write_text(json.dumps(dict(made=made, trajectories=trajectories, schedules=schedules)) + "\n")
