import numpy as np
import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.random_region import blob_outline, random_region
from tamperscope.forge.region import Region
from tests.detect.images import make_mammogram


def test_an_ellipse_holds_the_pixels_whose_centres_it_holds():
    region = Region.ellipse(20.5, 30.25, 7, 4, angle=30)
    image = region.on_image(64, 64)
    turn = np.deg2rad(30)
    for y in range(64):
        for x in range(64):
            dx, dy = x - 20.5, y - 30.25
            along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
            assert image[y, x] == ((along / 7) ** 2 + (across / 4) ** 2 <= 1)


def test_a_polygon_holds_its_corners_and_its_inside():
    image = Region.polygon([(2, 1), (12, 1), (12, 9), (2, 9)]).on_image(20, 20)
    expected = np.zeros((20, 20), bool)
    expected[1:10, 2:13] = True
    np.testing.assert_array_equal(image, expected)


def test_a_square_of_the_injector_is_a_box():
    region = Region.of_square(Square(5, 6, 7))
    assert region.slices == Square(5, 6, 7).slices
    assert region.mask.all()


@pytest.mark.parametrize(
    "region",
    [
        Region.box(3, 4, 5, 6),
        Region.ellipse(20, 30, 7.5, 4, angle=-20),
        Region.polygon(blob_outline(40, 30, np.random.default_rng(0)) + np.array((9, 8))),
    ],
)
def test_a_record_makes_the_same_region(region):
    again = Region.from_record(region.shape)
    assert (again.x, again.y) == (region.x, region.y)
    np.testing.assert_array_equal(again.mask, region.mask)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Region.box(0, 0, 0, 4), "at least 1 pixel"),
        (lambda: Region.ellipse(5, 5, 0, 3), "more than 0"),
        (lambda: Region.ellipse(5, 5, float("nan"), 3), "more than 0"),
        (lambda: Region.ellipse(5.5, 5.5, 0.1, 0.1), "at least one pixel"),
        (lambda: Region.polygon([(0, 0), (1, 1)]), "at least three corners"),
        (lambda: Region(0, 0, np.zeros((3, 3), bool), {}), "at least one pixel"),
        (lambda: Region.from_record({"kind": "star"}), "no region of the kind 'star'"),
    ],
)
def test_senseless_regions_are_refused(make, message):
    with pytest.raises(TamperscopeError, match=message):
        make()


def test_the_bounding_square_stays_in_the_image():
    assert Region.box(10, 20, 30, 10).bounding_square(100, 100) == Square(10, 10, 30)
    assert Region.box(0, 0, 30, 10).bounding_square(100, 100) == Square(0, 0, 30)
    assert Region.box(95, 95, 5, 5).bounding_square(100, 100, least=32) == Square(68, 68, 32)
    assert Region.box(10, 20, 80, 10).bounding_square(50, 100) == Square(25, 0, 50)


@pytest.mark.parametrize(("width", "height"), [(5, 5), (40, 20), (301, 180)])
def test_a_blob_fills_its_box(width, height):
    region = Region.polygon(blob_outline(width, height, np.random.default_rng(2)))
    assert (region.x, region.y, region.width, region.height) == (0, 0, width, height)
    assert 0.4 < region.mask.mean() <= 1


def test_random_regions_have_the_sizes_given_and_lie_in_healthy_tissue():
    mammogram = make_mammogram(900, 700)
    lesion = Region.ellipse(200, 450, 120, 150)
    sizes = [(4.0, 6.0), (9.0, 5.0), (12.0, 12.0)]
    drawn = [random_region(mammogram, np.random.default_rng(seed), sizes, avoid=[lesion]) for seed in range(60)]
    found = [(region.width / 10, region.height / 10) for region in drawn]
    assert set(found) == set(sizes)
    assert all(found.count(size) >= 8 for size in sizes)  # of 20 expected; below 8 has a chance of 2 in 10,000
    for region in drawn:
        assert mammogram.tissue[region.slices][region.mask].all()
        assert not (region.on_image(900, 700) & lesion.on_image(900, 700)).any()


def test_random_regions_are_the_same_for_the_same_seed():
    mammogram = make_mammogram(600, 500)
    first, again = (random_region(mammogram, np.random.default_rng(4)) for _ in range(2))
    assert first.shape == again.shape


def test_no_room_and_no_sizes():
    mammogram = make_mammogram(300, 256)
    with pytest.raises(TamperscopeError, match="no region of the sizes"):
        random_region(mammogram, np.random.default_rng(0), [(40.0, 40.0)])
    with pytest.raises(TamperscopeError, match="at least one lesion"):
        random_region(mammogram, np.random.default_rng(0), [])
