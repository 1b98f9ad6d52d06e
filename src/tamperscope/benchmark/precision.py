"""Does the encoder need float32? The same images scored with fewer bits: how far off, and how fast."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from tqdm import tqdm

from tamperscope.benchmark.speed import describe_machine
from tamperscope.detect.cues.forensic_transfer import HALO, SCALE, score_matrix
from tamperscope.detect.tiling import STEP, TILE, Canvas, lit_tiles, place_on_canvas
from tamperscope.detect.verdict import THRESHOLD, classify_scores
from tamperscope.errors import TamperscopeError
from tamperscope.io.read import read_mammogram
from tamperscope.runtime.network import Network, Precision, available_cores, load_network
from tamperscope.runtime.weights import find_weights

REFERENCE = "float32, ONNX Runtime"
EXACT = 1e-4
"""Largest difference of a tile's score that counts as none."""
_EVERY = 8
_TILES_AN_IMAGE = 16


@dataclass(frozen=True)
class PrecisionRow:
    """One way to run the encoder against float32 in ONNX Runtime, over the measured images.

    Attributes:
        name: precision and runtime.
        max_difference: the largest of a tile's score.
        mean_difference: the mean of a lit tile's score.
        images_within: images whose tiles all differ by at most ``EXACT``.
        verdicts_changed: images that the score classifier calls otherwise.
        images: measured.
        seconds: median of dense scoring.
    """

    name: str
    max_difference: float
    mean_difference: float
    images_within: int
    verdicts_changed: int
    images: int
    seconds: float


def measure_precision(files: Sequence[Path], *, seed: int = 0) -> list[PrecisionRow]:
    """Score images in each precision that is installed; the ways take turns on each image.

    Every eighth image gives the tiles with which int8 is calibrated, and is not measured.

    Args:
        files: untouched mammograms.
        seed: which tiles.

    Raises:
        TamperscopeError: too few images.
    """
    if len(files) < 2:
        raise TamperscopeError("precision is measured on at least two images: one calibrates int8.")
    calibrating, measured = files[::_EVERY], [file for index, file in enumerate(files) if index % _EVERY]
    classifier = load_network(find_weights("score-classifier").path, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        int8 = Path(folder) / "int8.onnx"
        rng = np.random.default_rng(seed)
        quantise(find_weights("forensic-transfer").path, int8, _tiles(calibrating, rng))
        ways = _ways(int8)
        differences: dict[str, list[np.ndarray]] = {name: [] for name in ways}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        changed = dict.fromkeys(ways, 0)
        for file in tqdm(measured, desc="precision", mininterval=5):
            canvas = place_on_canvas(read_mammogram(file))
            lit = lit_tiles(canvas)
            reference = score_matrix(canvas, ways[REFERENCE][0])
            fake = classify_scores(reference, classifier) > THRESHOLD
            for name, (network, threads) in ways.items():
                score_matrix(canvas, network, threads=threads)  # shapes that a runtime sees first cost it more
                start = perf_counter()
                scores = score_matrix(canvas, network, threads=threads)
                seconds[name].append(perf_counter() - start)
                differences[name].append(np.abs(scores - reference)[lit])
                changed[name] += (classify_scores(scores, classifier) > THRESHOLD) != fake
    return [
        PrecisionRow(
            name,
            float(max(one.max() for one in differences[name])),
            float(np.concatenate(differences[name]).mean()),
            sum(bool(one.max() <= EXACT) for one in differences[name]),
            changed[name],
            len(measured),
            statistics.median(seconds[name]),
        )
        for name in ways
    ]


def write_precision(rows: Sequence[PrecisionRow], folder: Path) -> str:
    """Write ``precision.json`` and ``precision.md`` and return the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"machine": describe_machine(), "rows": [asdict(row) for row in rows]}
    (folder / "precision.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    lines = [
        f"{rows[0].images} images; {facts['machine']}.",
        "",
        f"| encoder | largest difference | mean difference | images within {EXACT:g} | verdicts changed | dense, s |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.name} | {row.max_difference:.1e} | {row.mean_difference:.1e} | {row.images_within} | "
        f"{row.verdicts_changed} | {row.seconds:.3f} |"
        for row in rows
    ]
    text = "\n".join(lines) + "\n"
    (folder / "precision.md").write_text(text, encoding="utf-8")
    return text


def quantise(network: Path, out: Path, tiles: np.ndarray) -> None:
    """Static int8 (QDQ, a scale a channel for weights), calibrated with real tiles.

    Args:
        network: the encoder, float32.
        out: the ONNX file to write.
        tiles: float32, N x 1 x 288 x 288, scaled.

    Raises:
        TamperscopeError: the package ``onnx``, which rewrites networks, is missing.
    """
    try:
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise TamperscopeError("int8 needs the package onnx: pip install 'tamperscope[train]'.") from error

    class Tiles(CalibrationDataReader):
        def __init__(self) -> None:
            self.left = iter(tiles)

        def get_next(self) -> dict[str, np.ndarray] | None:
            tile = next(self.left, None)
            return None if tile is None else {"input": tile[None]}

    folded = out.with_suffix(".folded.onnx")
    quant_pre_process(str(network), str(folded), skip_symbolic_shape=True)
    quantize_static(
        str(folded),
        str(out),
        Tiles(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv"],
    )


def _tiles(files: Sequence[Path], rng: np.random.Generator) -> np.ndarray:
    tiles = []
    for file in files:
        canvas: Canvas = place_on_canvas(read_mammogram(file))
        lit = np.argwhere(lit_tiles(canvas)) * STEP
        side = TILE + 2 * HALO
        for top, left in rng.permutation(lit)[:_TILES_AN_IMAGE]:
            tiles.append(canvas.window(top - HALO, left - HALO, side, side)[None] / SCALE)
    return np.stack(tiles)


def _ways(int8: Path) -> dict[str, tuple[Network, int]]:
    """Each way's encoder, and the threads in which scoring calls it."""
    encoder, cores = find_weights("forensic-transfer").path, available_cores()
    ways: dict[str, tuple[Network, int]] = {
        REFERENCE: (load_network(encoder, threads=1, keep_memory=True), cores),
        "int8, ONNX Runtime": (load_network(int8, threads=1, keep_memory=True), cores),
    }
    try:
        precisions: tuple[Precision, ...] = ("f32", "f16", "bf16")
        names: dict[Precision, str] = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}
        for precision in precisions:
            network: Callable = load_network(encoder, runtime="openvino", precision=precision)
            ways[f"{names[precision]}, OpenVINO"] = (network, 1)
        ways["int8, OpenVINO"] = (load_network(int8, runtime="openvino"), 1)
    except TamperscopeError:
        pass  # OpenVINO is not installed
    return ways
