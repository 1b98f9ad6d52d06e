"""Realism of injected tumours: ``tamperscope bench realism``, ``figures``, ``dark-tissue``, ``places`` and others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tamperscope.benchmark.realism import Places

_DATA = click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the CESM images with images.csv and regions.csv.",
)
_WEIGHTS = click.option(
    "--weights",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with mammo-cgan-1 and mammo-cgan-2; the shipped ones by default.",
)
_PLACES = click.option(
    "--places",
    type=click.Choice(["likely", "anywhere"]),
    default="likely",
    show_default=True,
    help="Where squares are drawn: where masses are likely, or anywhere in the tissue.",
)
_LIFT = click.option("--lift/--no-lift", default=True, show_default=True, help="As for tamperscope inject.")


@click.command("realism")
@_DATA
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="realism.md.")
@_WEIGHTS
@_PLACES
@_LIFT
@click.option("--seed", default=0, show_default=True, help="Of conversion, places and tumours.")
def realism(data: Path, out: Path, weights: Path | None, places: Places, lift: bool, seed: int) -> None:
    """Can synthetic masses be told from real ones? A classifier on frozen features, KID, noise in and around."""
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.benchmark.diversity import diversity
    from tamperscope.benchmark.manifest import write_text
    from tamperscope.benchmark.realism import collect_squares, features, real_squares, typical_square
    from tamperscope.benchmark.realism_report import summarise_realism
    from tamperscope.forge.injector import Injector
    from tamperscope.networks.mobilenet_v2 import load_mobilenet_v2

    network, cases = load_mobilenet_v2(), load_cases(data)
    injector = Injector.load() if weights is None else Injector.load(folder=weights)
    masses = real_squares(cases, seed=seed)
    shown = collect_squares(cases, injector, masses, seed=seed, places=places, lift=lift)
    spread = diversity(injector, network, masses, *typical_square(cases, seed=seed, places=places), seeds=50, lift=lift)
    text = summarise_realism(shown, features(network, [one.picture for one in shown]), spread)
    write_text(out / "realism.md", text + "\n")
    click.echo(text)


@click.command("cross-validate-realism")
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_DATA
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="OUT/realism-folds.md.")
@click.option("--seed", "seeds", multiple=True, default=(0,), show_default=True, type=int, help="Can be given again.")
@click.option("--kind", "kinds", multiple=True, help="Of synthetic squares; all by default. Can be given again.")
def cross_validate_realism(recipe: Path, data: Path, out: Path, seeds: tuple[int, ...], kinds: tuple[str, ...]) -> None:
    """The reader proxy of RECIPE with every real mass held out once: generators trained anew in five folds by patient.

    Goes on where it was stopped; an hour on one core.
    """
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.benchmark.manifest import write_text
    from tamperscope.benchmark.realism import KINDS
    from tamperscope.errors import TamperscopeError
    from tamperscope.train.config import MammoCganRecipe, load_recipe
    from tamperscope.train.realism_folds import cross_validate_realism as run
    from tamperscope.train.realism_folds import to_markdown

    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise TamperscopeError(f"there is no kind {', '.join(sorted(unknown))}: {', '.join(KINDS)}.")
    settings = load_recipe(recipe, MammoCganRecipe)
    results = list(run(settings, load_cases(data), out=out, seeds=seeds, kinds=kinds or KINDS))
    text = to_markdown(results)
    write_text(out / "realism-folds.md", text + "\n")
    click.echo(text)


@click.command("figures")
@_DATA
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Pictures, spectra.md.")
@_WEIGHTS
@_PLACES
@_LIFT
@click.option(
    "--two-views",
    nargs=2,
    metavar="CC MLO",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Two views of a breast, for two-views.jpg.",
)
@click.option("--spectra", default=40, show_default=True, type=click.IntRange(2), help="Images to measure noise on.")
@click.option("--seed", default=0, show_default=True, help="Of conversion, places and tumours.")
def figures(
    data: Path,
    out: Path,
    weights: Path | None,
    places: Places,
    lift: bool,
    two_views: tuple[Path, Path] | None,
    spectra: int,
    seed: int,
) -> None:
    """Figures 3, 4 and 9 of the report on held-out patients, seeds of one square, noise inside against around."""
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.benchmark.injection_figures import draw_two_views, write_figures
    from tamperscope.forge.injector import Injector
    from tamperscope.io.read import read_mammogram

    injector = Injector.load() if weights is None else Injector.load(folder=weights)
    if two_views is not None:
        first, second = (read_mammogram(view) for view in two_views)
        out.mkdir(parents=True, exist_ok=True)
        draw_two_views(first, second, injector, out / "two-views.jpg", seed=seed)
    table = write_figures(load_cases(data), injector, out, seed=seed, spectra=spectra, places=places, lift=lift)
    (out / "spectra.md").write_text(table + "\n", encoding="utf-8")
    click.echo(table)


@click.command("places")
@_DATA
@click.option("--seed", default=0, show_default=True, help="Of conversion and places.")
def places(data: Path, seed: int) -> None:
    """Learn where masses lie from the training patients: the numbers that random squares are drawn by."""
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.benchmark.mass_places import learn_places

    learnt = learn_places(load_cases(data), seed=seed)
    click.echo(
        f"{learnt.masses} masses of the training patients, {learnt.squares} squares anywhere\n"
        f"logarithm of the odds: {learnt.odds[0]:.3f} x brightness, {learnt.odds[1]:.3f} x contrast\n"
        f"19 of 20 masses have surroundings brighter than {learnt.darkest:.0f}\n"
        f"contrast of the tissue, median of the images: {learnt.contrast:.0f}\n"
        f"AUC of telling a mass's surroundings, 5 folds by patient: {learnt.auc.text}"
    )


@click.command("dark-tissue")
@_DATA
@click.option("--count", default=60, show_default=True, type=click.IntRange(2), help="Squares.")
@click.option("--seed", default=0, show_default=True, help="Of conversion, places and tumours.")
def dark_tissue(data: Path, count: int, seed: int) -> None:
    """What tumours in dark tissue look like without and with --lift: pieces, holes, specks."""
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.benchmark.dark_tissue import dark_tissue_table
    from tamperscope.forge.injector import Injector

    click.echo(dark_tissue_table(load_cases(data), Injector.load(), seed=seed, count=count))


@click.command("losses")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The picture.")
def losses(run: Path, out: Path) -> None:
    """Draw the loss curves of RUN, the folder of a training of Mammo-CGAN: losses, accuracy, pauses."""
    from tamperscope.benchmark.loss_curves import read_losses
    from tamperscope.report.figures import draw_losses

    curves = read_losses(run)
    click.echo(draw_losses(curves, out))
    for name, curve in curves.items():
        click.echo(f"{name}: {curve['step'][-1]:.0f} steps, the discriminator rested in {curve['rested']:.0f} of them")
