"""What a curious program could measure of a server's answers: their sizes, and how long they take."""

import time

import numpy as np

from .conftest import truth_of
from .test_killed import signed_in

PATHS = ("/study/case/{}", "/api/case/{}", "/api/case/{}/pixels")


def measured(address, study, *, seed, rounds=20):
    """Sizes (a set for each path) and times in s, shape (cases, paths x (first byte, whole), rounds); and the cases.

    Each round asks for all cases in an order of its own.
    """
    client, cases = signed_in(address, study)
    sizes = {path: set() for path in PATHS}
    times = np.zeros((len(cases), 2 * len(PATHS), rounds))
    order = np.random.default_rng(seed)
    for number in range(rounds):
        for case in order.permutation(len(cases)):
            for column, path in enumerate(PATHS):
                start = time.perf_counter()
                with client.stream("GET", path.format(cases[case])) as answer:
                    first = time.perf_counter() - start
                    size = sum(map(len, answer.iter_raw()))
                whole = time.perf_counter() - start
                assert answer.status_code == 200
                headers = sorted((k, v) for k, v in answer.headers.items() if k not in ("date", "content-length"))
                digits = len(str(case + 1)) if path == "/api/case/{}" else 0  # it tells the case's number
                sizes[path].add((size - digits, str(headers)))
                times[case, 2 * column : 2 * column + 2, number] = first, whole
    client.close()
    return sizes, times, cases


def forged_of(study, cases):
    """Whether each case is forged."""
    from tamperscope.study.store import Store

    truth, store = truth_of(study), Store(study)
    return np.array([truth[store.cases[case].image_id]["forged"] for case in cases])


def guessed(times, forged):
    """How forged each case looks by its times alone: boosted trees, cross-validated ten times over the cases."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    features = np.concatenate([np.median(times, 2), times.min(2), times.mean(2)], axis=1)
    trees = GradientBoostingClassifier(n_estimators=60, max_depth=2, random_state=0)
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    return cross_val_predict(trees, features, forged, cv=folds, method="predict_proba")[:, 1]
