"""A detector that says what a test tells it to, with the evidence to match."""

import numpy as np

from tamperscope.detect.finding import Finding
from tamperscope.detect.regions import find_regions
from tamperscope.detect.tiling import place_on_canvas

MODEL = {"name": "double", "version": "0", "hash": "0" * 32}


def make_finding(mammogram, score=0.9, *, hot=((30, 30),), threshold=0.5):
    """A finding whose score matrix is 1 on 4 x 4 tiles at each place of ``hot``, and 0 elsewhere."""
    scores = np.zeros((61, 61), np.float32)
    for row, column in hot:
        scores[row - 2 : row + 2, column - 2 : column + 2] = 1
    placement = place_on_canvas(mammogram).placement
    return Finding(
        verdict="fake" if score > threshold else "real",
        score=score,
        threshold=threshold,
        reason=f"the double gives {score:.2f}.",
        regions=find_regions(scores, placement),
        score_matrix=scores,
        model=MODEL,
        seconds=0.01,
        placement=placement,
    )


class DetectorDouble:
    """Gives each file, by its name without suffix, a score, an exception to raise, or 0.1."""

    model = MODEL
    threshold = 0.5

    def __init__(self, **says):
        self.says = says
        self.scanned = []

    def scan(self, mammogram):
        name = mammogram.source.path.stem
        self.scanned.append(name)
        said = self.says.get(name, 0.1)
        if isinstance(said, BaseException):
            raise said
        return make_finding(mammogram, said)
