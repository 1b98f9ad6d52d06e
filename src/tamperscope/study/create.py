"""A study's folder from its configuration.

``study.db`` (what the server needs and what readers do), ``pixels/`` (one opaque file an image), ``truth.json`` (what
is true, which the server never opens), ``access.csv`` (links and passwords, for the operator to hand out).
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import insert
from tqdm import tqdm

from tamperscope.errors import TamperscopeError
from tamperscope.study import tables
from tamperscope.study.config import Part, StudyConfig, load_config
from tamperscope.study.database import open_database
from tamperscope.study.giveaways import giveaways, plain_features
from tamperscope.study.image_list import TrueImage, read_image_list
from tamperscope.study.images import display_values, pixels_path, write_pixels
from tamperscope.study.passwords import hash_password, new_id, new_password

TRUTH, ACCESS = "truth.json", "access.csv"


def create_study(
    config_path: str | Path, out: str | Path, *, progress: bool = False, tell: Callable[[str], object] = lambda _: None
) -> Path:
    """Make a study's folder, whole or not at all.

    Args:
        config_path: The study's YAML file.
        out: The folder to make; it must not exist, or be empty.
        progress: Show a bar.
        tell: Called with a sentence for each part whose forged and real pictures can be told apart without looking.

    Returns:
        The folder.

    Raises:
        TamperscopeError: see ``load_config``, ``read_image_list`` and ``display_values``; or the folder isn't empty,
            or there are too few images.
    """
    config_path, out = Path(config_path), Path(out)
    config = load_config(config_path)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TamperscopeError(f"{out} exists already and is not empty; a study is never written over.")
    chosen = choose_images(config, config_path.parent)
    making = out.with_name(f".{out.name}.{os.getpid()}.part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True, mode=0o700)
    try:
        _fill(config, chosen, making, progress, tell)
        if out.exists():
            out.rmdir()
        making.rename(out)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return out


def choose_images(config: StudyConfig, folder: Path) -> dict[str, list[TrueImage]]:
    """Which images each part has, in an order that tells nothing.

    An image enters a study once, and of a forgery and its original only one does. Images are drawn by the seed.
    """
    draw = random.Random(f"{config.seed} images")
    lists: dict[str, list[TrueImage]] = {}
    used: set[str] = set()
    chosen: dict[str, list[TrueImage]] = {}
    for part in config.parts:
        name = part.images or config.images or ""
        if name not in lists:
            lists[name] = read_image_list(folder / name)
            draw.shuffle(lists[name])
        chosen[part.id] = _take(part, lists[name], used)
        draw.shuffle(chosen[part.id])
    return chosen


def _take(part: Part, images: Sequence[TrueImage], used: set[str]) -> list[TrueImage]:
    taken: list[TrueImage] = []

    def take(image: TrueImage) -> None:
        used.add(image.source)
        taken.append(image)

    if part.draw is None:
        for image in images:
            if image.source not in used:
                take(image)
    else:
        # The rarest class first, so that a plenty of forgeries doesn't use up the sources of the others.
        wanted = part.draw.model_dump()
        for group in sorted(wanted, key=lambda name: sum(image.group == name for image in images)):
            free = [image for image in images if image.group == group]
            for image in free:
                if wanted[group] and image.source not in used:
                    take(image)
                    wanted[group] -= 1
            if wanted[group]:
                raise TamperscopeError(
                    f"The part {part.id} wants {wanted[group]} more {group} images than the list has "
                    f"({len(free)} in all; of images with the same source only one is taken)."
                )
    if not taken:
        raise TamperscopeError(f"The part {part.id} has no images.")
    return taken


def _fill(
    config: StudyConfig,
    chosen: dict[str, list[TrueImage]],
    folder: Path,
    progress: bool,
    tell: Callable[[str], object],
) -> None:
    truth: dict[str, dict[str, object]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    ids: dict[str, list[str]] = {}
    bar = tqdm(total=sum(map(len, chosen.values())), desc="images", unit="image", disable=not progress)
    for part in config.parts:
        shapes, features = {}, []
        for image in chosen[part.id]:
            values = display_values(image.path, step=config.grey_step)
            features.append(plain_features(values))
            image_id = new_id()
            shapes[image_id] = values.shape
            write_pixels(folder, image_id, values, values.shape[1], values.shape[0])
            size = {"width": values.shape[1], "height": values.shape[0]}
            truth[image_id] = {"part": part.id, **image.as_dict(), **size}
            bar.update()
        height, width = (max(shape[axis] for shape in shapes.values()) for axis in (0, 1))
        for image_id, shape in shapes.items():  # padded only when the largest is known
            values = np.fromfile(pixels_path(folder, image_id), dtype="<u2").reshape(shape)
            write_pixels(folder, image_id, values, width, height)
        if found := giveaways(features, [image.forged for image in chosen[part.id]]):
            tell(f"{part.title}: forged and real images can be told apart without looking, by {'; '.join(found)}.")
        sizes[part.id] = (width, height)
        ids[part.id] = list(shapes)
    bar.close()
    (folder / TRUTH).write_text(json.dumps(truth, indent=1), encoding="utf-8")
    _make_database(config, folder, sizes, ids)


def _make_database(
    config: StudyConfig, folder: Path, sizes: dict[str, tuple[int, int]], ids: dict[str, list[str]]
) -> None:
    operator_password = new_password()
    # The file's own names for lists of images stay out of what the server knows.
    shown = config.model_dump(mode="json", exclude={"images": True, "parts": {"__all__": {"images", "draw"}}})
    study_rows = {
        "config": json.dumps(shown),
        "sizes": json.dumps(sizes),
        "operator_password": hash_password(operator_password),
    }
    access = [("who", "link", "password"), ("operator", "/operator/sign-in", operator_password)]
    engine = open_database(folder, make=True)
    with engine.begin() as connection:
        connection.execute(insert(tables.study), [{"key": k, "value": v} for k, v in study_rows.items()])
        for reader in config.readers:
            link, password = new_id(), new_password()
            access.append((reader.id, f"/r/{link}", password))
            connection.execute(
                insert(tables.reader),
                {
                    "id": reader.id,
                    "name": reader.name,
                    "simulated": reader.simulated,
                    "link": link,
                    "password_hash": hash_password(password),
                },
            )
            for part in config.parts:
                order = list(ids[part.id])
                random.Random(f"{config.seed} order {part.id} {reader.id}").shuffle(order)
                connection.execute(
                    insert(tables.case),
                    [
                        {"id": new_id(), "reader_id": reader.id, "part_id": part.id, "number": n, "image_id": image}
                        for n, image in enumerate(order, 1)
                    ],
                )
    engine.dispose()
    path = folder / ACCESS
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(access)
    for name in (ACCESS, TRUTH):
        (folder / name).chmod(0o600)
