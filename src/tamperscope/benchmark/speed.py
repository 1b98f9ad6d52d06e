"""How fast is scoring? Tile by tile in PyTorch, tile by tile exported, and dense, measured in one run."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from tamperscope.detect.cues.forensic_transfer import SCALE, ActivationMaps, score_matrix
from tamperscope.detect.tiling import STEP, TILE, Canvas, lit_tiles, place_on_canvas
from tamperscope.detect.verdict import THRESHOLD, classify_scores
from tamperscope.errors import TamperscopeError
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram, Spacing
from tamperscope.runtime.network import available_cores, available_runtimes, load_network
from tamperscope.runtime.weights import find_weights

REPORT_SHAPE = (2457, 1996)
BATCH = 32
TORCH, TILES, DENSE = "tiles, PyTorch", "tiles, ONNX Runtime", "dense, ONNX Runtime"
_SLOW_REPEATS = 3


@dataclass(frozen=True)
class Way:
    """One way to score an image: its name and a function from canvas to the time it took and the score matrix."""

    name: str
    run: Callable[[Canvas], np.ndarray]
    repeats: int


def measure_speed(files: Sequence[Path], *, framed: Sequence[Path] = (), repeats: int = 7) -> dict[str, Any]:
    """Measure all ways on frames of the report's size and on real files.

    The ways take turns within each round, so that a slower minute of the machine slows all of them. Times are
    medians over rounds.

    Args:
        files: real mammograms.
        framed: of these the breast is laid on a frame of 2457 x 1996 pixels of 0.1 mm, the report's size; the first
            one gives the ratios. By default the first of ``files``.
        repeats: rounds of the fast ways; the slow ones run three times.
    """
    if not files and not framed:
        raise TamperscopeError("there is no mammogram to measure on.")
    ways = _ways(repeats)
    framed = framed or files[:1]
    images = [(f"{path.name} on the report's frame", _on_report_frame(read_mammogram(path))) for path in framed]
    images += [(path.name, place_on_canvas(read_mammogram(path))) for path in files]
    for way in ways:
        way.run(images[0][1])
    rows = [_measure(name, canvas, ways) for name, canvas in tqdm(images, desc="scoring", mininterval=5)]
    report = rows[0]["seconds"]
    return {
        "machine": describe_machine(),
        "batch": BATCH,
        "measured_on": rows[0]["image"],
        "tissue_share": rows[0]["tissue_share"],
        "dense_over_tiles_torch": report[TORCH] / report[DENSE],
        "dense_over_tiles_same_runtime": report[TILES] / report[DENSE],
        "max_abs_difference": max(row["max_abs_difference"] for row in rows),
        "same_verdict": all(row["same_verdict"] for row in rows),
        "images": rows,
        "area": _measure_area(next(way for way in ways if way.name == DENSE)),
    }


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
    encoder, cores = find_weights("forensic-transfer").path, available_cores()
    exported = load_network(encoder)
    ways = [
        Way(TORCH, _pytorch_tiles(encoder.with_suffix(".safetensors")), _SLOW_REPEATS),
        Way(TILES, lambda canvas: score_matrix(canvas, exported, method="tiles"), _SLOW_REPEATS),
        Way(DENSE, _dense(load_network(encoder, threads=1, keep_memory=True), cores), repeats),
    ]
    if "openvino" in available_runtimes():
        ways.append(Way("dense, OpenVINO", _dense(load_network(encoder, runtime="openvino"), 1), repeats))
    return ways


def _dense(network: ActivationMaps, threads: int) -> Callable[[Canvas], np.ndarray]:
    return lambda canvas: score_matrix(canvas, network, threads=threads)


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
    reference = matrices[TILES]
    dense = [matrix for way, matrix in matrices.items() if way.startswith("dense")]
    classifier = load_network(find_weights("score-classifier").path)
    verdicts = {classify_scores(matrix, classifier) > THRESHOLD for matrix in (reference, *dense)}
    return {
        "image": name,
        "tissue_share": float((canvas.pixels > 0).sum() / (REPORT_SHAPE[0] * REPORT_SHAPE[1])),
        "tiles": int((reference > 0).sum()),
        "seconds": {way: statistics.median(values) for way, values in times.items()},
        "max_abs_difference": max(float(np.abs(matrix - reference).max()) for matrix in dense),
        "same_verdict": len(verdicts) == 1,
    }


def _measure_area(way: Way) -> list[tuple[float, float]]:
    """Seconds against megapixels, for squares that are all tissue."""
    rows = []
    rng = np.random.default_rng(0)
    for side in (1024, 1448, 2048, 2896, 4096):
        pixels = rng.normal(550, 60, (side, side)).astype(np.float32)
        part = place_on_canvas(Mammogram(pixels, np.ones(pixels.shape, np.bool_), Spacing(CANONICAL_PITCH_MM, "given")))
        times = []
        for _ in range(_SLOW_REPEATS + 1):
            start = perf_counter()
            way.run(part)
            times.append(perf_counter() - start)
        rows.append((pixels.size / 1e6, statistics.median(times[1:])))
    return rows


def _on_report_frame(mammogram: Mammogram) -> Canvas:
    """The breast at 0.1 mm a pixel on a frame of the report's size: nothing is stretched, what is beyond is cut."""
    pixels = place_on_canvas(mammogram).pixels
    height, width = REPORT_SHAPE
    rows, columns = min(pixels.shape[0], height), min(pixels.shape[1], width)
    if pixels[:, : pixels.shape[1] // 2].sum() < pixels.sum() / 2:
        pixels = pixels[:, ::-1]  # the chest wall to the left
    spare = (pixels.shape[0] - rows) // 2
    frame = np.zeros(REPORT_SHAPE, np.float32)
    top = (height - rows) // 2
    frame[top : top + rows, :columns] = pixels[spare : spare + rows, :columns]
    return place_on_canvas(Mammogram(frame, frame > 0, Spacing(CANONICAL_PITCH_MM, "given")))
