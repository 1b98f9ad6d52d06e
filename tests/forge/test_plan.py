import json

import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.plan import BadRow, Row, read_plan


def plan(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_csv(tmp_path):
    text = 'image,square,threshold,seed\na.dcm,"10,20,64",430,7\n sub/b.png,random,,\n'
    first, second = read_plan(plan(tmp_path, "plan.csv", text))
    assert first == Row(1, tmp_path / "a.dcm", Square(10, 20, 64), None, {"threshold": 430.0}, 7)
    assert (second.square, second.parameters, second.seed) == (None, {}, 2)


def test_all_numbers_of_an_injection_can_be_said(tmp_path):
    text = "image,square,contrast,spiculation\na.dcm,random,0.8,0.5\n"
    (row,) = read_plan(plan(tmp_path, "plan.csv", text))
    assert row.parameters == {"contrast": 0.8, "spiculation": 0.5}
    assert row.request()["spiculation"] == 0.5


def test_json_says_the_same(tmp_path):
    rows = [
        {"image": "a.dcm", "square": [10, 20, 64], "threshold": 430, "seed": 7},
        {"image": "b.png", "square": "random", "size_mm": 18.5, "noise": None, "noise_model": "matched"},
    ]
    first, second = read_plan(plan(tmp_path, "plan.json", json.dumps(rows)))
    assert first == Row(1, tmp_path / "a.dcm", Square(10, 20, 64), None, {"threshold": 430.0}, 7)
    assert (second.size_mm, second.parameters) == (18.5, {"noise_model": "matched"})


def test_a_place_anywhere_and_dark_tissue_as_it_is(tmp_path):
    likely, anywhere = read_plan(plan(tmp_path, "plan.csv", "image,square,lift\na.dcm,random,\na.dcm,anywhere,false\n"))
    assert (likely.anywhere, likely.parameters, likely.request()["square"]) == (False, {}, "random")
    assert (anywhere.anywhere, anywhere.parameters, anywhere.request()["square"]) == (True, {"lift": False}, "anywhere")


def test_a_spreadsheets_byte_order_mark(tmp_path):
    (row,) = read_plan(plan(tmp_path, "plan.csv", "\ufeffimage,square\na.dcm,random\n"))
    assert row.image == tmp_path / "a.dcm"


def test_an_absolute_path_stays_and_the_request_names_no_folder(tmp_path):
    (row,) = read_plan(plan(tmp_path, "plan.json", json.dumps([{"image": "/data/a.dcm", "square": "random"}])))
    assert str(row.image) == "/data/a.dcm"
    assert row.request()["image"] == "a.dcm"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"square": "random"}, "it names no image"),
        ({"image": "a", "square": "1,2"}, "square must be x,y,side"),
        ({"image": "a"}, "square must be x,y,side"),
        ({"image": "a", "square": [1, 2, 3.5]}, "square must be whole"),
        ({"image": "a", "square": [-1, 2, 40]}, "square must be whole and not negative"),
        ({"image": "a", "square": "random", "power": "much"}, "power must be a number, not 'much'"),
        ({"image": "a", "square": "random", "noise": float("nan")}, "noise must be a number"),
        ({"image": "a", "square": "random", "seed": True}, "seed must be a number"),
        ({"image": "a", "square": "random", "noise_model": "pink"}, "noise_model must be white or matched"),
        ({"image": "a", "square": [1, 2, 40], "size_mm": 5}, "size_mm is for a square at random"),
        ({"image": "a", "square": "random", "colour": "red"}, "'colour' is unknown"),
        ({"image": "a", "square": "random", "lift": "perhaps"}, "lift must be true or false"),
        (["a", "random"], "it is no object"),
    ],
)
def test_bad_rows_say_why_and_spare_the_others(tmp_path, row, reason):
    good = {"image": "b", "square": "random"}
    bad, other = read_plan(plan(tmp_path, "plan.json", json.dumps([row, good])))
    assert isinstance(bad, BadRow)
    assert reason in bad.reason
    assert isinstance(other, Row)


def test_too_many_cells(tmp_path):
    (row,) = read_plan(plan(tmp_path, "plan.csv", "image,square\na.dcm,1,2,64\n"))
    assert row.reason == "it has more cells than the header."


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("plan.csv", "image,square\n", "has no rows"),
        ("plan.csv", "", "no column 'image'"),
        ("plan.csv", "image,sqare\na,b\n", "no column 'square'"),
        ("plan.csv", "image,square,treshold\na,random,4\n", "unknown column 'treshold'"),
        ("plan.json", "{", "is no JSON"),
        ("plan.json", "{}", "must be a list"),
        ("plan.json", "[]", "has no rows"),
    ],
)
def test_what_is_no_plan(tmp_path, name, text, reason):
    with pytest.raises(TamperscopeError, match=reason):
        read_plan(plan(tmp_path, name, text))


def test_a_plan_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(TamperscopeError, match=r"none.csv can't be read: No such file"):
        read_plan(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(TamperscopeError, match="it is no text"):
        read_plan(tmp_path / "binary.csv")
