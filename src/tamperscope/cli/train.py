"""``tamperscope train``: train the networks from a recipe."""

from __future__ import annotations

from pathlib import Path

import click

_DATA = click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the CESM images with images.csv and regions.csv.",
)
_OUT = click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Checkpoints, curves, and the exported networks with their cards in OUT/weights.",
)
_THREADS = click.option("--threads", type=click.IntRange(1), help="CPU threads for PyTorch; all cores by default.")
_RECIPE = click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group()
def train() -> None:
    """Train a network from a recipe (needs the extra [train])."""
    from tamperscope.errors import TamperscopeError

    try:
        import pydantic  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise TamperscopeError(f"training needs {error.name}: pip install 'tamperscope[train]'.") from error


@train.command("mammo-cgan")
@_RECIPE
@_DATA
@_OUT
@_THREADS
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting that differs from the recipe's, such as cgan1.steps=100; can be given several times.",
)
def train_mammo_cgan(recipe: Path, data: Path, out: Path, threads: int | None, changes: tuple[str, ...]) -> None:
    """Train CGAN1 and CGAN2 on the masses of the training patients.

    A run that was stopped goes on from its checkpoints.
    """
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.train.config import MammoCganRecipe, load_recipe
    from tamperscope.train.mammo_cgan import export_mammo_cgan
    from tamperscope.train.mammo_cgan import train_mammo_cgan as run

    settings = load_recipe(recipe, MammoCganRecipe, changes=changes)
    _limit_threads(threads)
    first, second = run(settings, [case for case in load_cases(data) if case.split == "train"], out=out)
    export_mammo_cgan(settings, first, second, out / "weights")
    click.echo(f"exported to {out / 'weights'}")


@train.command("detector")
@_RECIPE
@_DATA
@_OUT
@_THREADS
@click.option("--fold", type=click.IntRange(0, 2), help="Train on the training patients of one of 3 folds by patient.")
@click.option(
    "--start-from",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Start from the mean weights of another training's trace.pt.",
)
@click.option("--device", default="cpu", show_default=True, help="What PyTorch trains on, such as cuda.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes that draw crops.")
def train_detector(
    recipe: Path,
    data: Path,
    out: Path,
    threads: int | None,
    fold: int | None,
    start_from: Path | None,
    device: str,
    workers: int,
) -> None:
    """Train the default detector, multi-cue: its trace network, on the split "train" or on that of a fold.

    A run that was stopped goes on from its checkpoint.
    """
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.train.config import TraceRecipe, load_recipe
    from tamperscope.train.multi_cue import train_multi_cue

    _check_device(device)
    settings = load_recipe(recipe, TraceRecipe)
    _limit_threads(threads)
    weights = train_multi_cue(
        settings,
        load_cases(data),
        out=out,
        fold=fold,
        start_from=start_from,
        threads=threads,
        device=device,
        workers=workers,
    )
    click.echo(f"exported to {weights}")


@train.command("forensic-transfer")
@_RECIPE
@_DATA
@_OUT
@_THREADS
def train_forensic_transfer(recipe: Path, data: Path, out: Path, threads: int | None) -> None:
    """Train the report's detector: ForensicTransfer and the score classifier; stop early on the split "val".

    A run that was stopped goes on from its checkpoints.
    """
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.forge.injector import Injector
    from tamperscope.train.config import ForensicTransferRecipe, load_recipe
    from tamperscope.train.report_detector import export_report_detector
    from tamperscope.train.report_detector import train_report_detector as run

    settings = load_recipe(recipe, ForensicTransferRecipe)
    _limit_threads(threads)
    cases = load_cases(data)
    learn, held = ([case for case in cases if case.split == split] for split in ("train", "val"))
    trained = run(settings, learn, held, Injector.load(threads=threads), out=out)
    export_report_detector(settings, trained, out / "weights", images=(len(learn), len(held)))
    click.echo(f"exported to {out / 'weights'}")


@train.command("inpainting")
@_RECIPE
@_DATA
@_OUT
@_THREADS
def train_inpainting(recipe: Path, data: Path, out: Path, threads: int | None) -> None:
    """Train partial-convolution inpainting on the healthy tissue of the training patients.

    A run that was stopped goes on from its checkpoint.
    """
    from tamperscope.train.config import InpaintingRecipe, load_recipe
    from tamperscope.train.inpainting import export_inpainting
    from tamperscope.train.inpainting import train_inpainting as run

    settings = load_recipe(recipe, InpaintingRecipe)
    _limit_threads(threads)
    export_inpainting(settings, run(settings, data=data, out=out), out / "weights")
    click.echo(f"exported to {out / 'weights'}")


@train.command("autoencoder")
@_RECIPE
@_DATA
@_OUT
@_THREADS
def train_autoencoder(recipe: Path, data: Path, out: Path, threads: int | None) -> None:
    """Train the tissue autoencoder on the healthy tissue of the training patients.

    A run that was stopped goes on from its checkpoint.
    """
    from tamperscope.train.autoencoder import export_autoencoder
    from tamperscope.train.autoencoder import train_autoencoder as run
    from tamperscope.train.config import AutoencoderRecipe, load_recipe

    settings = load_recipe(recipe, AutoencoderRecipe)
    _limit_threads(threads)
    export_autoencoder(settings, run(settings, data=data, out=out), out / "weights")
    click.echo(f"exported to {out / 'weights'}")


def _limit_threads(threads: int | None) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)


def _check_device(name: str) -> None:
    import torch

    from tamperscope.errors import TamperscopeError

    try:
        torch.zeros(1, device=name).cpu()
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise TamperscopeError(f"PyTorch can't train on '{name}' here: {first}") from error
