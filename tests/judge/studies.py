"""The published reader studies that the tests compare with."""

from pathlib import Path

from tamperscope.judge.reader_study import ReaderStudy

DATA = Path(__file__).parent / "data"


def rows(name):
    """(reader, case, modality, truth, rating) of a study in tests/judge/data."""
    for line in (DATA / f"{name}.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        reader, truth, *pairs = line.split()
        for case, pair in enumerate(pairs):
            for modality, rating in enumerate(pair, start=1):
                yield reader, f"{truth}-{case + 1}", modality, int(truth), float(rating)


def study(name):
    return ReaderStudy.from_rows(rows(name))
