"""Check-in 双报到: a member who lives here says so, and the secretary approves. Source: DOMAIN §1, §2."""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision

DECIDE: dict[type[Action], Callable[..., Decision]] = {}
