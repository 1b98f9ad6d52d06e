"""``tamperscope calibrate``: what untouched images of one's own site look like to the detector."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH...")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The calibration, JSON.")
def calibrate(folders: tuple[Path, ...], out: Path) -> None:
    """Calibrate the detector multi-cue on images that are known to be untouched, at least 20 of them.

    The scores of 'tamperscope scan --calibration OUT' then tell how rare such evidence is among *these* images. An
    image that can't be scored is named and left out.
    """
    from tqdm import tqdm

    from tamperscope.detect.calibration import Calibration, check_enough
    from tamperscope.detect.multi_cue import MultiCueDetector
    from tamperscope.errors import TamperscopeError
    from tamperscope.io.read import read_mammogram
    from tamperscope.report.batch import find_inputs

    images = [path for path, _ in find_inputs(folders, out.parent).images]
    detector = MultiCueDetector.load()
    untouched = []
    for path in tqdm(images, unit="image", disable=None, leave=False):
        try:
            untouched.append(detector.witness(read_mammogram(path)))
        except TamperscopeError as error:
            click.echo(f"left out {path}: {error}", err=True)
    check_enough(len(untouched))
    out.parent.mkdir(parents=True, exist_ok=True)
    Calibration.of_images(untouched, f"{len(untouched)} images of this site").save(out)
    click.echo(f"calibrated on {len(untouched)} images: {out}")
