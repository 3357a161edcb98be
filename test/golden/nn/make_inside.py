#!/usr/bin/env python3
"""Golden numbers of the inside of trained networks, by PyTorch in double precision: what layers make of a patch, and the
gradient of a class (before softmax) at a layer and at the patch, and Grad-CAM as its paper has it.

Run with PyTorch 1.13 (Debian 12: python3-torch) after make_networks.py:  python3 make_inside.py
Reads networks.json (networks, weights, running averages, patches), writes inside.json.
"""
import json
import pathlib

import torch

from make_networks import numbers, parameters_of, run

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
# Of each network: a layer whose maps are weighed.
LAYERS = {
    "every kind of layer": "both",
    "digits in the old style": "r2",
}


def inside(case):
    network = case["network"]
    layer = LAYERS[network["name"]]
    layers = [dict(dict(inputs=None), **each) for each in network["layers"]]
    g = torch.Generator().manual_seed(case["seed"])
    parameters, flat, at = {}, torch.tensor(case["parameters"]), 0
    for name, value in parameters_of(dict(network, layers=layers), g).items():
        parameters[name] = flat[at : at + value.numel()].view(value.shape)
        at += value.numel()
    running, place = {}, 0
    for each in layers:
        if each["kind"] == "batch-norm":
            channels = parameters[each["id"] + ".scale"].numel()
            running[each["id"]] = tuple(torch.tensor(case["running"][what][place : place + channels]) for what in ("mean", "variance"))
            place += channels
    size = torch.tensor(network["input"]).prod().item()
    patch = torch.tensor(case["patches"][:size]).view(1, *network["input"]).requires_grad_()
    values = {"input": patch}
    logits, _ = run(layers, values, "input", parameters, None, running)
    chosen = 1
    maps = values[layer]
    at_maps, at_patch = torch.autograd.grad(logits[0, chosen], [maps, patch])
    weights = at_maps.mean((2, 3), keepdim=True)
    return dict(
        name=network["name"],
        seed=case["seed"],
        layer=layer,
        chosen=chosen,
        logits=numbers(logits),
        maps=numbers(maps),
        at_maps=numbers(at_maps),
        at_patch=numbers(at_patch),
        grad_cam=numbers(torch.relu((weights * maps).sum(1))),
    )


cases = [each for each in json.loads((HERE / "networks.json").read_text())["cases"] if each["network"]["name"] in LAYERS]
made = dict(script="make_inside.py", torch=torch.__version__, precision="float64")
(HERE / "inside.json").write_text(json.dumps(dict(made=made, cases=[inside(each) for each in cases])) + "\n")
