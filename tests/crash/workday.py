"""A village in which every job of the clock has something to do (``chores.py``), settled once and copied for every life."""

from __future__ import annotations

import csv
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bot.importer import Importer
from bot.rules import rulebook
from domain.base import Role
from domain.checkins.shapes import ApproveCheckIn, AskCheckIn, TellJoined
from domain.digests import ChooseDigest, Digest, Rhythm
from domain.imports import CancelImport
from domain.lessons.shapes import AssignLesson
from domain.pairings import PairUp
from domain.privacy import ForgetMe
from domain.requests import ConfirmRequest
from domain.sheet_columns import ImportKind
from sheets.lines import Limits
from storage.database import Location, open_engine
from storage.importing import Imports
from storage.unit import Store
from tests.crash.chores import BEGAN, jobs_of, settings_of, variables
from tests.support.importing import TEXTS
from tests.support.lessons import draft_lesson, lesson_version
from tests.support.scenes import CHECK_IN, Scene, busy
from tests.support.village import appointed, arrived, asked, do, reported


async def settle(location: Location, *, files: Path) -> None:
    """Fill a migrated database."""
    settings = settings_of(variables(location, files))
    engine = open_engine(location, readers=1, pool_size=2)
    try:
        store = Store(engine, rules=rulebook(settings))
        scene = await busy(store, now=BEGAN)
        await _points(store, scene)
        await _people(store, scene)
        await _lesson(store, scene)
        await _left_import(store, scene)
        # A zone that the digests see for the first time begins with its next period.
        await store.digests.due(now=BEGAN)
        await store.jobs.know([job.plan for job in jobs_of(settings, store, now=BEGAN)], now=BEGAN)
    finally:
        await engine.close()


async def _points(store: Store, scene: Scene) -> None:
    """Some points are in the ledger, others wait to be posted; three visits come due."""
    place = scene.village
    while await store.settle_points(now=BEGAN):
        pass
    for helper in place.members[:3]:
        request_id, _ = await reported(store, place, now=BEGAN, by=[helper])
        await do(store, ConfirmRequest(request_id, 5), place.resident.who, now=BEGAN)
    for number in range(2):
        pair = PairUp(
            place.members[number].id, "illness", 7, BEGAN.date(),
            unit_id=place.building, name=f"老人{number}", flat=f"60{number}",
        )  # fmt: skip
        await do(store, pair, place.leader.who, now=BEGAN)


async def _people(store: Store, scene: Scene) -> None:
    """Some joined the Party on tomorrow's day, some want digests, some are to be forgotten."""
    place, tomorrow = scene.village, (BEGAN + timedelta(days=1)).date()
    for number in range(3):
        soul = await arrived(store, 300 + number, name=f"报到{number}", home=place.building, now=BEGAN)
        asks = await do(store, AskCheckIn(place.building, *CHECK_IN), soul.who, now=BEGAN)
        await do(store, ApproveCheckIn(int(asks["checkin_id"] or 0), 1), place.secretary.who, now=BEGAN)
        await do(store, TellJoined(date(2000 + number, tomorrow.month, tomorrow.day)), soul.who, now=BEGAN)
        rhythm = Rhythm.DAILY if number else Rhythm.WEEKLY
        await do(store, ChooseDigest(Digest.HOME, rhythm), soul.who, now=BEGAN)
    for number in range(2):
        soul = await arrived(store, 310 + number, name=f"离开{number}", home=place.building, now=BEGAN)
        for _ in range(2):
            await asked(store, soul, now=BEGAN)
        await do(store, ForgetMe(), soul.who, now=BEGAN)
    for number in range(2):
        await appointed(
            store,
            320 + number,
            name=f"新楼长{number}",
            role=Role.LEADER,
            unit_id=place.units["b2"],
            now=BEGAN,
        )


async def _lesson(store: Store, scene: Scene) -> None:
    """One has just been assigned, and nobody is written down for it."""
    place = scene.village
    number = await draft_lesson(store, place.secretary, place.building, now=BEGAN)
    await do(store, AssignLesson(number, await lesson_version(store, number)), place.secretary.who, now=BEGAN)


class _Left(Imports):
    """Ends when everything is there and nothing has been tidied up."""

    async def settle(self, *args: Any, **named: Any) -> bool:
        """The process ends here."""
        raise ProcessEndedError


class ProcessEndedError(Exception):
    """In place of the end of a process."""


async def _left_import(store: Store, scene: Scene) -> None:
    """Everything of it is there, and nobody has tidied up behind it."""
    await do(store, CancelImport(scene.checked_import), scene.importer.who, now=BEGAN)
    await store.imports.end(scene.checked_import, now=BEGAN)
    importer = Importer(store, now=lambda: BEGAN, limits=Limits(), rules=store.rules, texts=TEXTS)
    importer._imports.__class__ = _Left
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "sheet.csv"
        with sheet.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                [("编号", "姓名", "楼栋代码", "房号"), *((f"M{n}", f"人{n}", "b1", str(n)) for n in range(5))]
            )
        try:
            await importer.carry_out(sheet, kind=ImportKind.PEOPLE, dry_run=False)
        except ProcessEndedError:
            importer._imports.__class__ = Imports
            return
    raise AssertionError("the import came to its end")
