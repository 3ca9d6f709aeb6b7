"""Imports of units and people from a sheet, and their export. Source: DOMAIN §2."""

from __future__ import annotations

from handlers.forms import Form

FORMS: tuple[Form, ...] = ()
