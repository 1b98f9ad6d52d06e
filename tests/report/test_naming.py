from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tamperscope.report.naming import ENDINGS, name_outputs


def names(*pairs):
    return [str(path) for path in name_outputs([(Path(file), Path(argument)) for file, argument in pairs])]


def test_folders_are_mirrored():
    assert names(("in/a/x.dcm", "in"), ("in/b/x.dcm", "in")) == ["a/x", "b/x"]


def test_equal_stems_keep_their_suffix():
    assert names(("in/x.dcm", "in"), ("in/x.png", "in"), ("in/y.png", "in")) == ["x.dcm", "x.png", "y"]


def test_a_uid_keeps_its_last_number():
    assert names(("in/1.2.840.17", "in"), ("in/IM0001", "in")) == ["1.2.840.17", "IM0001"]


def test_case_alone_does_not_tell_names_apart():
    first, second = names(("in/X.dcm", "in"), ("in/x.dcm", "in"))
    assert first.casefold() != second.casefold()


def test_equal_names_of_two_arguments_get_their_folders():
    pairs = [("one/x.dcm", "one/x.dcm"), ("two/x.dcm", "two/x.dcm"), ("two/y.dcm", "two/y.dcm")]
    assert names(*pairs) == ["one/x", "two/x", "y"]


def test_equal_names_in_folders_of_one_name_get_a_number():
    pairs = [("a/L/x.dcm", "a/L/x.dcm"), ("b/L/x.dcm", "b/L/x.dcm")]
    assert names(*pairs) == ["L/x", "L-2/x"]


def test_two_folders_keep_their_names():
    assert names(("one/x.dcm", "one"), ("two/x.dcm", "two")) == ["one/x", "two/x"]
    assert names(("a/one/x.dcm", "a/one"), ("b/one/x.dcm", "b/one")) == ["one/x", "one-2/x"]


def test_a_folder_called_like_an_output_is_none():
    outputs = names(("in/a.dcm", "in"), ("in/a.json/b.dcm", "in"), ("in/report.html/b.dcm", "in"))
    assert outputs == ["a", "a.json_/b", "report.html_/b"]


def test_what_can_not_be_seen_is_replaced():
    assert names(("in/line\nbreak.dcm", "in"), ("in/\u202egnp.dcm", "in")) == ["line_break", "_gnp"]


FILE_NAMES = st.text(min_size=1, max_size=300).filter(lambda s: "/" not in s and "\0" not in s and s not in "..")
PATHS = st.lists(FILE_NAMES, min_size=1, max_size=3).map("/".join)


@given(st.lists(PATHS, max_size=12), st.lists(PATHS, max_size=4))
def test_no_two_images_share_an_output(below, named):
    images = [(Path("in") / file, Path("in")) for file in dict.fromkeys(below)]
    images += [(Path("else") / file, Path("else") / file) for file in dict.fromkeys(named)]
    outputs = name_outputs(images)
    written = [str(output).casefold() + ending for output in outputs for ending in ENDINGS]
    assert len(set(written)) == len(written)
    folders = {str(parent).casefold() for output in outputs for parent in output.parents}
    assert not folders & {*written, "report.html", "findings.csv"}
    for output in outputs:
        assert not output.is_absolute()
        assert ".." not in output.parts
        assert all(len(part.encode()) <= 200 for part in output.parts)
