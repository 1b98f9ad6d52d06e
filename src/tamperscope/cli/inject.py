"""``tamperscope inject``: put a synthetic tumour into a mammogram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tamperscope.cli.main import EXIT_PROBLEM


class _Finite(click.ParamType):
    """A number that is neither NaN nor infinite."""

    name = "number"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"'{value}' is not a number.", param, ctx)
        return number


_NUMBER = _Finite()
_Point = tuple[float, float]
_SQUARE = "Where, in pixels; or at random, where masses are likely, or anywhere in the tissue."
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("image", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--square", metavar="X,Y,SIDE|random|anywhere", help=_SQUARE)
@click.option("--threshold", type=_NUMBER, default=400.0, show_default=True, help="Th of eq 2.2, reference intensity.")
@click.option("--smoothing", type=_NUMBER, default=20.0, show_default=True, help="alpha of eq 2.2.")
@click.option("--power", type=_NUMBER, default=3.0, show_default=True, help="p of eq 2.2.")
@click.option("--contrast", type=_NUMBER, default=1.0, show_default=True, help="Of the tumour, times what is drawn.")
@click.option(
    "--spiculation",
    type=_NUMBER,
    default=0.0,
    show_default=True,
    help="0 to 1: strands run out of it, and it pulls at the tissue.",
)
@click.option(
    "--noise-model",
    type=click.Choice(["tissue", "white", "matched"]),
    default="tissue",
    show_default=True,
    help="Stage 7: the tissue's own texture; white as in the report; or noise like the tissue's around.",
)
@click.option("--noise", type=_NUMBER, help="Sigma of white or matched noise.  [default: 10; matched: as around]")
@click.option(
    "--lift/--no-lift",
    default=True,
    show_default=True,
    help="The tumour settles into the tissue: no rings, straight edges, specks.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same bytes.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The forged image; with --batch a folder.")
@click.option("--batch", metavar="PLAN", type=_FILE, help="Do all rows of a CSV or JSON plan; resumes.")
@click.option(
    "--two-views", nargs=2, metavar="CC MLO", type=_FILE, help="One lesion in both; --square is in the first."
)
@click.option("--nipple", multiple=True, metavar="X,Y", help="With --two-views: of the first view, then of the second.")
@click.option("--gui", is_flag=True, help="Open IMAGE, or the images of a folder, on a local page.")
@click.option("--browser/--no-browser", default=True, help="With --gui: open the browser, or only tell the address.")
@click.pass_context
def inject(
    ctx: click.Context,
    image: Path | None,
    square: str | None,
    seed: int,
    out: Path,
    batch: Path | None,
    two_views: tuple[Path, Path] | None,
    nipple: tuple[str, ...],
    gui: bool,
    browser: bool,
    **parameters: Any,
) -> None:
    """Forge IMAGE: a synthetic tumour in a square, for research.

    The result is the same kind of file (a JPEG becomes a 16-bit PNG), pixels outside the square stay bit for bit, and
    it is marked as synthetic, in the file and in OUT.record.json beside it. OUT.mask.png says where it is forged.
    IMAGE itself is never written over.

    --batch does the rows of a plan instead, whose columns are image, square and, where they differ from the
    defaults, size_mm, threshold, smoothing, power, contrast, spiculation, noise, noise_model, lift, seed. Called again
    it does what is left.

    --two-views forges the same lesion into two views of a breast, as far behind the nipple in one as in the other, and
    writes both into the folder OUT.

    --gui serves a page on this machine alone: draw squares, move sliders, save into the folder OUT. Ctrl-C ends it.
    """
    modes = [name for name, asked in (("--batch", batch), ("--two-views", two_views), ("--gui", gui)) if asked]
    if len(modes) > 1:
        raise click.UsageError(f"{modes[0]} and {modes[1]} don't go together.", ctx)
    if nipple and two_views is None:
        raise click.UsageError("--nipple goes with --two-views.", ctx)
    if batch is not None:
        _refuse(ctx, "--batch", "its plan says it", ("image", "square", "seed", *parameters))
        from tamperscope.cli.inject_batch import inject_batch

        ctx.exit(0 if inject_batch(batch, out) else EXIT_PROBLEM)
    if two_views is not None:
        _refuse(ctx, "--two-views", "it names its own two", ("image",))
        if square is None:
            raise click.UsageError("Missing option '--square'.", ctx)
        from tamperscope.cli.inject_two_views import inject_pair

        return inject_pair(two_views, _where(square), _nipples(nipple, ctx), seed, out, parameters)
    if image is None:
        raise click.UsageError("Missing argument 'IMAGE'.", ctx)
    if gui:
        _refuse(ctx, "--gui", "the page says it", ("square", "seed", *parameters))
        return _open_page(image, out, browser=browser)
    if image.is_dir():
        raise click.UsageError(f"Invalid value for 'IMAGE': File '{image}' is a directory.", ctx)
    if square is None:
        raise click.UsageError("Missing option '--square'.", ctx)
    _inject_one(image, _where(square), seed, out, parameters)


def _inject_one(
    image: Path, wanted: tuple[int, int, int] | str, seed: int, out: Path, parameters: dict[str, Any]
) -> None:
    import numpy as np

    from tamperscope.errors import TamperscopeError, UnscorableImageError
    from tamperscope.forge.injector import Injector
    from tamperscope.forge.mass_places import PLACES
    from tamperscope.io.files import beside
    from tamperscope.io.read import read_mammogram
    from tamperscope.report.visible import visible

    # Before any work: writing would refuse it too, but half a minute later on a slow machine.
    if out.exists() and out.samefile(image):
        raise TamperscopeError(f"{visible(str(out))} is the image to forge, which is never written over.")
    try:
        mammogram = read_mammogram(image)
    except UnscorableImageError as error:
        raise TamperscopeError(f"{visible(str(image))}: {error}") from error
    where = PLACES[wanted](mammogram, np.random.default_rng(seed)) if isinstance(wanted, str) else wanted
    forgery = Injector.load().inject(mammogram, where, **parameters, seed=seed)
    forgery.check()
    written = forgery.save(out)
    mask, record = beside(written)
    place = forgery.record["square"]
    click.echo(
        f"Forged {int(forgery.mask.sum())} pixels in the square {place['x']},{place['y']},{place['side']} "
        f"of {visible(str(image))}."
    )
    for file, what in (
        (written, "the image, marked as synthetic"),
        (mask, "where it is forged"),
        (record, "how it was made"),
    ):
        click.echo(f"  {visible(str(file))}: {what}")


def _open_page(image: Path, out: Path, *, browser: bool) -> None:
    from tamperscope.errors import TamperscopeError
    from tamperscope.inject_page.serve import serve
    from tamperscope.report.batch import find_inputs

    files = [file for file, _ in find_inputs([image], out).images]
    if not files:
        raise TamperscopeError(f"there is no image in {image}.")
    serve(files, out, browser=browser, tell=lambda address: click.echo(f"The page is at {address} (Ctrl-C ends it)."))


def _refuse(ctx: click.Context, mode: str, instead: str, names: Sequence[str]) -> None:
    """Options that a mode would ignore are refused rather than ignored."""
    for name in names:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            what = "IMAGE" if name == "image" else "--" + name.replace("_", "-")
            raise click.UsageError(f"{mode} takes no {what}: {instead}.", ctx)


def _nipples(texts: Sequence[str], ctx: click.Context) -> tuple[_Point | None, _Point | None]:
    points: list[_Point] = []
    for text in texts:
        try:
            x, y = (float(part) for part in text.split(","))
        except ValueError:
            raise click.BadParameter(f"'{text}' is not X,Y in pixels.", ctx, param_hint="'--nipple'") from None
        points.append((x, y))
    if len(points) not in (0, 2):
        raise click.UsageError("--nipple is given for both views or for none.", ctx)
    return (points[0], points[1]) if points else (None, None)


def _where(text: str) -> tuple[int, int, int] | str:
    return text if text in ("random", "anywhere") else _parse(text)


def _parse(text: str) -> tuple[int, int, int]:
    try:
        x, y, side = (int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"'{text}' is neither X,Y,SIDE in whole pixels nor random or anywhere.", param_hint="'--square'"
        ) from None
    return x, y, side
