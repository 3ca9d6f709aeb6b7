"""Imports of units and people from a sheet, and their export. Source: DOMAIN §2."""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision

DECIDE: dict[type[Action], Callable[..., Decision]] = {}
