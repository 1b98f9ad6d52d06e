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

    from tamperscope.detect.calibration import LEAST_IMAGES, Calibration, NullDistribution
    from tamperscope.detect.multi_cue import MultiCueDetector
    from tamperscope.detect.working_image import prepare_image
    from tamperscope.errors import TamperscopeError
    from tamperscope.io.read import read_mammogram
    from tamperscope.report.batch import find_inputs

    images = [path for path, _ in find_inputs(folders, out.parent).images]
    detector = MultiCueDetector.load()
    peaks: dict[str, list[float]] = {}
    used = 0
    for path in tqdm(images, unit="image", disable=None, leave=False):
        try:
            evidence = detector.evidence(prepare_image(read_mammogram(path)))
        except TamperscopeError as error:
            click.echo(f"left out {path}: {error}", err=True)
            continue
        used += 1
        for cue, cells in evidence.items():
            peaks.setdefault(cue, []).append(float(cells.max()))
    if used < LEAST_IMAGES:
        raise TamperscopeError(f"{used} images could be scored; a calibration needs at least {LEAST_IMAGES}.")
    nulls = {cue: NullDistribution(tuple(sorted(values))) for cue, values in peaks.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    Calibration(nulls, f"{used} images of this site").save(out)
    click.echo(f"calibrated on {used} images: {out}")
