"""Readers that are no people: they answer through the checks and the store of the server.

They are labelled as simulated wherever they show.

The model is the binormal one: how suspicious a forged image looks is normal with mean ``separation``, a real one with
mean 0, standard deviation 1 (area under the ROC curve: Phi(separation / sqrt 2)); the same for how ill it looks. Forged
images look as ill as real lesions with probability ``convincing``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

from tamperscope.errors import TamperscopeError
from tamperscope.study.acts import read_events
from tamperscope.study.config import Part, Question
from tamperscope.study.create import TRUTH
from tamperscope.study.database import reading
from tamperscope.study.store import Store


def simulate_readers(
    folder: str | Path, *, seed: int = 0, separation: float = 1.0, convincing: float = 0.7
) -> dict[str, int]:
    """Let the readers that are declared as simulated read and lock all parts that are open to them.

    The acts pass the same checks and the same store as a browser's; with the same seed they are the same, and
    a run that was stopped goes on.

    Returns:
        Reader to acts kept.

    Raises:
        TamperscopeError: no reader of the study is declared as simulated; people's answers are never made up.
    """
    store = Store(folder)
    readers = [row for row in store.readers.values() if row.simulated]
    if not readers:
        raise TamperscopeError(
            "No reader of this study is declared as simulated: true, and people's answers stay theirs."
        )
    truth = json.loads((Path(folder) / TRUTH).read_text(encoding="utf-8"))
    kept = {}
    for reader in readers:
        kept[reader.id] = 0
        for part in store.config.parts:
            with reading(store.engine) as connection:
                if store.part_state(connection, reader.id, part) != "open":
                    continue
            for one in store.cases_of(reader.id, part.id):
                rng = np.random.default_rng([seed, *_numbers(f"{reader.id} {part.id} {one.number}")])
                acts = simulated_acts(part, truth[one.image_id], rng, separation=separation, convincing=convincing)
                events = read_events({"events": acts}, part, *store.sizes[part.id])
                store.append(one, part, events)
                kept[reader.id] += len(events)
            store.happen(reader.id, part.id, "lock", reader.id)
    store.engine.dispose()
    return kept


def simulated_acts(
    part: Part, truth: dict[str, Any], rng: np.random.Generator, *, separation: float, convincing: float
) -> list[dict[str, Any]]:
    """One simulated reading: answers to all questions, a mark where the breast seems ill, time at work."""
    ill = bool(rng.random() < convincing) if truth["forged"] else truth["healthy"] is False
    suspicion = separation * truth["forged"] + rng.standard_normal() - separation / 2
    illness = 2.0 * ill + rng.standard_normal() - 1.0
    acts: list[dict[str, Any]] = [{"kind": "open"}]
    for question in part.questions:
        acts.append({"kind": "answer", "question": question.id, "value": _answer(question, suspicion, illness)})
    boxes = truth["lesions"]
    if part.marks and illness > 0 and boxes:
        x, y, width, height = boxes[0]
        spread = rng.standard_normal(2)
        shape = {
            "x": max(0.0, float(x + width / 2 + 0.2 * width * spread[0])),
            "y": max(0.0, float(y + height / 2 + 0.2 * height * spread[1])),
            "width": 0.0,
            "height": 0.0,
        }
        mark = {"id": rng.bytes(16).hex(), "kind": "point", "shape": shape, "confidence": _percent(illness)}
        acts.append({"kind": "mark-add", "mark": mark})
    acts.append({"kind": "view", "active_ms": int(1000 * rng.lognormal(3.5, 0.5))})
    return [{"uuid": rng.bytes(16).hex(), "at": "2000-01-01T00:00:00Z", **act} for act in acts]


def _answer(question: Question, suspicion: float, illness: float) -> Any:
    values = [option.value for option in question.options]
    if question.kind == "text":
        return "Simulated reader."
    if question.kind == "scale":
        return _percent(abs(suspicion))
    if set(values) == {"healthy", "unhealthy"}:
        return "unhealthy" if illness > 0 else "healthy"
    if set(values) == {"real", "fake"}:
        return "fake" if suspicion > 0 else "real"
    return values[min(len(values) - 1, int(ndtr(illness) * len(values)))]


def _percent(value: float) -> float:
    return float(round(100 * (2 * ndtr(abs(value)) - 1)))


def _numbers(text: str) -> list[int]:
    return list(hashlib.sha256(text.encode()).digest()[:8])
