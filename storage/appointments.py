"""Appointments: granted and ended, deputies, expiry, and the hand-over of open work. Source: DOMAIN §1, §2."""

from __future__ import annotations

from typing import Any

LOADERS: dict[type[Any], Any] = {}
