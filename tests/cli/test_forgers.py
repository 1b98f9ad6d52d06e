import json

import pytest
from click.testing import CliRunner

from tamperscope.cli.forgers import forgers
from tamperscope.errors import TamperscopeError
from tamperscope.forge.registry import FORGERS


def test_the_list_names_every_forger():
    result = CliRunner().invoke(forgers)
    assert result.exit_code == 0
    for name, kind in FORGERS.items():
        assert f"  {name} " in result.output
        assert kind.card.trace in result.output
    assert "control (no forgery)" in result.output


def test_one_card_tells_its_parameters():
    result = CliRunner().invoke(forgers, ["splice"])
    assert "needs   a donor" in result.output
    assert "match = True" in result.output


def test_json_has_every_card():
    cards = json.loads(CliRunner().invoke(forgers, ["--json"]).output)
    assert [card["name"] for card in cards] == list(FORGERS)
    assert cards[0]["parameters"]["blend"]["threshold"] == 400


def test_an_unknown_name_is_said():
    with pytest.raises(TamperscopeError, match="no forger 'magic'"):
        CliRunner().invoke(forgers, ["magic"], catch_exceptions=False)
