"""``tamperscope train``: each command takes recipes of its own network only."""

from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("torch")

from tamperscope.cli.main import cli
from tamperscope.errors import TamperscopeError
from tests.benchmark.sources import write_cesm

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    ("command", "recipe"), [("detector", "forensic-transfer-paper.yaml"), ("forensic-transfer", "trace.yaml")]
)
def test_a_recipe_of_another_network_is_refused(command, recipe, tmp_path):
    data = write_cesm(tmp_path / "cesm", images=2)
    result = CliRunner().invoke(
        cli, ["train", command, str(CONFIGS / recipe), "--data", str(data), "--out", str(tmp_path / "out")]
    )
    assert isinstance(result.exception, TamperscopeError)
    assert recipe in str(result.exception)
    assert "Field required" in str(result.exception)
    assert not (tmp_path / "out").exists()
