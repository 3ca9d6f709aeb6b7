"""Appointments: granted and ended, deputies, expiry, and the hand-over of open work. Source: DOMAIN §1, §2."""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision

DECIDE: dict[type[Action], Callable[..., Decision]] = {}
