"""A cue learnt from a few examples of a new kind of forgery: the trace network, trained on with them.

It stands beside the network that it was trained from, which stays as it is. As one cue more it takes its part of the
false alarms that all may make together, so that trace and areas need a little more evidence (``fuse.py``).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tamperscope.detect.calibration import LEAST_IMAGES, NullDistribution
from tamperscope.detect.cues.areas import area_evidence
from tamperscope.detect.cues.seen import Seen
from tamperscope.detect.cues.trace import compare_cells, trace_evidence
from tamperscope.detect.residuals import Residuals, noise_residuals
from tamperscope.detect.working_image import WorkingImage
from tamperscope.errors import TamperscopeError
from tamperscope.runtime.network import Network, network_of_bytes

SCHEMA, SCHEMA_VERSION = "tamperscope-adaptation", 3


@dataclass(frozen=True)
class Adaptation:
    """What was learnt from the examples of one kind of forgery.

    Attributes:
        name: of the kind.
        encoder: ONNX file in base 64.
        head: the same.
        null: strongest evidence in untouched images.
        model: hash of the detector that the training started from.
        source: what it was learnt from.
    """

    name: str
    encoder: str
    head: str
    null: NullDistribution
    model: str
    source: str

    @property
    def cue(self) -> str:
        """The name of the cue."""
        return f"adapted to {self.name}"

    @cached_property
    def _networks(self) -> tuple[Network, Network]:
        encoder, head = (network_of_bytes(base64.b64decode(code)) for code in (self.encoder, self.head))
        return encoder, head

    def evidence(self, seen: Seen) -> np.ndarray:
        """The cue (``seen.Cue``): how odd the area around each cell is to this network."""
        return self.oddness(seen.residuals, seen.image.pixels > 0)

    def oddness(self, residuals: Residuals, lit: np.ndarray) -> np.ndarray:
        """``area_evidence`` of this network's logits: float32, H/8 x W/8; -20 where a cell doesn't count.

        Single cells of untouched images strike a network that has seen but a few examples; areas hardly do.

        Args:
            residuals: of an image whose sides are multiples of 8.
            lit: bool, H x W, breast.
        """
        encoder, head = self._networks
        compared = compare_cells(residuals, lit, encoder)
        return area_evidence(trace_evidence(compared, head), compared.cells)

    def peak(self, image: WorkingImage) -> float:
        """The strongest evidence in an image, on which the null distribution is built."""
        return float(self.oddness(noise_residuals(image.pixels), image.pixels > 0).max())

    def save(self, path: Path) -> None:
        """Write as JSON, half a megabyte."""
        facts = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION} | asdict(self)
        path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, *, model: str) -> Adaptation:
        """Read what ``save`` wrote.

        Raises:
            TamperscopeError: the file is no adaptation of this kind, or one of another detector.
        """
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            if facts["schema"] != SCHEMA or facts["schema_version"] != SCHEMA_VERSION:
                raise ValueError("it is of another version: adapt again")
            null = NullDistribution(tuple(map(float, facts["null"]["peaks"])))
            encoder, head = facts["encoder"], facts["head"]
            for code in (encoder, head):
                base64.b64decode(code, validate=True)
            read = cls(str(facts["name"]), encoder, head, null, str(facts["model"]), str(facts["source"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise TamperscopeError(f"{path} can't be read as an adaptation: {error}") from error
        if len(null.peaks) < LEAST_IMAGES:
            raise TamperscopeError(f"{path} was calibrated on fewer than {LEAST_IMAGES} untouched images.")
        if read.model != model:
            raise TamperscopeError(f"{path} belongs to other weights of the detector ({read.model}): adapt again.")
        return read
