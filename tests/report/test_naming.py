from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tamperscope.report.naming import name_outputs


def names(*pairs):
    return [str(path) for path in name_outputs([(Path(file), Path(argument)) for file, argument in pairs])]


def test_folders_are_mirrored():
    assert names(("in/a/x.dcm", "in"), ("in/b/x.dcm", "in")) == ["a/x", "b/x"]


def test_equal_stems_keep_their_suffix():
    assert names(("in/x.dcm", "in"), ("in/x.png", "in"), ("in/y.png", "in")) == ["x.dcm", "x.png", "y"]


def test_equal_names_of_two_arguments_get_apart():
    first, second = names(("one/x.dcm", "one/x.dcm"), ("two/x.dcm", "two/x.dcm"))
    assert first != second


def test_two_folders_keep_their_names():
    assert names(("one/x.dcm", "one"), ("two/x.dcm", "two")) == ["one/x", "two/x"]


@given(st.lists(st.text(min_size=1, max_size=300).filter(lambda s: "/" not in s and "\0" not in s and s not in "..")))
def test_no_two_images_share_an_output(files):
    outputs = name_outputs([(Path("in") / file, Path("in")) for file in dict.fromkeys(files)])
    folded = [str(output).casefold() for output in outputs]
    assert len(set(folded)) == len(folded)
    assert all(len(output.name.encode()) <= 200 for output in outputs)
