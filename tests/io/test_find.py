"""Which files of a folder are tried, and which are listed as skipped."""

import cv2
import numpy as np

from tamperscope.io.find import find_images, looks_like_image
from tests.io.make import breast, mg_dataset, save


def test_a_folder(tmp_path):
    save(tmp_path / "IM000001", mg_dataset(breast()))
    save(tmp_path / "DICOMDIR", mg_dataset(breast()))
    save(tmp_path / ".hidden.dcm", mg_dataset(breast()))
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "sub" / "b.png"), breast(bits=8))
    (tmp_path / "text.dcm").write_text("no image, but its name says so")
    (tmp_path / "README.md").write_text("# About")
    (tmp_path / "table.csv").write_text("a,b")
    (tmp_path / "b.dcm.mask.png").write_bytes(b"")
    (tmp_path / "b.dcm.record.json").write_text("{}")
    found = find_images([tmp_path])
    assert [file.name for file, _ in found.images] == ["IM000001", "text.dcm", "b.png"]
    assert {under for _, under in found.images} == {tmp_path}
    reasons = {path.name: reason for path, reason in found.skipped}
    assert reasons == {
        "DICOMDIR": "list of a DICOM medium",
        ".hidden.dcm": "hidden file",
        ".git": "hidden folder",
        "README.md": "no image",
        "table.csv": "no image",
        "b.dcm.mask.png": "mask of a forgery",
        "b.dcm.record.json": "no image",
    }


def test_what_is_named_is_tried(tmp_path):
    (tmp_path / "README.md").write_text("# About")
    missing = tmp_path / "missing.dcm"
    found = find_images([tmp_path / "README.md", missing])
    assert [file for file, _ in found.images] == [tmp_path / "README.md", missing]
    assert found.skipped == []


def test_a_file_that_is_reached_twice_is_tried_once(tmp_path):
    np.save(tmp_path / "a.npy", breast())
    found = find_images([tmp_path / "a.npy", tmp_path])
    assert len(found.images) == 1


def test_an_empty_folder(tmp_path):
    assert find_images([tmp_path]).images == []


def test_links_to_folders_are_not_followed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert find_images([tmp_path]).images == []


def test_looks_like_image(tmp_path):
    save(tmp_path / "dicom", mg_dataset(breast()))
    (tmp_path / "letter").write_text("Dear colleague")
    assert looks_like_image(tmp_path / "dicom")
    assert looks_like_image(tmp_path / "any.JPG")
    assert not looks_like_image(tmp_path / "letter")
