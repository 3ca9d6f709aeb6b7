"""Check-in 双报到: a member who lives here says so, and the secretary approves. Source: DOMAIN §1, §2."""

from __future__ import annotations

from typing import Any

LOADERS: dict[type[Any], Any] = {}
