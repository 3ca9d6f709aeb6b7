"""How somebody in a list is described, and who serves in a part of the tree: what searches of people share."""

from __future__ import annotations

from sqlalchemy import and_, bindparam

from storage.imports import there
from storage.people import in_force
from storage.schema import (
    appointment,
    household,
    person,
    unit,
)

HOME = unit.alias("home_unit")
DETAILS = (
    person.c.id,
    person.c.name,
    person.c.suspended,
    person.c.telegram_id,
    household.c.flat,
    HOME.c.name.label("place"),
    HOME.c.name_en.label("place_en"),
)
DESCRIBED = person.outerjoin(HOME, HOME.c.id == person.c.home_unit_id).outerjoin(
    household, household.c.id == person.c.household_id
)
SERVING = appointment.join(unit, unit.c.id == appointment.c.unit_id)
SERVES_BELOW = and_(
    unit.c.path >= bindparam("low"),
    unit.c.path < bindparam("high"),
    in_force(appointment),
    there(appointment),
)
"""To be bound: ``low``, ``high`` and ``now``."""
