import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from tamperscope.judge.localisation import (
    Lesion,
    Mark,
    MarkedImage,
    highest_rating_auc,
    jafroc,
    lesion_sensitivity,
    lroc_area,
    match_marks,
)
from tamperscope.judge.roc import auc

INF = math.inf
CONFIDENCE = st.integers(0, 5).map(float)
HEALTHY = st.lists(CONFIDENCE, max_size=3).map(lambda false: MarkedImage((), tuple(false)))
DISEASED = st.tuples(
    st.lists(st.one_of(st.just(-INF), CONFIDENCE), min_size=1, max_size=3), st.lists(CONFIDENCE, max_size=3)
).map(lambda both: MarkedImage(tuple(both[0]), tuple(both[1])))
SETS = st.tuples(st.lists(HEALTHY, min_size=1, max_size=6), st.lists(DISEASED, min_size=1, max_size=6)).map(
    lambda both: [*both[0], *both[1]]
)


def area_by_plot(x_of, y_of, last):
    """Area under a curve drawn corner by corner from the highest threshold down, then on to ``last``."""
    points = [(0.0, 0.0)] + [(x_of(t), y_of(t)) for t in np.arange(5.5, -1.0, -1.0)] + [last]
    x, y = zip(*points, strict=True)
    return trapezoid(y, x)


@given(SETS)
def test_figures_are_areas_under_their_plots(images):
    healthy = [image for image in images if not image.diseased]
    diseased = [image for image in images if image.diseased]
    lesions = [value for image in diseased for value in image.hits]

    def false_fraction(t):
        return np.mean([image.highest_false > t for image in healthy])

    def lesion_fraction(t):
        return np.mean([value > t for value in lesions])

    def weighted_fraction(t):
        return np.mean([np.mean([value > t for value in image.hits]) for image in diseased])

    def placed_fraction(t):
        return np.mean([image.rightly_placed and image.rating > t for image in diseased])

    afroc = area_by_plot(false_fraction, lesion_fraction, (1.0, 1.0))
    assert jafroc(images, weighted=False) == pytest.approx(afroc)
    assert jafroc(images) == pytest.approx(area_by_plot(false_fraction, weighted_fraction, (1.0, 1.0)))
    # The LROC curve ends level: unmarked diseased images are never in place.
    ends = (1.0, placed_fraction(-1.0))
    assert lroc_area(images) == pytest.approx(area_by_plot(false_fraction, placed_fraction, ends))
    truth = [image.diseased for image in images]
    assert highest_rating_auc(images) == pytest.approx(auc(truth, [image.rating for image in images]))


@given(SETS)
def test_raising_all_confidences_alike_changes_nothing(images):
    raised = [
        MarkedImage(tuple(value * 3 + 7 for value in image.hits), tuple(value * 3 + 7 for value in image.false))
        for image in images
    ]
    for figure in (jafroc, lroc_area, highest_rating_auc):
        assert figure(raised) == pytest.approx(figure(images))
    assert jafroc(raised, weighted=False) == pytest.approx(jafroc(images, weighted=False))


@given(SETS)
def test_one_lesion_an_image_makes_both_jafrocs_alike(images):
    single = [MarkedImage(image.hits[:1], image.false) for image in images]
    assert jafroc(single) == pytest.approx(jafroc(single, weighted=False))
    assert lroc_area(single) <= highest_rating_auc(single) + 1e-12


def test_by_hand():
    # Two healthy images: highest false marks 2 and none. Two diseased: lesions rated (3, unmarked), weights
    # 0.7 and 0.3, and (1). Wins over (2, -inf): 3 -> 1, 1; -inf -> 0, 1/2; 1 -> 0, 1.
    images = [
        MarkedImage((), (2.0, 1.0)),
        MarkedImage(()),
        MarkedImage((3.0, -INF), (4.0,), (0.7, 0.3)),
        MarkedImage((1.0,)),
    ]
    assert jafroc(images) == pytest.approx(((0.7 * 1 + 0.3 * 0.25) + 0.5) / 2)
    assert jafroc(images, weighted=False) == pytest.approx((1 + 0.25 + 0.5) / 3)
    # The first diseased image's surest mark is false; the second's is in place and beats the unmarked image
    # only.
    assert lroc_area(images) == pytest.approx(0.25)
    assert lesion_sensitivity(images) == (pytest.approx(2 / 3), 0.75)
    assert lesion_sensitivity(images, 2.5) == (pytest.approx(1 / 3), 0.25)


def test_marks_find_the_nearest_lesion_within_the_ellipse():
    left, right = Lesion(0, 0, 20, 20), Lesion(30, 0, 20, 20)
    # A corner of the box is outside the ellipse.
    assert match_marks([Mark(0, 0, 1)], [left, right]) == MarkedImage((-INF, -INF), (1.0,))
    assert match_marks([Mark(0, 0, 1)], [left, right], margin=5).hits == (1.0, -INF)
    # Within reach of both: the nearer one takes it.
    assert match_marks([Mark(24, 10, 5)], [left, right], margin=10).hits == (5.0, -INF)
    assert match_marks([Mark(26, 10, 5)], [left, right], margin=10).hits == (-INF, 5.0)
    # Two marks on one lesion: the surer counts, the other is not false.
    assert match_marks([Mark(10, 10, 2), Mark(11, 10, 7)], [left]) == MarkedImage((7.0,), ())
    assert match_marks([Mark(10, 10, 2)], []) == MarkedImage((), (2.0,))
    assert match_marks([], []) == MarkedImage(())


def test_a_small_lesion_beside_a_large_one():
    large, small = Lesion(0, 0, 200, 200), Lesion(150, 90, 20, 20)
    # The point lies in both; it is nearer to the small one's centre for that one's size.
    assert match_marks([Mark(160, 101, 1)], [large, small]).hits == (-INF, 1.0)


def test_a_tie_with_a_false_mark_is_not_in_place():
    assert not MarkedImage((3.0,), (3.0,)).rightly_placed
    assert not MarkedImage((-INF,), ()).rightly_placed


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: match_marks([], [], margin=-1), "margin"),
        (lambda: match_marks([Mark(1, 1, math.nan)], []), "finite"),
        (lambda: match_marks([], [Lesion(0, 0, 0, 5)]), "width"),
        (lambda: MarkedImage((1.0,), (), (0.5, 0.5)), "weights"),
        (lambda: MarkedImage((1.0, 2.0), (), (0.5, 0.6)), "add up"),
        (lambda: MarkedImage((math.nan,)), "nan"),
        (lambda: jafroc([MarkedImage((1.0,))]), "both needed"),
        (lambda: lroc_area([MarkedImage(())]), "both needed"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
