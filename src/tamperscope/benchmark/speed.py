"""How fast is scanning? Tile by tile in PyTorch, tile by tile exported, and dense, measured in one run."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from tamperscope.detect.cues.forensic_transfer import SCALE, ActivationMaps, score_matrix
from tamperscope.detect.tiling import STEP, TILE, Canvas, lit_tiles, place_on_canvas
from tamperscope.detect.verdict import THRESHOLD, classify_scores
from tamperscope.errors import TamperscopeError
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram, Spacing
from tamperscope.runtime.network import available_runtimes, load_network
from tamperscope.runtime.weights import find_weights

REPORT_SHAPE = (2457, 1996)
BATCH = 32


@dataclass(frozen=True)
class Way:
    """One way to score an image: its name and a function from canvas to the time it took and the score matrix."""

    name: str
    run: Callable[[Canvas], np.ndarray]
    repeats: int


def measure_speed(files: Sequence[Path], *, repeats: int = 5) -> dict[str, Any]:
    """Measure all ways on the report's image size and on real files.

    The ways take turns within each round, so that a slower minute of the machine slows all of them. Times are
    medians over rounds.

    Args:
        files: real mammograms; the first one, brought to 2457 x 1996, is the image of the report's size.
        repeats: rounds of the fast ways; the slow ones run twice.
    """
    if not files:
        raise TamperscopeError("there is no mammogram to measure on.")
    ways = _ways(repeats)
    images = [("report size", place_on_canvas(_report_sized(read_mammogram(files[0]))))]
    images += [(path.name, place_on_canvas(read_mammogram(path))) for path in files]
    rows = [_measure(name, canvas, ways) for name, canvas in images]
    report = rows[0]["seconds"]
    best_dense = min(value for name, value in report.items() if name.startswith("dense"))
    return {
        "machine": describe_machine(),
        "batch": BATCH,
        "dense_over_tiles_torch": report["tiles, PyTorch"] / report["dense, ONNX Runtime"],
        "dense_over_tiles_same_runtime": report["tiles, ONNX Runtime"] / report["dense, ONNX Runtime"],
        "best_dense_seconds": best_dense,
        "max_abs_difference": max(row["max_abs_difference"] for row in rows),
        "same_verdict": all(row["same_verdict"] for row in rows),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "images": rows,
        "area": _measure_area(images[0][1], load_network(find_weights("forensic-transfer").path)),
    }


def write_speed(result: dict[str, Any], folder: Path) -> str:
    """Write ``speed.json`` and ``speed.md`` and return the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "speed.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    names = list(result["images"][0]["seconds"])
    lines = [
        "# Speed of scoring",
        "",
        f"Machine: {result['machine']}. Medians; the ways take turns within one run. PyTorch reads plain 256 x 256 "
        f"tiles in batches of {BATCH} as the report does; the exported ways read them with their halo of 16.",
        "",
        f"- dense is **{result['dense_over_tiles_torch']:.0f} x** faster than tile by tile in PyTorch, and "
        f"{result['dense_over_tiles_same_runtime']:.1f} x faster than tile by tile in the same runtime "
        "(2457 x 1996 pixels, ONNX Runtime)",
        f"- largest difference between dense and tile by tile over all score matrices: "
        f"{result['max_abs_difference']:.1e}; same verdicts: {'yes' if result['same_verdict'] else 'NO'}",
        f"- peak memory of this whole run, PyTorch included: {result['peak_memory_mb']:.0f} MB",
        "",
        "| image | lit tiles | " + " | ".join(f"{name}, s" for name in names) + " | dense tiles/s |",
        "| --- | ---: | " + " | ".join("---:" for _ in names) + " | ---: |",
    ]
    for row in result["images"]:
        seconds = " | ".join(f"{row['seconds'][name]:.3f}" for name in names)
        rate = row["tiles"] / row["seconds"]["dense, ONNX Runtime"]
        lines.append(f"| {row['image']} | {row['tiles']} | {seconds} | {rate:.0f} |")
    lines += ["", "Dense, against the area that is scored:", ""]
    lines += ["| megapixels | s | s per megapixel |", "| ---: | ---: | ---: |"]
    lines += [f"| {mp:.2f} | {s:.3f} | {s / mp:.3f} |" for mp, s in result["area"]]
    text = "\n".join(lines) + "\n"
    (folder / "speed.md").write_text(text, encoding="utf-8")
    return text


