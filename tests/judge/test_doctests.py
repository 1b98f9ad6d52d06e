"""Runs every example in the docstrings of the judge, and in its reference page."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import tamperscope.judge

MODULES = sorted(f"tamperscope.judge.{module.name}" for module in pkgutil.iter_modules(tamperscope.judge.__path__))
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "judge.md"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_examples_in_the_reference_page():
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0
