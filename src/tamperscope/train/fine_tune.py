"""The trace network, trained on with a few examples of a new kind of forgery (report, section 2.2; Cozzolino et al.,
ForensicTransfer, 2018: a handful of examples brings a detector up to a forgery that it did not know)."""

from __future__ import annotations

import base64
import copy
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.utils.data import default_collate
from tqdm import tqdm

from tamperscope.detect.calibration import NullDistribution, check_enough
from tamperscope.detect.cues.adapted import Adaptation
from tamperscope.detect.working_image import WorkingImage, mask_on_pixels, prepare_image
from tamperscope.errors import TamperscopeError
from tamperscope.mammogram import Mammogram
from tamperscope.networks.trace import TraceNetwork
from tamperscope.runtime.memory import keep_freed_memory
from tamperscope.runtime.weights import WEIGHTS, find_weights
from tamperscope.train.picture_history import age, turned
from tamperscope.train.trace import export_trace, trace_loss
from tamperscope.train.trace_crops import describe_crop

LEAST_EXAMPLES = 3
STEPS = 300
RATE = 7e-4
_LEARNT = 0.7
"""Share of the way from the old to the new weights that is gone: a few examples are learnt too well."""
_CROP = 576
_BATCH = 4
_UNFORGED = 1
"""Crops of each batch in which nothing is forged, taken from the examples as well."""
_AGE = 0.25
_MARGIN = 80
"""Pixels of a crop next to its border in which the middle of the forged area does not lie."""
_TRIES = 8


@dataclass(frozen=True, eq=False)
class Example:
    """A forged image as the network sees it.

    Attributes:
        pixels: float32, H x W, the working image.
        forged: float32, H x W, share of each pixel that is forged.
    """

    pixels: np.ndarray
    forged: np.ndarray


def example_of(mammogram: Mammogram, mask: np.ndarray) -> Example:
    """An example to learn from.

    Args:
        mammogram: forged.
        mask: bool, H x W, where.

    Raises:
        UnscorableImageError: the image can't be scored.
    """
    image = prepare_image(mammogram)
    return Example(image.pixels, mask_on_pixels(mask, image))


def shipped_network(folder: Path = WEIGHTS) -> TraceNetwork:
    """The trace network with the weights of the exported files."""
    network = TraceNetwork(normalised=False)
    states: dict[str, torch.Tensor] = {}
    for part in ("encoder", "head"):
        graph = onnx.load(find_weights(f"trace-{part}", folder=folder).path).graph
        states |= {f"{part}.{one.name}": torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
    network.load_state_dict(states)
    return network.eval()


def fine_tune(
    network: TraceNetwork, examples: Sequence[Example], *, steps: int = STEPS, rate: float = RATE, seed: int = 0
) -> TraceNetwork:
    """Train a copy of a network on with examples: 300 steps take some four minutes of one core.

    The weights that come back lie between the old and the new ones (Wortsman et al., CVPR 2022: robust to what the
    examples don't show).

    Args:
        network: what it starts from.
        examples: forged images; what lies outside their masks is what untouched tissue is learnt from.
        steps: batches of four crops.
        rate: largest learning rate.
        seed: draws the crops.

    Returns:
        The copy, in evaluation mode.
    """
    keep_freed_memory()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    start = network.state_dict()
    network = copy.deepcopy(network).train()
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.1)
    for _ in tqdm(range(steps), desc="learning", disable=None, mininterval=5):
        drawn = [examples[int(index)] for index in rng.integers(len(examples), size=_BATCH)]
        crops = [_crop(one, rng, forged=number >= _UNFORGED) for number, one in enumerate(drawn)]
        loss, _ = trace_loss(network, default_collate(crops), crop_weight=1.0)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    learnt = network.state_dict()
    network.load_state_dict({name: torch.lerp(start[name], learnt[name], _LEARNT) for name in start})
    return network.eval()


def _crop(example: Example, rng: np.random.Generator, *, forged: bool) -> tuple[np.ndarray | np.float32, ...]:
    """A crop with or without the forged area, aged, turned and flipped."""
    height, width = example.pixels.shape
    pad = ((0, max(0, _CROP - height)), (0, max(0, _CROP - width)))
    pixels, share = np.pad(example.pixels, pad), np.pad(example.forged, pad)
    limits = np.array(pixels.shape) - _CROP
    if forged:
        middle = np.argwhere(share > 0).mean(0)
        corner = np.clip((middle - rng.integers(_MARGIN, _CROP - _MARGIN, size=2)).astype(int), 0, limits)
    else:
        corners = [rng.integers(0, limits + 1) for _ in range(_TRIES)]
        corner = max(corners, key=lambda at: _worth(pixels, share, at))
    box = tuple(slice(start, start + _CROP) for start in corner)
    aged = age(np.ascontiguousarray(pixels[box]), rng, strength=_AGE)
    return describe_crop(*turned((aged, share[box]), rng))


def _worth(pixels: np.ndarray, share: np.ndarray, corner: np.ndarray) -> float:
    """More tissue is better, and nothing forged."""
    box = tuple(slice(start, start + _CROP) for start in corner)
    return float((pixels[box] > 0).mean()) - 5 * bool(share[box].any())


def adapt(
    name: str,
    examples: Sequence[Example],
    untouched: Iterable[WorkingImage],
    *,
    model: str,
    steps: int = STEPS,
    seed: int = 0,
    weights: Path = WEIGHTS,
) -> Adaptation:
    """Learn a cue from examples, and what it makes of untouched images.

    Args:
        name: of the kind of forgery.
        examples: forged images, at least 3.
        untouched: images that the null distribution is taken from, at least 20; nothing is learnt from them.
        model: hash of the detector that it starts from.
        steps: of the training.
        seed: draws the crops.
        weights: folder of the network that it starts from.

    Raises:
        TamperscopeError: there are too few examples or untouched images.
    """
    usable = [one for one in examples if one.forged.max() > 0.5]
    if len(usable) < LEAST_EXAMPLES:
        raise TamperscopeError(
            f"{len(usable)} of {len(examples)} examples have a forged area that can be looked at; at least "
            f"{LEAST_EXAMPLES} are needed."
        )
    network = fine_tune(shipped_network(weights), usable, steps=steps, seed=seed)
    cue = Adaptation(name, *_exported(network), NullDistribution((0.0,)), model, "")
    peaks = [cue.peak(image) for image in untouched]
    check_enough(len(peaks))
    source = f"{len(usable)} examples, trained on for {steps} steps, calibrated on {len(peaks)} untouched images"
    null = NullDistribution(tuple(round(peak, 4) for peak in peaks))
    return Adaptation(name, cue.encoder, cue.head, null, model, source)


def _exported(network: TraceNetwork) -> tuple[str, str]:
    """Encoder and head as ONNX files in base 64."""
    with tempfile.TemporaryDirectory() as folder:
        export_trace(network, Path(folder), card={})
        encoder, head = (
            base64.b64encode((Path(folder) / f"trace-{part}.onnx").read_bytes()).decode("ascii")
            for part in ("encoder", "head")
        )
    return encoder, head
