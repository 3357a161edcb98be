#!/usr/bin/env python3
"""Golden numbers of evaluation, by scikit-learn and SciPy; DeLong's variance straight from its definition.

Run with scikit-learn 1.2, SciPy 1.10 (Debian 12: python3-sklearn):  python3 make_metrics.py
Writes metrics.json beside this file. Seeds are in the file.
"""
import json
import math
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.stats import binomtest, norm
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, roc_auc_score

RESAMPLES = 2000


def delong_logit(scores, positive):
    """All pairs, no ranks: psi = 1 where a positive is above a negative, 1/2 where equal."""
    p, n = scores[positive], scores[~positive]
    psi = (p[:, None] > n[None, :]) + 0.5 * (p[:, None] == n[None, :])
    auc = psi.mean()
    variance = psi.mean(1).var(ddof=1) / len(p) + psi.mean(0).var(ddof=1) / len(n)
    half = norm.ppf(0.975) * math.sqrt(variance) / (auc * (1 - auc))
    logit = math.log(auc / (1 - auc))
    return [1 / (1 + math.exp(half - logit)), 1 / (1 + math.exp(-half - logit))]


def bootstrap(truth, figure, rng):
    strata = [np.flatnonzero(truth == k) for k in np.unique(truth)]
    drawn = [figure(np.concatenate([rng.choice(s, len(s)) for s in strata])) for _ in range(RESAMPLES)]
    return np.quantile(drawn, [0.025, 0.975]).tolist()


def case(name, seed, n, shares, separation, digits):
    """Scores of a mediocre classifier; rounded to a few digits so that many are equal."""
    rng = np.random.default_rng(seed)
    classes = len(shares)
    truth = rng.choice(classes, n, p=shares)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), truth] += separation
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p = p.round(digits)
    if classes == 2:
        p[:, 0] = 1 - p[:, 1]
    p = p.astype(np.float32)
    predicted = p.argmax(1)
    macro = lambda rows: float(np.mean([roc_auc_score(truth[rows] == k, p[rows, k]) for k in np.unique(truth)]))
    everything = np.arange(n)
    auc = float(roc_auc_score(truth, p[:, 1])) if classes == 2 else macro(everything)
    wilson = binomtest(int((predicted == truth).sum()), n).proportion_ci(method="wilson")
    return dict(
        name=name,
        seed=seed,
        classes=classes,
        truth=truth.tolist(),
        probabilities=[float(f"{v:.9g}") for v in p.flatten().tolist()],
        accuracy=float(accuracy_score(truth, predicted)),
        accuracyInterval=[wilson.low, wilson.high],
        balancedAccuracy=float(balanced_accuracy_score(truth, predicted)),
        balancedAccuracyInterval=bootstrap(truth, lambda r: balanced_accuracy_score(truth[r], predicted[r]), rng),
        auc=auc,
        aucInterval=delong_logit(p[:, 1].astype(float), truth == 1) if classes == 2 else bootstrap(truth, macro, rng),
        confusion=confusion_matrix(truth, predicted, labels=range(classes)).tolist(),
        majorityBaseline=float(np.bincount(truth).max() / n),
    )


cases = [
    case("two classes, no ties", 31, 150, [0.5, 0.5], 1.2, 7),
    case("two classes, one rare, many ties", 32, 220, [0.92, 0.08], 1.0, 1),
    case("two classes, nearly apart", 33, 120, [0.6, 0.4], 2.2, 4),
    case("five classes, uneven, many ties", 34, 260, [0.4, 0.3, 0.15, 0.1, 0.05], 1.5, 2),
]
made = dict(script="make_metrics.py", sklearn=sklearn.__version__, scipy=scipy.__version__, numpy=np.__version__)
pathlib.Path(__file__).with_name("metrics.json").write_text(json.dumps(dict(made=made, cases=cases), allow_nan=False) + "\n")
