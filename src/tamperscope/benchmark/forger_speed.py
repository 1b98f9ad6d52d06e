"""Time and memory of each forger on one image."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.random_region import random_region
from tamperscope.forge.registry import FORGERS
from tamperscope.io.read import read_mammogram


@dataclass(frozen=True)
class ForgerSpeed:
    """What one forger needs, after the image was read.

    Attributes:
        forger: name.
        cpu_s: seconds of CPU of one forgery, median of the repeats.
        wall_s: seconds by the clock.
        memory_mb: resident memory at its highest above that before the first forgery.
        problem: why there are no figures, or nothing.
    """

    forger: str
    cpu_s: float
    wall_s: float
    memory_mb: float
    problem: str = ""


def measure_forgers(file: Path, names: Sequence[str] = (), *, repeats: int = 3, seed: int = 0) -> list[ForgerSpeed]:
    """Measure each forger in a process of its own, so that memory is its own.

    Args:
        file: a mammogram; it is its own donor where one is needed.
        names: of forgers; all of the registry without.
        repeats: forgeries each, on the same region.
        seed: of the region.
    """
    context = multiprocessing.get_context("spawn")
    measured = []
    for name in names or FORGERS:
        # One process a forger: the highest memory of a process never falls.
        with context.Pool(1) as pool:
            measured.append(pool.apply(_measure, (file, name, repeats, seed)))
    return measured


def to_markdown(measured: Sequence[ForgerSpeed]) -> str:
    """A table."""
    lines = ["| forger | CPU, s | clock, s | memory, MB |", "| --- | --- | --- | --- |"]
    for one in measured:
        cells = (
            [one.problem, "", ""] if one.problem else [f"{one.cpu_s:.2f}", f"{one.wall_s:.2f}", f"{one.memory_mb:.0f}"]
        )
        lines.append(f"| `{one.forger}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _measure(file: Path, name: str, repeats: int, seed: int) -> ForgerSpeed:
    mammogram = read_mammogram(file)
    region = random_region(mammogram, np.random.default_rng(seed))
    settings: dict[str, Any] = {"donor": mammogram} if FORGERS[name].card.needs_donor else {}
    forger = FORGERS[name](**settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = [], []
    try:
        for number in range(repeats):
            start, start_cpu = perf_counter(), process_time()
            forger.forge(mammogram, region, rng=np.random.default_rng(number))
            wall.append(perf_counter() - start)
            cpu.append(process_time() - start_cpu)
    except TamperscopeError as error:
        return ForgerSpeed(name, 0, 0, 0, str(error))
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return ForgerSpeed(name, float(np.median(cpu)), float(np.median(wall)), memory)
