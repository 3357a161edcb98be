#!/usr/bin/env python3
"""Golden stain jitter, by NumPy in double precision, independent of Tessera's code.

Run with NumPy (made with 1.24):  python3 make_stains.py
Writes stains.json beside this file. The matrix is that of Ruifrok and Johnston (2001) as scikit-image's rgb_from_hed has
it; the change is that of Tellez et al. (2018): amount' = alpha * amount + beta for each stain, on natural optical density.
"""
import json
import pathlib

import numpy as np

SEED = 7
rgb_from_hed = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
rgb_from_hed /= np.linalg.norm(rgb_from_hed, axis=1, keepdims=True)
hed_from_rgb = np.linalg.inv(rgb_from_hed)

random = np.random.default_rng(SEED)
cases = []
for sigma in (0.05, 0.2):
    for _ in range(5):
        pixels = random.integers(20, 256, size=(12, 3))
        alpha = 1 + random.uniform(-sigma, sigma, 3)
        beta = random.uniform(-sigma, sigma, 3)
        density = -np.log((pixels + 1) / 256)
        amounts = density @ hed_from_rgb
        changed = 256 * np.exp(-((alpha * amounts + beta) @ rgb_from_hed)) - 1
        cases.append(
            dict(
                alpha=alpha.round(9).tolist(),
                beta=beta.round(9).tolist(),
                pixels=pixels.flatten().tolist(),
                changed=np.clip(changed, 0, 255).round(4).flatten().tolist(),
            )
        )

made = dict(script="make_stains.py", numpy=np.__version__, seed=SEED)
pathlib.Path(__file__).with_name("stains.json").write_text(json.dumps(dict(made=made, cases=cases)) + "\n")
