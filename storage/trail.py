"""The audit trail: searched, sealed and checked. Source: DOMAIN §12."""

from __future__ import annotations

from typing import Any

LOADERS: dict[type[Any], Any] = {}
