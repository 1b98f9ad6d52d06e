"""``speed.json`` and ``speed.md``: what ``bench speed`` measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tamperscope.benchmark.scan_speed import DECODE, ORDINARY, STAGES
from tamperscope.benchmark.speed import DENSE

_FOLDER_WAYS = (
    "Images a second; the ways take turns, each through all images. A scan's time includes the start of its processes."
)


def read_speed(folder: Path) -> dict[str, Any]:
    """What was measured earlier, part by part; empty where nothing was."""
    path = folder / "speed.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write_speed(result: dict[str, Any], folder: Path) -> str:
    """Write ``speed.json`` and ``speed.md`` and return the latter.

    Args:
        result: of ``measure_speed``, and ``scan``, ``cold``, ``folder`` and ``training``, as far as they were measured.
        folder: where.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "speed.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sections = (_scoring, _area, _scan, _cold, _folder, _training)
    text = "\n".join(line for section in sections for line in section(result)) + "\n"
    (folder / "speed.md").write_text(text, encoding="utf-8")
    return text


def _scoring(result: dict[str, Any]) -> Iterator[str]:
    if "images" not in result:
        return
    yield f"Machine: {result['machine']}. Medians; the ways take turns within one run. PyTorch reads plain"
    yield f"256 x 256 tiles in batches of {result['batch']} as the report does; exported ways read their halo too."
    yield ""
    yield (
        f"- dense is **{result['dense_over_tiles_torch']:.0f} x** faster than tile by tile in PyTorch, and "
        f"{result['dense_over_tiles_same_runtime']:.1f} x faster than tile by tile in the same runtime "
        f"({result['measured_on']}, whose tissue fills {result['tissue_share']:.0%} of 2457 x 1996 pixels)"
    )
    yield (
        "- largest difference between dense and tile by tile over all score matrices: "
        f"{result['max_abs_difference']:.1e}; same verdicts: {'yes' if result['same_verdict'] else 'NO'}"
    )
    yield ""
    names = list(result["images"][0]["seconds"])
    head = ["image", "tissue", "lit tiles", *(f"{name}, s" for name in names), "dense tiles/s", "PyTorch / dense"]
    rows = []
    for row in result["images"]:
        seconds = row["seconds"]
        rows.append(
            [
                row["image"],
                f"{row['tissue_share']:.0%}",
                f"{row['tiles']}",
                *(f"{seconds[name]:.3f}" for name in names),
                f"{row['tiles'] / seconds[DENSE]:.0f}",
                f"{seconds[names[0]] / seconds[DENSE]:.0f} x",
            ]
        )
    yield from _table(head, rows)


def _area(result: dict[str, Any]) -> Iterator[str]:
    if "area" not in result:
        return
    yield from ("", "Dense, against the area, all of it tissue:", "")
    rows = [[f"{mp:.1f}", f"{s:.3f}", f"{1000 * s / mp:.1f}"] for mp, s in result["area"]]
    yield from _table(["megapixels", "s", "ms a megapixel"], rows)


def _scan(result: dict[str, Any]) -> Iterator[str]:
    scan = result.get("scan")
    if not scan:
        return
    seconds = scan["seconds"]
    yield from ("", "## A whole scan", "")
    yield (
        f"{scan['file']}: {scan['rows']} x {scan['columns']} pixels, {scan['syntax']}, in a running process. A scan "
        f"takes **{scan['scan_over_decode']:.2f} x** as long as decoding and windowing alone with one look-up, and "
        f"{scan['scan_over_ordinary_decode']:.2f} x as long as with the same decoder and NumPy's arithmetic."
    )
    yield ""
    rows = [[name, f"{seconds[name]:.3f}"] for name in (DECODE, ORDINARY, *STAGES, "scan")]
    yield from _table(["stage", "s"], rows)


def _cold(result: dict[str, Any]) -> Iterator[str]:
    cold = result.get("cold")
    if not cold:
        return
    yield from ("", "As a command of its own:", "")
    rows = [[f"`tamperscope {name}`", f"{one['seconds']:.2f}", f"{one['megabytes']:.0f}"] for name, one in cold.items()]
    yield from _table(["command", "s", "peak memory, MB"], rows)


def _folder(result: dict[str, Any]) -> Iterator[str]:
    folder = result.get("folder")
    if not folder:
        return
    names = list(folder[0]["images_per_second"])
    yield from ("", "## A folder", "", _FOLDER_WAYS, "")
    head = ["files", "images", *names, "scan / decode, one process", "scan / decode, one a core"]
    rows = [
        [
            row["files"],
            f"{row['images']}",
            *(f"{row['images_per_second'][name]:.2f}" for name in names),
            f"{row['of_one_process']:.0%}",
            f"{row['of_all_cores']:.0%}",
        ]
        for row in folder
    ]
    yield from _table(head, rows)


def _training(result: dict[str, Any]) -> Iterator[str]:
    training = result.get("training")
    if not training:
        return
    rates = training["tiles_per_second"]
    yield from ("", "## Training", "")
    yield (
        f"The autoencoder, batches of {training['batch']} tiles, {training['threads']} threads, data pipeline "
        f"included: **{training['over_eager']:.1f} x** eager float32 ({rates['ours']:.1f} against "
        f"{rates['eager float32']:.1f} tiles/s). The reconstruction is estimated on {training['decoded']:.0%} of each "
        f"batch; making the batches takes {training['share_of_data']:.0%} of our time."
    )


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| --- |{' ---: |' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
