"""``tamperscope bench cross-validate``, ``cross-validate-multi-cue``, ``ablate``: trained and judged by patient."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_DATA = click.option(
    "--data", required=True, type=_FOLDER, help="Folder of the CESM images with images.csv and regions.csv."
)


@click.command("cross-validate")
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_DATA
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Scores and the table.")
@click.option("--folds", default=3, show_default=True, type=click.IntRange(2), help="Number of folds by patient.")
@click.option("--fold", type=click.IntRange(0), help="Only this fold, counted from 0; the table needs all.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; all cores by default.")
def cross_validate(recipe: Path, data: Path, out: Path, folds: int, fold: int | None, threads: int | None) -> None:
    """Injected against untouched images, by patient (the report's table 4).

    Folds can be run apart, also at the same time; the table is written once the scores of all are there.
    """
    import torch

    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.forge.injector import Injector
    from tamperscope.train.config import ForensicTransferRecipe, load_recipe
    from tamperscope.train.cross_validate import run_fold, summarise

    settings = load_recipe(recipe, ForensicTransferRecipe)
    if threads:
        torch.set_num_threads(threads)
    out.mkdir(parents=True, exist_ok=True)
    cases, injector = load_cases(data), Injector.load(threads=threads)
    for number in range(folds) if fold is None else [fold]:
        if not (out / f"fold-{number}.csv").exists():
            run_fold(settings, cases, injector, folds=folds, fold=number, out=out)
    if all((out / f"fold-{number}.csv").exists() for number in range(folds)):
        click.echo(summarise(out, folds=folds))


@click.command("cross-validate-multi-cue")
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("benchmark", type=_FOLDER)
@_DATA
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="OUT/report/report.html.")
@click.option("--fold", "folds", multiple=True, type=click.IntRange(0, 2), help="Only this fold; can be given again.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; all cores by default.")
def cross_validate_multi_cue(
    recipe: Path, benchmark: Path, data: Path, out: Path, folds: tuple[int, ...], threads: int | None
) -> None:
    """Train the default detector on each of three folds by patient; each judges its test patients of BENCHMARK.

    Goes on where it was stopped. BENCHMARK is of a protocol with three folds, such as leave-one-family-out.
    """
    import torch

    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.benchmark.report import text, write_report
    from tamperscope.train.config import TraceRecipe, load_recipe
    from tamperscope.train.multi_cue import FOLDS
    from tamperscope.train.multi_cue import cross_validate as run

    settings = load_recipe(recipe, TraceRecipe)
    if threads:
        torch.set_num_threads(threads)
    chosen = folds or tuple(range(FOLDS))
    scores = run(settings, load_cases(data), benchmark, out=out, folds=chosen, threads=threads)
    page, entries, _ = write_report([scores], out / "report", benchmark=benchmark)
    for group in (group for entry in entries for group in entry.evaluation.groups if group.kind == "overall"):
        click.echo(f"{group.condition}: AUC {text(group.figures['AUC'])}")
    click.echo(page)


@click.command("ablate")
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("variants", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("benchmark", type=_FOLDER)
@_DATA
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="OUT/ablations.md.")
@click.option("--only", multiple=True, help="Only the variant of this name; can be given again.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; all cores by default.")
def ablate(
    recipe: Path, variants: Path, benchmark: Path, data: Path, out: Path, only: tuple[str, ...], threads: int | None
) -> None:
    """Train the trace network of RECIPE without one thing at a time (VARIANTS) and ask each about BENCHMARK.

    Goes on where it was stopped. The table has the variants that are there by then.
    """
    import torch

    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.benchmark.manifest import write_text
    from tamperscope.train.ablation import ablate as run
    from tamperscope.train.ablation_report import summarise
    from tamperscope.train.config import AblationRecipe, TraceRecipe, load_recipe

    settings, ablations = load_recipe(recipe, TraceRecipe), load_recipe(variants, AblationRecipe)
    if threads:
        torch.set_num_threads(threads)
    table = summarise(run(settings, ablations, load_cases(data), benchmark, out=out, only=only), ablations)
    write_text(out / "ablations.md", table + "\n")
    click.echo(table)