def describe_machine() -> str:
    """Processor, cores that may be used, system and Python."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    cores = len(os.sched_getaffinity(0))
    return f"{processor}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def _ways(repeats: int) -> list[Way]:
    encoder = find_weights("forensic-transfer").path
    names = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
    exported = load_network(encoder, runtime="onnxruntime")
    ways = [
        Way("tiles, PyTorch", _pytorch_tiles(encoder.with_suffix(".safetensors")), 2),
        Way("tiles, ONNX Runtime", lambda canvas: score_matrix(canvas, exported, method="tiles"), 2),
    ]
    for runtime in available_runtimes():
        network = load_network(encoder, runtime=runtime)
        ways.append(Way(f"dense, {names[runtime]}", _dense(network), repeats))
    return ways


def _dense(network: ActivationMaps) -> Callable[[Canvas], np.ndarray]:
    return lambda canvas: score_matrix(canvas, network, method="dense")


def _pytorch_tiles(weights: Path) -> Callable[[Canvas], np.ndarray]:
    """The report's way: every lit tile alone, 256 x 256, in batches."""
    import torch
    from safetensors.torch import load_model

    from tamperscope.networks.forensic_transfer import ForensicTransfer, activation_score

    network = ForensicTransfer().eval()
    load_model(network, str(weights))

    def run(canvas: Canvas) -> np.ndarray:
        positions = np.argwhere(lit_tiles(canvas)) * STEP
        scores = []
        with torch.inference_mode():
            for start in range(0, len(positions), BATCH):
                batch = positions[start : start + BATCH]
                tiles = np.stack([canvas.window(top, left, TILE, TILE) for top, left in batch])[:, None] / SCALE
                scores.append(activation_score(network.encoder(torch.from_numpy(tiles))).numpy())
        return np.concatenate(scores)

    return run


def _measure(name: str, canvas: Canvas, ways: Sequence[Way]) -> dict[str, Any]:
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    matrices = {}
    for turn in range(max(way.repeats for way in ways)):
        for way in ways:
            if turn < way.repeats:
                start = perf_counter()
                matrices[way.name] = way.run(canvas)
                times[way.name].append(perf_counter() - start)
    reference = matrices["tiles, ONNX Runtime"]
    dense = [matrix for way, matrix in matrices.items() if way.startswith("dense")]
    classifier = load_network(find_weights("score-classifier").path)
    verdicts = {classify_scores(matrix, classifier) > THRESHOLD for matrix in (reference, *dense)}
    return {
        "image": name,
        "tiles": int((reference > 0).sum()),
        "seconds": {way: statistics.median(values) for way, values in times.items()},
        "max_abs_difference": max(float(np.abs(matrix - reference).max()) for matrix in dense),
        "same_verdict": len(verdicts) == 1,
    }


def _measure_area(canvas: Canvas, network: ActivationMaps) -> list[tuple[float, float]]:
    """Dense seconds against megapixels of the scored image, for growing parts of one image."""
    rows = []
    height = len(canvas.pixels)
    for share in (0.25, 0.5, 0.75, 1.0):
        pixels = np.ascontiguousarray(canvas.pixels[: round(height * share)])
        part = place_on_canvas(Mammogram(pixels, np.ones(pixels.shape, np.bool_), Spacing(CANONICAL_PITCH_MM, "given")))
        times = []
        for _ in range(5):
            start = perf_counter()
            score_matrix(part, network)
            times.append(perf_counter() - start)
        rows.append((pixels.size / 1e6, statistics.median(times)))
    return rows


def _report_sized(mammogram: Mammogram) -> Mammogram:
    height, width = REPORT_SHAPE
    pixels = cv2.resize(mammogram.pixels, (width, height), interpolation=cv2.INTER_AREA)
    tissue = cv2.resize(mammogram.tissue.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return Mammogram(pixels, tissue.view(np.bool_), Spacing(CANONICAL_PITCH_MM, "given"))
