"""Runs every example in the docstrings of the study."""

import doctest
import importlib
import pkgutil

import pytest

import tamperscope.study

MODULES = sorted(
    f"tamperscope.study.{module.name}"
    for module in pkgutil.iter_modules(tamperscope.study.__path__)
    if module.name != "migrations"
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
