"""``tamperscope synthesize``: annotated images out of healthy ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamperscope.cli.main import EXIT_PROBLEM

if TYPE_CHECKING:
    from tamperscope.forge.batch import Outcome
    from tamperscope.forge.injector import NoiseModel

_FAILURES_SHOWN = 20


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the results.")
@click.option("--n", "count", required=True, type=click.IntRange(1), help="How many images to make.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same bytes.")
@click.option(
    "--noise-model",
    type=click.Choice(["white", "matched", "tissue"]),
    default="tissue",
    show_default=True,
    help="Stage 7: the tissue's own texture; white as in the report; or noise like the tissue's around.",
)
@click.pass_context
def synthesize(ctx: click.Context, folder: Path, out: Path, count: int, seed: int, noise_model: NoiseModel) -> None:
    """Put one synthetic lesion into each of N copies of the mammograms in FOLDER, for training.

    Places, sizes and parameters are drawn. Writes OUT/images, each image with its mask and its record, and
    OUT/annotations.json with boxes and outlines as COCO has them. Every image is marked as synthetic. FOLDER should
    hold healthy images: a real lesion in them goes without annotation. Called again it does what is left, and the
    annotations are of all that is in OUT/images.
    """
    from tqdm import tqdm

    from tamperscope.errors import TamperscopeError
    from tamperscope.forge.coco import coco_dataset
    from tamperscope.forge.injector import Injector
    from tamperscope.forge.synthesize import annotated_results
    from tamperscope.forge.synthesize import synthesize as make
    from tamperscope.io.files import write_atomically
    from tamperscope.report.batch import find_inputs
    from tamperscope.report.visible import visible

    images = [image for image, _ in find_inputs([folder], out).images]
    if not images:
        raise TamperscopeError(f"there is no image in {visible(str(folder))}.")
    outcomes: list[Outcome] = []
    with tqdm(total=count, unit="image", disable=None, leave=False) as progress:
        for outcome in make(images, out / "images", Injector.load(), count=count, seed=seed, noise_model=noise_model):
            outcomes.append(outcome)
            progress.update()
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    for outcome in failed[:_FAILURES_SHOWN]:
        click.echo(f"image {outcome.number}: {visible(outcome.reason)}", err=True)
    annotations = out / "annotations.json"
    dataset = coco_dataset(tqdm(annotated_results(out), "annotations", disable=None, leave=False))
    write_atomically(annotations, (json.dumps(dataset, ensure_ascii=False) + "\n").encode())
    counts = Counter(outcome.status for outcome in outcomes)
    click.echo(
        f"{count} images: {counts['done']} done, {counts['there already']} there already, {len(failed)} failed. "
        f"{len(dataset['annotations'])} are annotated in {annotations}"
    )
    if failed:
        ctx.exit(EXIT_PROBLEM)
