#!/usr/bin/env python3
"""Golden stain channels, by NumPy in double precision, independent of Tessera's code.

Run with NumPy (made with 1.24):  python3 make_stain_channels.py
Writes stain_channels.json beside this file. `separate` and `combine` are scikit-image's separate_stains and
combine_stains as published (skimage/color/colorconv.py: log over log(1e-6), times the inverse matrix, not below 0, and
back), which gives amounts on a scale of its own; here they are multiplied by -log(1e-6), which makes them natural optical
density. The matrices are Ruifrok and Johnston's (2001) rows of unit length, with the cross product of two stains in the
third, as scikit-image's rgb_from_hdx has it. A byte is taken as (value + 1) / 256, as Tessera's stain jitter does.
"""
import json
import pathlib

import numpy as np

SEED = 11
LOG_ADJUST = np.log(1e-6)
VECTORS = dict(h=[0.65, 0.70, 0.29], e=[0.07, 0.99, 0.11], dab=[0.27, 0.57, 0.78])


def unit(row):
    return np.array(row) / np.linalg.norm(row)


def pair(first, second):
    rows = [unit(VECTORS[first]), unit(VECTORS[second])]
    return np.array([*rows, unit(np.cross(*rows))])


def separate(rgb, stain_from_rgb):
    rgb = np.maximum(rgb, 1e-6)
    return np.maximum((np.log(rgb) / LOG_ADJUST) @ stain_from_rgb, 0)


def combine(stains, rgb_from_stain):
    return np.clip(np.exp(-(stains * -LOG_ADJUST) @ rgb_from_stain), 0, 1)


random = np.random.default_rng(SEED)
pixels = np.concatenate([random.integers(0, 256, size=(60, 3)), [[0, 0, 0], [255, 255, 255], [180, 120, 160]]])
cases = []
for name, second in (("h-e", "e"), ("h-dab", "dab")):
    rgb_from_stain = pair("h", second)
    amounts = separate((pixels + 1) / 256, np.linalg.inv(rgb_from_stain))
    for place, shown in enumerate(("haematoxylin", "other", "residual")):
        for grey in (False, True):
            if shown == "residual" and not grey:
                continue
            alone = np.zeros_like(amounts)
            alone[:, place] = amounts[:, place]
            drawn = rgb_from_stain.copy()
            if grey:
                drawn[place] = unit([1, 1, 1])
            cases.append(
                dict(
                    stains=name,
                    shown=shown,
                    grey=grey,
                    amounts=(amounts[:, place] * -LOG_ADJUST).round(9).tolist(),
                    values=np.clip(256 * combine(alone, drawn) - 1, 0, 255).round(4).flatten().tolist(),
                )
            )

made = dict(script="make_stain_channels.py", numpy=np.__version__, seed=SEED)
pathlib.Path(__file__).with_name("stain_channels.json").write_text(
    json.dumps(dict(made=made, pixels=pixels.flatten().tolist(), cases=cases)) + "\n"
)
