"""``tamperscope inject``: put a synthetic tumour into a mammogram."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--square", required=True, metavar="X,Y,SIDE|random", help="Where, in pixels; or one in the tissue.")
@click.option("--threshold", default=400.0, show_default=True, help="Th of eq 2.2, reference intensity.")
@click.option("--smoothing", default=20.0, show_default=True, help="alpha of eq 2.2.")
@click.option("--power", default=3.0, show_default=True, help="p of eq 2.2.")
@click.option("--noise", default=10.0, show_default=True, help="Sigma of the noise of stage 7.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same bytes.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The forged image.")
def inject(
    image: Path,
    square: str,
    threshold: float,
    smoothing: float,
    power: float,
    noise: float,
    seed: int,
    out: Path,
) -> None:
    """Forge IMAGE: a synthetic tumour in a square, for research.

    The result is the same kind of file (a JPEG becomes a 16-bit PNG), pixels outside the square stay bit for bit, and
    it is marked as synthetic, in the file and in OUT.record.json beside it. OUT.mask.png says where it is forged.
    """
    import numpy as np

    from tamperscope.forge.injector import Injector, random_square
    from tamperscope.io.read import read_mammogram

    mammogram = read_mammogram(image)
    where = random_square(mammogram, np.random.default_rng(seed)) if square == "random" else _parse(square)
    forgery = Injector.load().inject(
        mammogram, where, threshold=threshold, smoothing=smoothing, power=power, noise=noise, seed=seed
    )
    written = forgery.save(out)
    place = forgery.record["square"]
    click.echo(f"forged the square {place['x']},{place['y']},{place['side']}: {int(forgery.mask.sum())} pixels")
    click.echo(f"{written} (marked as synthetic)\n{written}.mask.png\n{written}.record.json")


def _parse(text: str) -> tuple[int, int, int]:
    try:
        x, y, side = (int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"'{text}' is neither X,Y,SIDE in whole pixels nor random.") from None
    return x, y, side
