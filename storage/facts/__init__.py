"""What messages and screens need to know (see each noun)."""

from __future__ import annotations

from typing import Any

FACTS: dict[str, Any] = {}
QUERIES: dict[type[Any], Any] = {}
