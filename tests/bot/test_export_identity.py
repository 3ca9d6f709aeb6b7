"""What goes out comes in again and changes nothing, whatever people and places are called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from sqlalchemy import Connection

from domain.base import Role
from domain.people import Phase
from domain.rulebook import Rulebook
from domain.sheets import tidy
from storage import schema
from storage.database import Location, open_engine
from storage.unit import Store
from tests.support.databases import on_sqlite
from tests.support.importing import PEOPLE, UNITS, Desk
from views import sheets

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
MIDNIGHT = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)

# Anything a text field of ours may hold: no controls, and something to read.
WORDS = st.text(
    st.one_of(
        st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")),
        st.sampled_from("=+-@＝＋－＠'’\"、;,<&_x\u200d\u3000１Ａ甲🏠"),
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: bool(tidy(text)) and tidy(text).isprintable() and len(tidy(text)) <= 12)
PLAIN = st.text(st.sampled_from("甲乙丙丁abc12"), min_size=1, max_size=6)
SKILLS = [skill.code for skill in Rulebook().skills]
DAYS = st.one_of(st.none(), st.integers(0, 800))
PERSON = st.fixed_dictionaries(
    {
        "name": WORDS,
        "home": st.one_of(st.none(), st.integers(0, 3)),
        "flat": st.one_of(st.none(), WORDS),
        "phone": st.one_of(st.none(), st.integers(13_000_000_000, 19_999_999_999).map(str), st.just("+442079460000")),
        "account": st.one_of(st.none(), st.just(True)),
        "language": st.sampled_from(["zh", "en"]),
        "roles": st.lists(
            st.tuples(st.sampled_from([Role.MEMBER, Role.LEADER, Role.SECRETARY]), st.integers(0, 3), st.integers(0, 50), DAYS),
            max_size=3,
            unique_by=lambda role: role[:2],
        ),
        "skills": st.lists(st.sampled_from(SKILLS), max_size=3, unique=True),
    }
)  # fmt: skip
UNIT = st.tuples(
    st.sampled_from(["community", "grid", "branch"]), WORDS, st.one_of(st.just(""), WORDS), st.lists(PLAIN, max_size=3, unique=True),
    st.sampled_from([None, "Asia/Shanghai", "Europe/Berlin"]), st.sampled_from([None, "cn-2026"]),
)  # fmt: skip


def fill(connection: Connection, people: list[dict[str, Any]], units: list[tuple[Any, ...]]) -> None:
    """Rows as they came to be by other ways than an import."""
    add = connection.execute
    rows: list[dict[str, Any]] = [
        {"id": 1, "kind": "street", "name": "街", "code": "s", "path": "1.", "parent_id": None}
    ]
    rows += [
        {"id": n, "kind": "building", "name": f"{n}号楼", "code": f"b{n}", "path": f"1.{n}.", "parent_id": 1}
        for n in (2, 3, 4, 5)
    ]
    seen = {"街", "2号楼", "3号楼", "4号楼", "5号楼"}
    named: dict[int, list[str]] = {}
    for n, (kind, name, name_en, aliases, zone, calendar) in enumerate(units, start=10):
        if tidy(name) in seen:
            continue
        seen.add(tidy(name))
        rows.append(
            {"id": n, "kind": kind, "name": name, "name_en": name_en, "code": f"u{n}", "path": f"1.{n}.", "parent_id": 1,
             "zone": zone, "calendar": calendar}
        )  # fmt: skip
        named[n] = aliases
    for row in rows:
        add(schema.unit.insert(), {"version": 1, "name_en": "", **row})
    for unit_id, aliases in named.items():
        for alias in aliases:
            add(schema.unit_alias.insert(), {"unit_id": unit_id, "alias": alias})
    for n, person in enumerate(people, start=1):
        home = None if person["home"] is None else person["home"] + 2
        household = None
        if home and person["flat"]:
            add(schema.household.insert(), {"id": n, "unit_id": home, "flat": f"{n}{person['flat']}"})
            household = n
        add(
            schema.person.insert(),
            {"id": n, "version": 1, "name": person["name"], "language": person["language"], "home_unit_id": home,
             "household_id": household, "phone": person["phone"], "number": f"N{n}",
             "telegram_id": n if person["account"] else None},
        )  # fmt: skip
        for skill in person["skills"]:
            add(schema.person_skill.insert(), {"person_id": n, "skill": skill})
        for place, (role, unit, since, until) in enumerate(person["roles"]):
            starts = MIDNIGHT + timedelta(days=since, hours=3)
            ends = None if until is None else MIDNIGHT + timedelta(days=since + until + 1)
            add(
                schema.appointment.insert(),
                {"id": n * 10 + place, "version": 1, "person_id": n, "role": role, "unit_id": unit + 2, "starts_at": starts,
                 "ends_at": ends, "phase": Phase.RUNNING},
            )  # fmt: skip


@on_sqlite
@given(
    people=st.lists(PERSON, max_size=6),
    units=st.lists(UNIT, max_size=5),
    chinese=st.booleans(),
    as_csv=st.booleans(),
)
@example(
    people=[
        {
            "name": "'＝甲１\u200d\u3000=2",
            "home": 1,
            "flat": "－3０1",
            "phone": "+442079460000",
            "account": True,
            "language": "en",
            "roles": [(Role.LEADER, 1, 3, None), (Role.MEMBER, 2, 0, 400)],
            "skills": ["driving", "medical"],
        }
    ],
    units=[("grid", "'１ 甲", "＝x", ["甲1"], "Europe/Berlin", "cn-2026")],
    chinese=True,
    as_csv=True,
)
@settings(
    max_examples=30,
    deadline=None,
    phases=[Stage.explicit, Stage.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_import_of_an_export_changes_nothing(
    people: list[dict[str, Any]],
    units: list[tuple[Any, ...]],
    *,
    chinese: bool,
    as_csv: bool,
    fresh_database: Callable[..., Location],
    tmp_path: Path,
) -> None:
    location = fresh_database()

    async def out_and_in() -> None:
        store = Store(open_engine(location, readers=1), rules=Rulebook())
        try:
            await store._engine.write(lambda connection: fill(connection, people, units))
            desk = Desk(store, tmp_path, NOW)
            for kind in (UNITS, PEOPLE):
                before = await desk.exported(kind, chinese=chinese)
                book = sheets.Table(before[0]) if as_csv else sheets.book_of(kind, title="x", chinese=chinese)
                book.add(before[1:])
                path = tmp_path / "out"
                path.write_bytes(book.content())
                if len(before) == 1:
                    continue
                report = await desk.importer.carry_out(path, kind=kind, dry_run=False)
                assert (report.added, report.changed, report.listed) == (0, 0, [])
                assert await desk.exported(kind, chinese=chinese) == before
        finally:
            await store.close()

    asyncio.run(out_and_in())
