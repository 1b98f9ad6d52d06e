"""Download series of open collections from The Cancer Imaging Archive, checked and so that it can be stopped.

The archive's own list of a collection (a ``.tcia`` file, which its page offers) names the series. Each comes as one ZIP
file that holds an MD5 sum of every image (NBIA REST API, ``getImageWithMD5Hash``). A series is there whole or not at
all: a download that was interrupted goes on with the next series that is not.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pooch
from tqdm import tqdm

from tamperscope.errors import TamperscopeError

API = "https://services.cancerimagingarchive.net/nbia-api/services/v1"
_SUMS = "md5hashes.csv"


def read_series_list(path: Path) -> list[str]:
    """Series instance UIDs of a ``.tcia`` file.

    Raises:
        TamperscopeError: the file is no such list.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    head = [line.strip() for line in lines]
    if "ListOfSeriesToDownload=" not in head:
        raise TamperscopeError(f"{path.name} is no list of series: it has no line 'ListOfSeriesToDownload='.")
    series = [line for line in head[head.index("ListOfSeriesToDownload=") + 1 :] if line]
    if not series or not all(set(uid) <= set("0123456789.") for uid in series):
        raise TamperscopeError(f"{path.name} names no series, or something that is none.")
    return series


def download_series(series: Sequence[str], out: Path, *, api: str = API) -> list[Path]:
    """Download series that are not there yet, one folder each.

    Args:
        series: instance UIDs.
        out: folder.
        api: address of the REST API.

    Raises:
        TamperscopeError: a series could not be had, or its images are not what their sums say.
    """
    folders = []
    for uid in tqdm(series, desc="series", mininterval=1):
        folder = out / uid
        if not folder.is_dir():
            _download(uid, folder, api)
        folders.append(folder)
    return folders


def _download(uid: str, folder: Path, api: str) -> None:
    part = folder.with_name(f".{uid}.part")
    part.mkdir(parents=True, exist_ok=True)
    try:
        # The archive states sums of images and none of the ZIP file, which it makes when it is asked.
        archive = pooch.retrieve(
            f"{api}/getImageWithMD5Hash?SeriesInstanceUID={uid}",
            known_hash=None,
            fname="series.zip",
            path=part,
            downloader=pooch.HTTPDownloader(timeout=120),
        )
        images = _checked(Path(archive), uid)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise TamperscopeError(f"the series {uid} could not be downloaded: {error}") from error
    except TamperscopeError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    (part / "series.zip").unlink()
    for name, content in images.items():
        (part / name).write_bytes(content)
    part.replace(folder)


def _checked(archive: Path, uid: str) -> dict[str, bytes]:
    """Images by name, each with the sum that the archive states."""
    with zipfile.ZipFile(archive) as content:
        names = {PurePosixPath(name).name: name for name in content.namelist() if not name.endswith("/")}
        if _SUMS not in names:
            raise TamperscopeError(f"the series {uid} came without the sums of its images.")
        table = csv.reader(io.StringIO(content.read(names[_SUMS]).decode("utf-8")))
        sums = {row[0].strip(): row[1].strip().lower() for row in table if len(row) >= 2 and row[0].strip() in names}
        images = {name: content.read(inner) for name, inner in names.items() if name.endswith(".dcm")}
    wrong = [name for name, image in images.items() if sums.get(name) != hashlib.md5(image).hexdigest()]
    if wrong or not images:
        raise TamperscopeError(f"the series {uid} is damaged: {wrong[0] if wrong else 'it holds no image'}.")
    return images
