"""What is held about somebody: shown, exported, forgotten. Source: DOMAIN §12."""

from __future__ import annotations

from typing import Any

LOADERS: dict[type[Any], Any] = {}
