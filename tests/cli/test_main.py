import subprocess
import sys

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
    assert len(lines) <= 32
    assert max(map(len, lines)) <= 100
    assert "Exit code of scan" in result.output


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
        (OSError(28, "No space left on device"), 2, "No space left on device"),
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
