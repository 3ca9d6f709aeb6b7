"""Appointments: granted and ended, deputies, expiry, and the hand-over of open work. Source: DOMAIN §1, §2."""

from __future__ import annotations

from handlers.forms import Form

FORMS: tuple[Form, ...] = ()
