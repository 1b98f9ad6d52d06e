"""One lesion in CC and MLO, on the real pairs of two patients."""

import json

import numpy as np
import pytest

from tamperscope import Injector, read_mammogram
from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.two_views import TOLERANCE_MM, NippleFrame, inject_two_views, matching_square, nipple_frame
from tamperscope.mammogram import Mammogram, Spacing
from tests.cli.test_scan import run

PAIRS = {"P_00173 L": (0, 1), "P_00173 R": (2, 3), "P_00820 L": (4, 5), "P_00820 R": (6, 7)}


def missed(apart):
    """A pair that the rule does not hold for: it fails, and must go on failing until the rule is better."""
    return pytest.mark.xfail(strict=True, reason=f"lies {apart:g} mm deeper in one view than in the other")


MASSES = [
    # Centres of the annotated boxes (CBIS-DDSM), CC then MLO, and how many mm they lie apart in depth: all five, two of
    # which the rule misses. Which of the two
    # of P_00173 R are the same lesion the annotation does not say; they are paired by depth.
    ("P_00173 L", (1085, 2437), (883, 3326), 5.5),
    ("P_00173 R", (1966, 2265), (1806, 2719), 0.5),
    pytest.param("P_00173 R", (2654, 2678), (2794, 1766), 31.0, marks=missed(31.0)),
    pytest.param("P_00820 L", (64, 3003), (202, 3297), 20.8, marks=missed(20.8)),
    ("P_00820 R", (2227, 1346), (1766, 2097), 1.0),
]


@pytest.fixture(scope="module")
def views(dicom_files):
    return [read_mammogram(file) for file in dicom_files]


def half_disc(*, right=False, mm=0.1, view="CC"):
    y, x = np.mgrid[:600, :400]
    tissue = np.hypot(x, y - 320) < 280
    tissue = tissue[:, ::-1].copy() if right else tissue
    return Mammogram(np.where(tissue, 500, 0).astype(np.float32), tissue, Spacing(mm, "given"), view=view)


@pytest.mark.parametrize("right", [False, True])
def test_the_nipple_of_a_half_disc(right):
    frame = nipple_frame(half_disc(right=right))
    assert frame.x == pytest.approx(119 if right else 280, abs=3)
    assert frame.y == pytest.approx(320, abs=8)
    assert frame.inward == (1.0 if right else -1.0, 0.0)
    there = (frame.x + (100 if right else -100), frame.y - 50)
    assert frame.depth_mm(there) == pytest.approx(10)
    assert frame.across_mm(there) == pytest.approx(5)


@pytest.mark.parametrize("inward", [(-1.0, 0.0), (np.cos(0.4), -np.sin(0.4)), (-np.cos(0.4), -np.sin(0.4))])
def test_depth_and_across_give_the_point_back(inward):
    frame = NippleFrame(500, 700, inward, 0.05)
    point = frame.point(21, 8)
    assert frame.depth_mm(point) == pytest.approx(21)
    assert frame.across_mm(point) == pytest.approx(8)
    assert frame.point(0, 5)[1] < 700


def apart_mm(views, pair, cc, mlo):
    depths = [nipple_frame(views[i]).depth_mm(centre) for i, centre in zip(PAIRS[pair], (cc, mlo), strict=True)]
    return abs(depths[0] - depths[1])


@pytest.mark.parametrize(("pair", "cc", "mlo", "apart"), MASSES)
def test_real_masses_lie_equally_deep_in_both_views(views, pair, cc, mlo, apart):
    assert apart_mm(views, pair, cc, mlo) <= TOLERANCE_MM


