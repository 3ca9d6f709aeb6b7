"""What is held about somebody: shown, exported, forgotten. Source: DOMAIN §12."""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision

DECIDE: dict[type[Action], Callable[..., Decision]] = {}
