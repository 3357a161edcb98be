#!/usr/bin/env python3
"""Golden numbers of the classifiers on features, by scikit-learn, on the cases of probes.json and on 5,000 real tiles.

The tiles are the 43 texture features of Kather et al. 2016 (doi 10.5281/zenodo.53169, CC BY 4.0), 8 classes; every fifth is
held out. Only results are stored, never features. The file has no slide of a tile, so its figures are no promise about
other slides; here they only have to be those of scikit-learn.

Run with scikit-learn 1.2.1, numpy 1.24, scipy 1.10 (Debian 12: python3-sklearn), after make_probes.py:
    python3 make_sklearn.py FOLDER/kather2016_best2_43feat_5000tiles.mat
Writes sklearn.json beside this file.
"""
import json
import pathlib
import sys
import warnings

import numpy as np
import scipy.io
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import Normalizer, StandardScaler

here = pathlib.Path(__file__).parent


def centred_unit(train, test):
    mean = train.mean(0)
    unit = Normalizer()
    return unit.fit_transform(train - mean), unit.fit_transform(test - mean)


def knn(train, labels, test, k, weights):
    a, b = centred_unit(train, test)
    model = KNeighborsClassifier(n_neighbors=k, weights=weights, algorithm="brute", metric="euclidean").fit(a, labels)
    return model.predict_proba(b)


def prototypes(train, labels, test):
    a, b = centred_unit(train, test)
    return NearestCentroid().fit(a, labels).predict(b)


def linear(train, labels, test, strength):
    """scikit-learn's C weighs the sum of the losses against ½‖W‖²; ours is a mean, so C = 1 / (n · strength)."""
    scaler = StandardScaler().fit(train)
    model = LogisticRegression(
        C=1 / (len(train) * strength), multi_class="multinomial", solver="newton-cg", tol=1e-6, max_iter=1000
    ).fit(scaler.transform(train), labels)
    return model.predict_proba(scaler.transform(test))


def round_to(values, digits):
    return np.round(values, digits).ravel().tolist()


def synthetic(case):
    columns = case["columns"]
    train = np.array(case["train"]).reshape(-1, columns)
    test = np.array(case["test"]).reshape(-1, columns)
    labels = np.array(case["labels"])
    return {
        "name": case["name"],
        "votes": round_to(knn(train, labels, test, case["k"], "uniform"), 12),
        "votesWeighted": round_to(knn(train, labels, test, case["k"], "distance"), 9),
        "prototypes": prototypes(train, labels, test).tolist(),
        "linear": round_to(linear(train, labels, test, case["l2"]), 9),
    }


def tiles(file, k, strength, seeds):
    rows = scipy.io.loadmat(file)["source_and_target"]
    # features are kept as float32
    features, labels = rows[:, :-1].astype(np.float32).astype(np.float64), rows[:, -1].astype(int) - 1
    held = np.arange(len(rows)) % 5 == 0
    scaler = StandardScaler().fit(features[~held])
    train, test = scaler.transform(features[~held]), scaler.transform(features[held])
    fitted, truth = labels[~held], labels[held]
    votes = knn(train, fitted, test, k, "uniform")
    probabilities = linear(train, fitted, test, strength)
    mlps = [
        MLPClassifier((128,), batch_size=64, learning_rate_init=1e-3, max_iter=20, random_state=seed)
        .fit(train, fitted)
        .score(test, truth)
        for seed in seeds
    ]
    return {
        "k": k,
        "l2": strength,
        "votes": np.round(votes * k).astype(int).ravel().tolist(),
        "prototypes": prototypes(train, fitted, test).tolist(),
        "linear": round_to(probabilities, 6),
        "accuracy": {
            "knn": accuracy_score(truth, votes.argmax(1)),
            "linear": accuracy_score(truth, probabilities.argmax(1)),
            "prototypes": accuracy_score(truth, prototypes(train, fitted, test)),
        },
        "linearFigures": {
            "balancedAccuracy": balanced_accuracy_score(truth, probabilities.argmax(1)),
            "auc": roc_auc_score(truth, probabilities, multi_class="ovr", average="macro"),
            "logLoss": log_loss(truth, probabilities),
        },
        "mlp": {"seeds": seeds, "accuracy": mlps},
    }


warnings.simplefilter("error")
# a few passes are what is compared; scikit-learn would like more
warnings.simplefilter("ignore", ConvergenceWarning)
cases = [synthetic(case) for case in json.loads((here / "probes.json").read_text())["cases"]]
found = {"sklearn": sklearn.__version__, "numpy": np.__version__, "cases": cases, "tiles": tiles(sys.argv[1], 20, 1e-2, [1, 2, 3, 4, 5])}
(here / "sklearn.json").write_text(json.dumps(found) + "\n")
