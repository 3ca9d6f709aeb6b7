"""The examples in the rules' docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import domain
from tests.domain import lifecycle

MODULES = sorted(module.name for module in pkgutil.iter_modules(domain.__path__, "domain."))


@pytest.mark.parametrize("name", [*MODULES, lifecycle.__name__])
def test_the_examples_of_a_module_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples_at_all() -> None:
    assert "domain.points" in MODULES
    assert doctest.testmod(importlib.import_module("domain.points")).attempted
