"""People as staff see them: search, cards, entering, suspending, merging. Source: DOMAIN §1, §2."""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision

DECIDE: dict[type[Action], Callable[..., Decision]] = {}
