"""The audit trail: searched, sealed and checked. Source: DOMAIN §12."""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision

DECIDE: dict[type[Action], Callable[..., Decision]] = {}
