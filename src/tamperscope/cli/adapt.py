"""``tamperscope adapt``: learn a new kind of forgery from a few examples of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import numpy as np

    from tamperscope.detect.multi_cue import MultiCueDetector

_FOLDER = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("name")
@click.option("--examples", required=True, type=_FOLDER, help="Forged images, each with its IMAGE.mask.png beside it.")
@click.option("--untouched", required=True, type=_FOLDER, help="At least 20 images that are known to be untouched.")
@click.option("--check", "checks", multiple=True, type=_FOLDER, help="Other forged images: are they still found?")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The adaptation, JSON.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Draws the crops to learn from.")
@click.option(
    "--steps", default=300, show_default=True, type=click.IntRange(1), help="Of the training; about 1 s a step."
)
def adapt(
    name: str, examples: Path, untouched: Path, checks: tuple[Path, ...], out: Path, seed: int, steps: int
) -> None:
    """Learn the kind of forgery NAME from 5 to 20 examples; 'tamperscope scan --adaptation OUT' then knows it.

    What is learnt is one more cue beside the others, whose networks stay as they are; since all cues together may raise
    as few false alarms as before, trace and areas need a little more evidence. Nothing is learnt from the untouched
    images and those of --check; they tell what became of them. Needs the extra [train]; scanning does not.
    """
    from tqdm import tqdm

    from tamperscope.detect.multi_cue import MultiCueDetector
    from tamperscope.detect.working_image import prepare_image
    from tamperscope.errors import TamperscopeError
    from tamperscope.io.read import read_mammogram

    try:
        from tamperscope.train.fine_tune import adapt as learn
        from tamperscope.train.fine_tune import example_of
    except ImportError as error:
        raise TamperscopeError(f"adapting needs {error.name}: pip install 'tamperscope[train]'.") from error

    detector = MultiCueDetector.load()
    forged, trusted = _images(examples), _usable(_images(untouched))
    seen = [example_of(read_mammogram(path), read_mask(path)) for path in tqdm(forged, desc="examples", disable=None)]

    images = (prepare_image(read_mammogram(path)) for path in tqdm(trusted, desc="untouched", disable=None))
    adaptation = learn(name, seen, images, model=detector.model["hash"], steps=steps, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    adaptation.save(out)
    click.echo(f"{adaptation.source}: {out}")
    after = detector.adapted(adaptation)
    click.echo(f"{'called fake':<40} {'before':>12} {'after':>12}")
    _compare("the examples", forged, detector, after)
    _compare("untouched", trusted, detector, after)
    for folder in checks:
        _compare(str(folder), _images(folder), detector, after)


def _usable(paths: Sequence[Path]) -> list[Path]:
    """Those that can be looked at: told before minutes are spent on learning.

    Raises:
        TamperscopeError: they are too few.
    """
    from tqdm import tqdm

    from tamperscope.detect.calibration import check_enough
    from tamperscope.detect.working_image import prepare_image
    from tamperscope.errors import TamperscopeError
    from tamperscope.io.read import read_mammogram

    usable = []
    for path in tqdm(paths, desc="reading untouched", disable=None):
        try:
            prepare_image(read_mammogram(path))
            usable.append(path)
        except TamperscopeError as error:
            click.echo(f"left out {path}: {error}", err=True)
    check_enough(len(usable))
    return usable


def read_mask(path: Path) -> np.ndarray:
    """The mask beside an image: bool, H x W.

    Raises:
        TamperscopeError: there is none.
    """
    import cv2

    from tamperscope.errors import TamperscopeError
    from tamperscope.io.files import beside

    mask_path, _ = beside(path)
    mask = cv2.imread(str(mask_path), cv2.IMREAD_GRAYSCALE) if mask_path.is_file() else None
    if mask is None:
        raise TamperscopeError(f"{path} has no mask {mask_path.name} beside it, which tells where it is forged.")
    return mask > 0


def _images(folder: Path) -> list[Path]:
    from tamperscope.errors import TamperscopeError
    from tamperscope.io.files import MASK
    from tamperscope.report.batch import find_inputs

    # The masks are images, but not mammograms.
    paths = [path for path, _ in find_inputs([folder], folder).images if not path.name.endswith(MASK)]
    if not paths:
        raise TamperscopeError(f"there is no image in {folder}.")
    return paths


def _compare(what: str, paths: Sequence[Path], before: MultiCueDetector, after: MultiCueDetector) -> None:
    from tqdm import tqdm

    from tamperscope.io.read import read_mammogram

    counts = [0, 0]
    for path in tqdm(paths, desc=what, disable=None, leave=False):
        mammogram = read_mammogram(path)
        for index, detector in enumerate((before, after)):
            counts[index] += detector.scan(mammogram).verdict == "fake"
    click.echo(f"{what:<40} {f'{counts[0]} of {len(paths)}':>12} {f'{counts[1]} of {len(paths)}':>12}")
