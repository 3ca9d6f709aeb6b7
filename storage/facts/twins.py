"""Records that may be one human: looked for before somebody is entered, and laid side by side before a merge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from domain.base import NOT_FOUND, Refused, Subject
from domain.merging import kept_and_gone
from domain.people_seen import FoundPerson, LikeThem, ListProxies, SeeTwins, Twins, TwinsOf
from domain.permissions import Permission, allowed
from domain.queries import PersonRow
from storage.facts.persons import MOST_LEFT, ONE, SOME, sight_of, twin_ids
from storage.facts.rows import Look, place
from storage.roster import TWINS, alive
from storage.schema import person, unit

MOST_CHOICES = 8


def _rows(connection: Connection, ids: list[int]) -> tuple[PersonRow, ...]:
    return tuple(
        PersonRow(row.id, row.name, place(row.place, row.place_en), row.flat or "")
        for row in connection.execute(SOME, {"ids": ids})
    )


def like_them(connection: Connection, query: LikeThem, look: Look) -> tuple[PersonRow, ...]:
    """Only people whom the reader may see; the rest are refused by the rules without a name."""
    ids = connection.execute(
        TWINS,
        {"unit_id": query.unit_id, "name": query.name, "flat": query.flat, "phone": query.phone},
    ).scalars()
    return _rows(connection, [number for number in ids if sight_of(connection, number, look) is not None])


def _named(words: str) -> str:
    escaped = words.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


_PROXIES = (
    select(person.c.id)
    .where(
        person.c.home_unit_id == bindparam("unit_id"),
        person.c.telegram_id.is_not(None),
        func.lower(person.c.name).like(bindparam("pattern"), escape="\\"),
        alive,
    )
    .order_by(person.c.name, person.c.id)
    .limit(MOST_CHOICES)
)
_NAMESAKES = (
    select(person.c.id)
    .where(person.c.name == bindparam("name"), person.c.id != bindparam("id"), alive)
    .order_by(person.c.id)
    .limit(MOST_LEFT)
)
_BEGINNING = (
    select(person.c.id)
    .where(person.c.name >= bindparam("low"), person.c.name < bindparam("high"), alive)
    .order_by(person.c.name, person.c.id)
    .limit(MOST_LEFT)
)


def list_proxies(connection: Connection, query: ListProxies, look: Look) -> tuple[PersonRow, ...]:
    """Neighbours who have the bot, of a building that the reader leads."""
    path = connection.execute(select(unit.c.path).where(unit.c.id == query.unit_id)).scalar() or ""
    if not query.words.strip() or not allowed(look.reader, Permission.ENTER_PERSON, Subject(path=path)):
        return ()
    ids = connection.execute(_PROXIES, {"unit_id": query.unit_id, "pattern": _named(query.words)}).scalars()
    return _rows(connection, list(ids))


def twins_of(connection: Connection, query: TwinsOf, look: Look) -> tuple[PersonRow, ...]:
    """The likeliest first: same phone or flat, then the same name; or those whose name begins with the words."""
    sight = sight_of(connection, query.person_id, look)
    if sight is None:
        raise Refused(NOT_FOUND)
    found = sight.person
    if words := query.words.strip():
        ids = list(connection.execute(_BEGINNING, {"low": words, "high": words + "\U0010ffff"}).scalars())
    else:
        row = connection.execute(ONE, {"id": found.id}).one()
        ids = twin_ids(connection, found, row.flat or "")
        ids += connection.execute(_NAMESAKES, {"name": found.name, "id": found.id}).scalars().all()
    seen = [
        number
        for number in dict.fromkeys(ids)
        if number != found.id and sight_of(connection, number, look) is not None
    ]
    return _rows(connection, seen[:MOST_CHOICES])


def see_twins(connection: Connection, query: SeeTwins, look: Look) -> Twins:
    """Both, if the reader sees both."""
    one, other = (sight_of(connection, number, look) for number in (query.person_id, query.other_id))
    if one is None or other is None or query.person_id == query.other_id:
        raise Refused(NOT_FOUND)
    kept, gone = kept_and_gone(one.person, other.person)
    rows = {
        row.id: FoundPerson(
            row.id,
            row.name,
            place(row.place, row.place_en),
            row.flat or "",
            suspended=row.suspended,
            on_telegram=row.telegram_id is not None,
        )
        for row in connection.execute(SOME, {"ids": [kept.id, gone.id]})
    }
    return Twins(rows[kept.id], rows[gone.id], (kept.consent_at, gone.consent_at))


def maybe_same(connection: Connection, person_id: int, look: Look) -> PersonRow | None:
    """For who may merge: somebody whose number another record has too."""
    sight = sight_of(connection, person_id, look)
    if sight is None or not allowed(look.reader, Permission.MERGE_PEOPLE, None):
        return None
    return _rows(connection, [person_id])[0]


FACTS: Mapping[str, Callable[[Connection, int, Look], Any]] = {"person.maybe_same": maybe_same}
QUERIES: Mapping[type[Any], Callable[[Connection, Any, Look], Any]] = {
    LikeThem: like_them,
    ListProxies: list_proxies,
    TwinsOf: twins_of,
    SeeTwins: see_twins,
}
