"""Whatever a file holds: one clear sentence, and never another exception."""

import contextlib
import re
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import uid

from tamperscope.errors import UnscorableImageError
from tamperscope.io.read import read_mammogram
from tests.bad_inputs import make_bad_inputs
from tests.io.make import breast, mg_dataset, save_compressed


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return make_bad_inputs(tmp_path_factory.mktemp("bad"))


def test_the_table_is_long(table):
    assert len({path for path, _ in table}) == len(table) >= 35


def test_every_bad_input_says_why(table):
    wrong = []
    for path, message in table:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            try:
                read_mammogram(path)
                wrong.append(f"{path.name}: was read")
            except UnscorableImageError as error:
                sentence = str(error)
                if not re.search(message, sentence) or "\n" in sentence or not sentence.endswith("."):
                    wrong.append(f"{path.name}: {sentence}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    stored = breast(512, 256)
    syntaxes = (uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless)
    paths = [save_compressed(folder / f"{i}.dcm", mg_dataset(stored), stored, s) for i, s in enumerate(syntaxes)]
    for suffix in ("png", "jpg", "tif"):
        paths.append(folder / f"a.{suffix}")
        cv2.imwrite(str(paths[-1]), (stored >> 4).astype(np.uint8))
    np.save(folder / "a.npy", stored)
    return [path.read_bytes() for path in [*paths, folder / "a.npy"]]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 7), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8), st.floats(0, 1.5))
def test_damaged_bytes_never_raise_anything_else(whole_files, tmp_path, which, changes, cut):
    content = bytearray(whole_files[which])
    for place, value in changes:
        # Most damage to the header, where it matters most.
        content[int(place**6 * (len(content) - 1))] = value
    path = tmp_path / "a"
    path.write_bytes(content[: int(cut * len(content))] if cut < 1 else content)
    with contextlib.suppress(UnscorableImageError):
        read_mammogram(path)
