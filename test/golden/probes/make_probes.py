#!/usr/bin/env python3
"""Golden numbers of the classifiers on features, by numpy alone and by other ways than the program's.

kNN and class means straight from their definitions with Euclidean distances; logistic regression by Newton's method with
the whole Hessian in float64; the temperature by Newton's method on the inverse temperature.

Run with numpy 1.24 (Debian 12: python3-numpy):  python3 make_probes.py
Writes probes.json beside this file. Seeds are in the file.
"""
import json
import pathlib

import numpy as np


def centred_unit(x, mean):
    z = x - mean
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def knn(train, labels, test, classes, k, weighted):
    mean = train.mean(0)
    a, b = centred_unit(train, mean), centred_unit(test, mean)
    distance = np.sqrt(((b[:, None, :] - a[None, :, :]) ** 2).sum(2))
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :k]
    near = np.take_along_axis(distance, nearest, axis=1)
    weight = 1 / np.maximum(near, 1e-3) if weighted else np.ones_like(near)
    votes = np.stack([(weight * (labels[nearest] == c)).sum(1) for c in range(classes)], axis=1)
    return nearest, near, votes / votes.sum(1, keepdims=True)


def prototypes(train, labels, test, classes):
    mean = train.mean(0)
    a, b = centred_unit(train, mean), centred_unit(test, mean)
    means = np.stack([a[labels == c].mean(0) for c in range(classes)])
    return -(((b[:, None, :] - means[None]) ** 2).sum(2))


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def logistic(x, labels, classes, strength):
    """Newton's method. The biases' common shift is free, so the step is taken with the pseudo-inverse from 0."""
    n, d = x.shape
    x1 = np.hstack([x, np.ones((n, 1))])
    onehot = np.eye(classes)[labels]
    w = np.zeros((classes, d + 1))
    pull = np.tile(np.append(np.full(d, strength), 0), classes)
    for _ in range(100):
        p = softmax(x1 @ w.T)
        gradient = ((p - onehot).T @ x1 / n).ravel() + pull * w.ravel()
        if np.linalg.norm(gradient) < 1e-13:
            break
        hessian = np.zeros((classes * (d + 1),) * 2)
        for a in range(classes):
            for b in range(classes):
                share = p[:, a] * ((a == b) - p[:, b])
                block = (x1 * share[:, None]).T @ x1 / n
                hessian[a * (d + 1):(a + 1) * (d + 1), b * (d + 1):(b + 1) * (d + 1)] = block
        hessian += np.diag(pull)
        w = w - (np.linalg.pinv(hessian) @ gradient).reshape(w.shape)
    loss = -np.log(softmax(x1 @ w.T)[np.arange(n), labels]).mean() + strength / 2 * (w[:, :d] ** 2).sum()
    return w, loss


def temperature(logits, labels):
    n, classes = logits.shape
    target = np.full((n, classes), 1 / (n + 2) / (classes - 1))
    target[np.arange(n), labels] = 1 - 1 / (n + 2)
    beta = 1.0
    for _ in range(100):
        p = softmax(beta * logits)
        slope = ((p - target) * logits).sum(1).mean()
        mean = (p * logits).sum(1, keepdims=True)
        curvature = (p * (logits - mean) ** 2).sum(1).mean()
        step = slope / curvature
        beta = max(beta / 4, beta - step)
        if abs(step) < 1e-14:
            break
    return 1 / beta


def case(name, seed, n, test_n, d, classes, separation, k):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, d)) * separation
    labels = rng.integers(0, classes, n)
    scales = np.exp(rng.normal(size=d))
    def draw(of):
        return ((centres[of] + rng.normal(size=(len(of), d))) * scales + 3 * scales).astype(np.float32)
    train = draw(labels)
    test_labels = rng.integers(0, classes, test_n)
    test = draw(test_labels)
    t64, q64 = train.astype(np.float64), test.astype(np.float64)
    nearest, near, votes = knn(t64, labels, q64, classes, k, False)
    votes_weighted = knn(t64, labels, q64, classes, k, True)[2]
    mean, std = t64.mean(0), t64.std(0)
    standardised = ((t64 - mean) / std).astype(np.float32)
    w, loss = logistic(standardised.astype(np.float64), labels, classes, 1e-2)
    logits = np.hstack([((q64 - mean) / std).astype(np.float32).astype(np.float64), np.ones((test_n, 1))]) @ w.T
    return {
        "name": name, "seed": seed, "k": k, "classes": classes, "columns": d,
        "train": train.ravel().tolist(), "labels": labels.tolist(),
        "test": test.ravel().tolist(), "testLabels": test_labels.tolist(),
        "nearest": nearest.ravel().tolist(), "distance": near.ravel().tolist(),
        "votes": votes.ravel().tolist(), "votesWeighted": votes_weighted.ravel().tolist(),
        "prototypeLogits": prototypes(t64, labels, q64, classes).ravel().tolist(),
        "l2": 1e-2, "logistic": w.ravel().tolist(), "logisticLoss": loss,
        "linearLogits": logits.ravel().tolist(),
        "temperature": temperature(logits, test_labels),
    }


cases = [
    case("two classes", 1, 60, 20, 5, 2, 0.7, 5),
    case("three classes, more columns", 2, 80, 25, 9, 3, 0.5, 7),
    case("four classes far apart", 3, 50, 15, 6, 4, 2.0, 20),
]
here = pathlib.Path(__file__).parent
(here / "probes.json").write_text(json.dumps({"numpy": np.__version__, "cases": cases}) + "\n")
