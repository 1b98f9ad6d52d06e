"""The curves of a training: a table, and the same numbers for TensorBoard."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from types import TracebackType
from typing import IO

from tamperscope.errors import TamperscopeError


class Curves:
    """Numbers over the steps or epochs of a training, written as they come.

    ``OUT/NAME.csv`` has a line an entry; ``OUT/curves/NAME`` is for ``tensorboard --logdir OUT/curves``, where
    TensorBoard is installed. A training that goes on from a checkpoint adds to both.

    Args:
        out: folder.
        name: of the training.
        columns: the table's, the first one counting steps or epochs.
        start: entries up to here are there already; 0 begins anew.
    """

    def __init__(self, out: Path, name: str, columns: tuple[str, ...], *, start: int = 0) -> None:
        self.columns = columns
        path = out / f"{name}.csv"
        kept: list[list[str]] = []
        if start > 0 and path.exists():
            # A training that was killed may have written entries beyond its last checkpoint; they come again.
            kept = [row for row in list(csv.reader(path.read_text().splitlines()))[1:] if int(row[0]) <= start]
        self._lines: IO[str] = path.open("w", newline="", encoding="utf-8")
        self._table = csv.writer(self._lines)
        self._table.writerows([columns, *kept])
        self._lines.flush()
        self._board = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._board = SummaryWriter(str(out / "curves" / name), purge_step=start + 1)  # type: ignore[no-untyped-call]

    def add(self, step: int, *values: float | None) -> None:
        """One entry: the step, and a number for each further column, None where there is none.

        Raises:
            TamperscopeError: a number is not finite, so nothing more can come of the training.
        """
        self._table.writerow([step, *("" if value is None else f"{value:.5f}" for value in values)])
        self._lines.flush()
        for name, value in zip(self.columns[1:], values, strict=True):
            if value is None:
                continue
            if not math.isfinite(value):
                raise TamperscopeError(
                    f"{name} is {value} at {self.columns[0]} {step}: the training has failed. A lower rate or float32 "
                    "precision may help."
                )
            if self._board is not None:
                self._board.add_scalar(name, value, step)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Curves:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        if self._board is not None:
            self._board.close()  # type: ignore[no-untyped-call]
