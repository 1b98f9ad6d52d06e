"""Studies of real, full-size film DICOMs (CBIS-DDSM, CC BY 3.0), four of them with an injected tumour."""

import numpy as np
import pydicom
import yaml

from tamperscope.study.create import create_study

from .real_images import tamperscope, write_rows

FILM_WINDOW = {"words": "Stated", "centre": 30000.0, "width": 40001.0}
TWELVE_BIT_WINDOW = {"words": "Stated, 12 bit", "centre": 1800.0, "width": 2400.0}


def twelve_bit(film, folder, photometric):
    """A copy of a film that stores its 12 bits as 12 bits."""
    dataset = pydicom.dcmread(film)
    values = dataset.pixel_array >> 4
    dataset.decompress()
    dataset.PixelData = (values if photometric == "MONOCHROME2" else 4095 - values).astype("<u2").tobytes()
    dataset.BitsStored, dataset.HighBit, dataset.PhotometricInterpretation = 12, 11, photometric
    path = folder / f"{photometric}-{film.name}"
    dataset.save_as(path)
    return path


def forge(film, folder, seed):
    """The film with a tumour, marked as synthetic."""
    folder.mkdir(exist_ok=True, parents=True)
    tamperscope("inject", film, "--square", "random", "--seed", seed, "--out", folder / f"forged-{film.name}")
    return folder / f"forged-{film.name}"


def make_film_study(folder, forged, real, *, readers=1):
    """A study of one blind part with all of these files."""
    rows = [{"path": file, "truth": "fake", "healthy": ""} for file in forged]
    rows += [{"path": file, "truth": "real", "healthy": "unhealthy"} for file in real]
    write_rows(folder / "images.csv", rows)
    choice = [{"value": name, "words": name.capitalize()} for name in ("healthy", "unhealthy")]
    part = {
        "id": "films",
        "title": "Films",
        "blind": True,
        "questions": [{"id": "health", "kind": "choice", "words": "This breast is", "options": choice}],
    }
    config = {
        "title": "Film reading",
        "images": "images.csv",
        "readers": [{"id": f"reader-{n + 1}", "name": f"Reader {n + 1}"} for n in range(readers)],
        "presets": [FILM_WINDOW, TWELVE_BIT_WINDOW],
        "parts": [part],
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return create_study(folder / "study.yaml", folder / "study")


def greys(values, window):
    """What a linear window makes of values (DICOM PS3.3, C.11.2.1.2.1), 0 to 255, rounded half up."""
    share = (np.asarray(values, float) - (window["centre"] - 0.5)) / (window["width"] - 1) + 0.5
    return np.floor(255 * np.clip(share, 0, 1) + 0.5).astype(np.uint8)
