"""``tamperscope inject --two-views``: one lesion in both views of a breast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


def inject_pair(
    paths: tuple[Path, Path],
    wanted: tuple[int, int, int] | str,
    nipples: tuple[tuple[float, float] | None, tuple[float, float] | None],
    seed: int,
    out: Path,
    parameters: Mapping[str, Any],
) -> None:
    """Forge both views and write them into a folder."""
    import numpy as np

    from tamperscope.errors import TamperscopeError, UnscorableImageError
    from tamperscope.forge.forgery import Square
    from tamperscope.forge.injector import Injector
    from tamperscope.forge.mass_places import PLACES
    from tamperscope.forge.two_views import draw_square, inject_two_views, nipple_frame
    from tamperscope.io.read import read_mammogram
    from tamperscope.io.write import usual_suffix
    from tamperscope.report.visible import visible

    views = []
    for path in paths:
        try:
            views.append(read_mammogram(path))
        except UnscorableImageError as error:
            raise TamperscopeError(f"{visible(str(path))}: {error}") from error
    first, second = views
    frames = nipple_frame(first, nipples[0]), nipple_frame(second, nipples[1])
    square = (
        draw_square(first, second, frames, PLACES[wanted], np.random.default_rng(seed))
        if isinstance(wanted, str)
        else Square(*wanted)
    )
    forgeries = inject_two_views(first, second, square, Injector.load(), nipples=nipples, **parameters, seed=seed)
    for forgery in forgeries:  # both or none
        forgery.check()
    for path, forgery in zip(paths, forgeries, strict=True):
        source = forgery.mammogram.source
        assert source is not None, "a mammogram that was read has a source"
        written = forgery.save(out / f"{path.stem}-forged{usual_suffix(source.kind)}")
        place, views_record = forgery.record["square"], forgery.record["two_views"]
        click.echo(
            f"{visible(str(written))}: {views_record['view'] or 'view'} {place['x']},{place['y']},{place['side']}, "
            f"{views_record['depth_mm']:.1f} mm behind the nipple at "
            f"{views_record['nipple']['x']:.0f},{views_record['nipple']['y']:.0f}"
        )
