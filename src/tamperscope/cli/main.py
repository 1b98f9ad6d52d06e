"""``tamperscope``: the command line. Commands are loaded when they are called, so that help is instant."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from tamperscope import __version__
from tamperscope.errors import TamperscopeError

EXIT_FAKE = 1
EXIT_PROBLEM = 2

_COMMANDS = {
    "scan": "Has each mammogram been tampered with? JSON, heat maps, report.",
    "inject": "Put a synthetic tumour into a mammogram (marked as synthetic).",
    "demo": "Scan, forge and scan again real mammograms; a page to look at.",
    "judge": "Tables, intervals and tests; 'judge paper' redoes the report's.",
    "bench": "Measure the detector: cross-validation, speed.",
    "train": "Train the networks from a recipe (needs the extra [train]).",
    "forgers": "List the methods of forgery and the traces that they leave.",
}


class _LazyGroup(click.Group):
    """Commands by name; a command's module is imported when the command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return getattr(import_module(f"tamperscope.cli.{cmd_name}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tamperscope")
@click.option("--debug", is_flag=True, help="Show a traceback where something goes wrong.")
def cli(debug: bool) -> None:
    """Has this mammogram been tampered with?

    \b
      tamperscope scan FOLDER --out RESULTS      verdicts and RESULTS/report.html
      tamperscope inject IMAGE --square random --out FORGED.dcm
      tamperscope demo                           both, on real mammograms

    Exit code of scan: 0 all scored and none fake, 1 at least one fake, 2 something could not be scored or the call
    was wrong (2 wins over 1). No medical device.
    """


def main() -> None:
    """Run the command line; what goes wrong becomes one sentence and exit code 2."""
    debug = "--debug" in sys.argv[1:]
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("\nStopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_PROBLEM)
    except TamperscopeError as error:
        if debug:
            raise
        click.echo(f"tamperscope: {error}", err=True)
        sys.exit(EXIT_PROBLEM)
    except OSError as error:
        # A full disk, a folder without rights: the system's own words say it best.
        if debug:
            raise
        click.echo(f"tamperscope: {error}", err=True)
        sys.exit(EXIT_PROBLEM)
    sys.exit(code if isinstance(code, int) else 0)
