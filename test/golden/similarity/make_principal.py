#!/usr/bin/env python3
"""Golden numbers of principal components, by numpy: a singular value decomposition of the centred features in float64,
where the program has the eigenvectors of their covariance.

Run with numpy 1.24 (Debian 12: python3-numpy):  python3 make_principal.py
Writes principal.json beside this file. Seeds are in the file.
"""
import json
import pathlib

import numpy as np


def principal(x):
    centred = x - x.mean(0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:2]
    largest = np.abs(directions).argmax(1)
    directions = directions * np.sign(directions[np.arange(2), largest])[:, None]
    variance = singular**2
    return centred @ directions.T, variance[:2] / variance.sum()


cases = []
for name, seed, rows, columns, spectrum in [
    ("a few clear directions", 1, 60, 12, 0.6),
    ("a slowly falling spectrum", 2, 80, 40, 0.95),
    ("fewer rows than columns", 3, 8, 20, 0.9),
    ("two columns", 4, 30, 2, 0.5),
]:
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(columns, columns)))
    x = (random.normal(size=(rows, columns)) * spectrum ** np.arange(columns)) @ turn + 3 * random.normal(size=columns)
    x = x.astype(np.float32).round(4)
    positions, explained = principal(x.astype(np.float64))
    cases.append(
        {
            "name": name,
            "seed": seed,
            "columns": columns,
            "features": [round(float(each), 4) for each in x.ravel()],
            "positions": [round(float(each), 7) for each in positions.ravel()],
            "explained": [round(float(each), 9) for each in explained],
        }
    )
out = pathlib.Path(__file__).parent / "principal.json"
out.write_text(json.dumps({"cases": cases}) + "\n")
