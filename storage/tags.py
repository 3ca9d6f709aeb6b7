"""What staff note of people: the rows behind a card's tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from domain.base import NOT_FOUND, Actor, Refused
from domain.people import Person
from domain.rulebook import Rulebook
from domain.tags import PutTag, TagCase, TagPerson
from storage.dialect import upserting
from storage.entities import load
from storage.roster import reached
from storage.schema import person_tag

_THEIRS = person_tag.c.person_id == bindparam("whose")
TAGS = select(person_tag.c.tag).where(_THEIRS).order_by(person_tag.c.tag)
_OFF = person_tag.delete().where(_THEIRS, person_tag.c.tag == bindparam("which"))


def tags_of(connection: Connection, person_id: int) -> tuple[str, ...]:
    """What is noted of somebody, in the order of the codes."""
    return tuple(connection.execute(TAGS, {"whose": person_id}).scalars())


def load_for_tag(connection: Connection, action: TagPerson, actor: Actor, rules: Rulebook) -> TagCase:
    """Somebody, locked, as far as the actor reaches them."""
    found = load(connection, Person, action.person_id)
    if found is None:
        raise Refused(NOT_FOUND)
    seen = reached(connection, found, actor, action.permission)
    return TagCase(found, seen.path, tagged=action.tag in tags_of(connection, found.id))


def put(connection: Connection, sweep: PutTag) -> None:
    """Once, or not at all."""
    if sweep.on:
        row = {"person_id": sweep.person_id, "tag": sweep.tag}
        connection.execute(upserting(connection, person_tag).values(row).on_conflict_do_nothing())
    else:
        connection.execute(_OFF, {"whose": sweep.person_id, "which": sweep.tag})


LOADERS: dict[type[Any], Any] = {TagPerson: load_for_tag}
SWEEPS: Mapping[type[Any], Any] = {PutTag: put}
