"""Demo data: an empty database becomes a made-up street with its people, and a fortnight of what happened there.

Everything goes through the store like everyone's doings; only the moments lie in the past. Who lives there is
`bot/demo_town.py`'s, what happened `bot/demo_story.py`'s.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from bot.demo_story import CLOCK, Stage, days, number, tell
from bot.demo_town import DEMO_PEOPLE, DEMO_UNITS, STREET, DemoPerson
from domain.people import Appoint, ChooseHome, GiveConsent
from storage.unit import Reply, Store
from storage.units import UnitRow

if TYPE_CHECKING:
    from sandbox.server import Sandbox

__all__ = ["DEMO_PEOPLE", "DemoPerson", "SandboxPerson", "fill", "people_for_sandbox", "populate"]

CARDS_LEFT = 4
"""How many cards each phone opens with; more would bury them."""

ALWAYS_LEFT = ("commands", "menu")
"""Telegram's own menu of commands, and the message with the buttons: everybody begins with them."""

ARRIVED = days(30)
"""When the people of the town came to the bot."""


class SandboxPerson(TypedDict):
    """What `Sandbox.add_person` takes."""

    user_id: int
    first_name: str
    last_name: str
    language_code: str
    phone: str
    note: str
    started: bool


async def fill(store: Store, *, now: datetime) -> bool:
    """Fill a database that has no units; whether it did.

    To be called before delivery runs: of the fortnight's messages only the menu and the newest few cards of each
    person are left to be sent, as a phone shows them that was never put away. A kill half-way leaves half a town:
    remove the database and begin again. Raises DemoError when the story does not fit the rules that are set.
    """
    if await store.has_units():
        return False
    units = await _found(store)
    stage = Stage(store, now, units, await _settle(store, units, now=now))
    await tell(stage)
    while await store.settle_points(now=now):
        pass
    await store.quiet(cards=CARDS_LEFT, kinds=ALWAYS_LEFT, now=now)
    return True


async def populate(store: Store, sandbox: Sandbox, *, now: datetime) -> None:
    """Fill an empty database, and add to the sandbox whoever of the demo's people is not there yet.

    Beside a tree of somebody's own the demo's people are all newcomers who have not pressed Start.
    """
    is_their_town = await fill(store, now=now) or await store.unit_by_code(STREET) is not None
    present = {person.user_id for person in sandbox.people}
    for person in people_for_sandbox():
        if person["user_id"] not in present:
            person["started"] &= is_their_town
            sandbox.add_person(**person)


def people_for_sandbox() -> tuple[SandboxPerson, ...]:
    """The demo's people as Telegram knows them, those who have never pressed Start last."""
    return tuple(_as_telegram_user(person) for person in DEMO_PEOPLE)


def _as_telegram_user(person: DemoPerson) -> SandboxPerson:
    first, _, last = person.name.partition(" ")
    return SandboxPerson(
        user_id=person.telegram_id,
        first_name=first,
        last_name=last,
        language_code=person.language,
        phone=person.phone,
        note=person.note,
        started=person.known,
    )


async def _found(store: Store) -> dict[str, int]:
    """The units, by code."""
    rows = [
        UnitRow(line, unit.code, unit.kind, unit.name, unit.name_en, unit.parent)
        for line, unit in enumerate(DEMO_UNITS, start=1)
    ]
    await store.import_units(rows, dry_run=False)
    found = {unit.code: await store.unit_by_code(unit.code) for unit in DEMO_UNITS}
    return {code: unit_id for code, unit_id in found.items() if unit_id is not None}


async def _settle(store: Store, units: dict[str, int], *, now: datetime) -> dict[int, int]:
    """Everyone arrives, says yes, says where they live and is appointed; the store's ids by Telegram id."""
    stage = Stage(store, now, units, {})
    persons: dict[int, int] = {}
    for person in DEMO_PEOPLE:
        if not person.known:
            continue
        who = person.telegram_id
        consent = GiveConsent(who, person.name, person.language)
        persons[who] = number((await stage.play(who, consent, ago=ARRIVED))["person_id"])
        await stage.play(who, ChooseHome(units[person.home]), ago=ARRIVED, replies=(Reply("menu", who),))
        if person.role is not None:
            appointment = Appoint(who, person.role, units[person.at], language=person.language)
            await stage.play(CLOCK, appointment, ago=ARRIVED)
    return persons
