"""The tree of units: how it is browsed and changed. Source: DOMAIN §1, §2."""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision

DECIDE: dict[type[Action], Callable[..., Decision]] = {}
