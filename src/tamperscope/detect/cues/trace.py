"""The trace cue: parts whose fine structure differs from the rest of the same image (learned).

Noise residuals and coarse structure go through an encoder, strip by strip; each cell is compared with the cells
of the same image at like brightness; a head turns the comparison into a logit a cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from tamperscope.detect.compare import compare_within_image
from tamperscope.detect.residuals import Residuals
from tamperscope.detect.structure import SHRINK, coarse_structure
from tamperscope.detect.working_image import CELL
from tamperscope.runtime.network import Network

if TYPE_CHECKING:
    from tamperscope.detect.cues.seen import Seen

HALO = 32
"""Pixels beyond a strip of rows that its cells' features depend on, at most."""
_STRIP = 256
_RARE = (1.0, 99.0)
"""Percentiles of the cells' brightness, beyond which there are too few to compare with."""
OUTSIDE = -20.0
"""Logit of a cell in which there is nothing to look at."""


class Compared(NamedTuple):
    """Each cell's features against those of the same image.

    Attributes:
        planes: float32, C x H/8 x W/8; the last plane is 1 where a cell counts.
        cells: bool, H/8 x W/8, which cells count.
    """

    planes: np.ndarray
    cells: np.ndarray


def evidence(seen: Seen) -> np.ndarray:
    """The cue (``seen.Cue``): logits of the cells."""
    return seen.logits


def compare_cells(residuals: Residuals, lit: np.ndarray, encoder: Network) -> Compared:
    """Describe and compare the cells of one image.

    Args:
        residuals: of an image whose sides are multiples of 8.
        lit: bool, H x W, breast.
        encoder: exported, N x 3 x H x W and N x 3 x H/4 x W/4 to N x C x H/8 x W/8.
    """
    levels, cells = comparable_cells(residuals.brightness, residuals.valid)
    structure = coarse_structure(residuals.brightness, lit)
    features = np.concatenate([_features(residuals.bands, structure.bands, encoder), structure.cells])
    if not cells.any():
        return Compared(np.zeros((len(features) + 2, *cells.shape), np.float32), cells)
    compared = compare_within_image(features, levels, cells)
    return Compared(np.concatenate([compared, cells[None]]).astype(np.float32), cells)


def comparable_cells(brightness: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Brightness of the cells, and which of them there is something like in the image: float32 and bool, H/8 x W/8.

    Args:
        brightness: float32, H x W.
        valid: bool, H x W.
    """
    levels, cells = cell_means(brightness), whole_cells(valid)
    if cells.any():
        darkest, brightest = np.percentile(levels[cells], _RARE)
        cells &= (levels >= darkest) & (levels <= brightest)
    return levels, cells


def trace_evidence(compared: Compared, head: Network) -> np.ndarray:
    """Logit of each cell, smoothed over 3 x 3 cells.

    Args:
        compared: of one image.
        head: exported, N x C x h x w to N x 1 x h x w.

    Returns:
        float32, h x w; -20 where there is nothing to look at.
    """
    if not compared.cells.any():
        return np.full(compared.cells.shape, OUTSIDE, np.float32)
    return smoothed(head(compared.planes[None])[0, 0], compared.cells)


def smoothed(logits: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Logits over 3 x 3 cells where cells count, -20 elsewhere: float32, h x w."""
    smooth = cv2.blur(logits, (3, 3), borderType=cv2.BORDER_CONSTANT)
    return np.where(cells, smooth, np.float32(OUTSIDE))


def cell_means(pixels: np.ndarray) -> np.ndarray:
    """Means of the 8 x 8 cells: float32."""
    return by_cells(pixels).mean((1, 3), dtype=np.float32)


def whole_cells(where: np.ndarray) -> np.ndarray:
    """Cells that are True all over: bool, H/8 x W/8."""
    return cell_means(where) > 0.99


def by_cells(pixels: np.ndarray) -> np.ndarray:
    """H x W as H/8 x 8 x W/8 x 8: the pixels of a cell lie along axes 1 and 3."""
    height, width = pixels.shape
    return pixels.reshape(height // CELL, CELL, width // CELL, CELL)


def _features(residuals: np.ndarray, bands: np.ndarray, encoder: Network) -> np.ndarray:
    """Every strip of rows encoded with its halo: C x H/8 x W/8."""
    height = residuals.shape[1]
    encoded = []
    for start in range(0, height, _STRIP):
        stop = min(start + _STRIP, height)
        first, last = max(0, start - HALO), min(height, stop + HALO)
        strip = encoder(residuals[None, :, first:last], bands[None, :, first // SHRINK : last // SHRINK])[0]
        encoded.append(strip[:, (start - first) // CELL : (stop - first) // CELL])
    return np.concatenate(encoded, axis=1)
