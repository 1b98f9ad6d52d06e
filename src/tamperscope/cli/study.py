"""``tamperscope study``: make a reader study, serve it, and take out what the readers said."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
OUT = click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to make.")


@click.group()
def study() -> None:
    """Let radiologists read mammograms, blind to what is forged (needs the extra [study])."""


@study.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def template(out: Path) -> None:
    """Write the report's study (80 blind cases, 21 open ones) as a configuration to edit."""
    from importlib.resources import files

    if out.exists():
        raise click.UsageError(f"{out} exists already.")
    out.write_text(files("tamperscope.study").joinpath("report-study.yaml").read_text("utf-8"), encoding="utf-8")
    click.echo(f"{out}: name the list of images and the readers in it, then 'tamperscope study create {out}'.")


@study.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@OUT
def create(config: Path, out: Path) -> None:
    """Make a study's folder: database, pixels, and the links and passwords to hand out."""
    from tamperscope.study.create import ACCESS, create_study

    create_study(config, out, progress=True, tell=lambda words: click.echo(f"Warning: {words}", err=True))
    click.echo(f"{out / ACCESS} has each reader's link and password. 'tamperscope study serve {out}' starts it.")


@study.command()
@click.argument("folder", type=FOLDER)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--https", is_flag=True, help="Readers come by HTTPS through a proxy: cookies need it.")
def serve(folder: Path, host: str, port: int, https: bool) -> None:
    """Show the study to its readers until stopped."""
    import uvicorn

    from tamperscope.study.server import app_for

    if not https and not _loopback(host):
        click.echo("Without HTTPS, passwords and images cross the network in the clear.", err=True)
    app = app_for(folder, secure=https)
    click.echo(f"The study is at http://{host}:{port}/ (the operator: /operator). Ctrl+C stops it.")
    uvicorn.run(app, host=host, port=port, server_header=False, access_log=False, log_level="warning")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@study.command()
@click.argument("folder", type=FOLDER)
@OUT
def export(folder: Path, out: Path) -> None:
    """Write all that the readers said, with the truth: CSV, JSON and a data dictionary."""
    from tamperscope.study.export import export_study

    for path in export_study(folder, out):
        click.echo(path)


@study.command()
@click.argument("folder", type=FOLDER)
@OUT
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
def analyse(folder: Path, out: Path, seed: int) -> None:
    """Judge the study: report.html, report.md and figures.json."""
    from tamperscope.study.analyse import analyse_study

    for path in analyse_study(folder, out, seed=seed):
        click.echo(path)


@study.command()
@click.argument("folder", type=FOLDER)
@click.option("--seed", default=0, show_default=True, help="Seed of the answers.")
@click.option("--separation", default=1.0, show_default=True, help="How well forgery is told, in standard deviations.")
@click.option("--pages", metavar="URL", help="Where the study is served: read at its pages, in Chromium.")
def simulate(folder: Path, seed: int, separation: float, pages: str | None) -> None:
    """Let the readers that are declared as simulated read everything and lock it.

    Their answers pass the server's own checks and store, without a server; with --pages they are given with mouse and
    keyboard at the pages of the server that runs there (needs Playwright and a Chromium). The answers are the same.
    """
    from tamperscope.study.simulated_reading import Skill

    skill = Skill(separation=separation)
    if pages:
        from tamperscope.study.rehearse import rehearse

        done, unit = rehearse(folder, pages.rstrip("/"), seed=seed, skill=skill, progress=True), "cases"
    else:
        from tamperscope.study.simulate import simulate_readers

        done, unit = simulate_readers(folder, seed=seed, skill=skill), "acts"
    for reader, count in done.items():
        click.echo(f"{reader} (simulated): {count} {unit}")