@pytest.mark.parametrize(("pair", "cc", "mlo", "apart"), [getattr(mass, "values", mass) for mass in MASSES])
def test_how_far_apart_real_masses_lie(views, pair, cc, mlo, apart):
    assert apart_mm(views, pair, cc, mlo) == pytest.approx(apart, abs=0.1)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_same_lesion_in_both_views(views, pair):
    first, second = (views[i] for i in PAIRS[pair])
    frames = nipple_frame(first), nipple_frame(second)
    x, y = frames[0].point(40, 0)
    square = Square(round(x) - 200, round(y) - 200, 400)
    parameters = {"threshold": 300.0, "noise_model": "matched", "seed": 4}
    forgeries = inject_two_views(first, second, square, Injector.load(), **parameters)
    records = [forgery.record for forgery in forgeries]
    assert records[0]["square"] == {"x": square.x, "y": square.y, "side": 400}
    assert records[1]["square"]["side"] == round(400 * first.spacing.mm / second.spacing.mm)
    assert abs(records[0]["two_views"]["depth_mm"] - records[1]["two_views"]["depth_mm"]) <= TOLERANCE_MM + 0.1
    assert records[0]["parameters"] == records[1]["parameters"]
    for view, forgery in zip((first, second), forgeries, strict=True):
        assert forgery.mask.any()
        assert view.tissue[forgery.mask].mean() > 0.9
    # The tumour is the same, and with another seed it is not.
    other = inject_two_views(first, second, square, Injector.load(), **{**parameters, "seed": 5})
    same, different = (likeness(forgeries[0], pair[1]) for pair in (forgeries, other))
    assert same > 0.8
    assert different < same - 0.1


def test_a_spiculated_lesion_is_the_same_in_both_views(views):
    first, second = views[:2]
    x, y = nipple_frame(first).point(40, 0)
    square = Square(round(x) - 200, round(y) - 200, 400)
    pair = inject_two_views(first, second, square, Injector.load(), spiculation=0.8, seed=4)
    assert likeness(*pair) > 0.8
    assert [forgery.record["parameters"]["spiculation"] for forgery in pair] == [0.8, 0.8]
    plain = inject_two_views(first, second, square, Injector.load(), seed=4)
    assert all(drawn.mask.sum() > other.mask.sum() for drawn, other in zip(pair, plain, strict=True))


def likeness(one, other):
    """Correlation of what two forgeries drew over the membranes through their squares."""
    hole = np.zeros((64, 64), bool)
    hole[10:54, 10:54] = True
    tumours = [forgery.stages["cgan2"] - fill_harmonic(forgery.stages["cgan2"], hole) for forgery in (one, other)]
    return float(np.corrcoef(*(tumour[20:44, 20:44].ravel() for tumour in tumours))[0, 1])


def test_pitches_may_differ():
    first, second = half_disc(), half_disc(mm=0.2, view="MLO")
    square = Square(120, 280, 80)
    frames = nipple_frame(first), nipple_frame(second)
    other = matching_square(square, first, second, frames)
    assert other.side == 40
    depths = [
        frame.depth_mm((s.x + s.side / 2, s.y + s.side / 2)) for frame, s in zip(frames, (square, other), strict=True)
    ]
    assert abs(depths[0] - depths[1]) <= TOLERANCE_MM


def test_what_is_no_pair_is_refused(views):
    injector = Injector.load()
    square = Square(1400, 2000, 200)
    with pytest.raises(TamperscopeError, match="different breasts: L and R"):
        inject_two_views(views[0], views[3], square, injector)
    with pytest.raises(TamperscopeError, match="different patients"):
        inject_two_views(views[0], views[5], square, injector)
    with pytest.raises(TamperscopeError, match="both images are CC"):
        inject_two_views(views[0], views[0], square, injector)
    with pytest.raises(TamperscopeError, match="nipple 9000,0 is not inside"):
        inject_two_views(views[0], views[1], square, injector, nipples=((9000, 0), None))


def test_a_lesion_that_does_not_fit_is_refused():
    first, second = half_disc(), half_disc(mm=0.02, view="MLO")
    with pytest.raises(TamperscopeError, match="has no room for the lesion"):
        matching_square(Square(120, 280, 80), first, second, (nipple_frame(first), nipple_frame(second)))


def test_the_command_writes_both_marked(tmp_path, dicom_files):
    out = tmp_path / "out"
    result = run("inject", "--two-views", *dicom_files[2:4], "--square", "random", "--seed", "3", "--out", out)
    assert result.returncode == 0, result.stderr
    records = [json.loads((out / f"{file.stem}-forged.dcm.record.json").read_text()) for file in dicom_files[2:4]]
    assert [record["two_views"]["view"] for record in records] == ["CC", "MLO"]
    assert all(record["synthetic"] for record in records)
    result = run("inject", "--two-views", *dicom_files[2:4], "--square", "random", "--nipple", "1,2", "--out", out)
    assert result.returncode == 2
    assert "for both views or for none" in result.stderr
