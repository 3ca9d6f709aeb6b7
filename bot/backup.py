"""Backups from the command line: which folder, which key, and making a copy that was brought back fit to go on with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from bot.rules import rulebook
from bot.settings import Settings
from bot.settings_model import BackupSettings
from domain.backup import Keep
from domain.base import NOT_FOUND, Actor
from domain.privacy import ForgetPerson
from jobs import retention
from jobs.backup import MEGABYTE, Backups, Plan, erasure_places
from storage.backup import archive, restoring
from storage.backup.archive import BackupError
from storage.backup.making import Made, Tell, make, say_nothing
from storage.database import REVISION, Location, open_engine, revision_of
from storage.erasure_log import ErasureLog
from storage.lockfile import WriterLock
from storage.unit import Refusal, Store


def plan_of(settings: BackupSettings) -> Plan:
    """What these settings mean."""
    return Plan(
        directory=Path(settings.directory) if settings.directory else None,
        at=settings.at,
        keep=Keep(settings.keep_daily, settings.keep_weekly, settings.keep_monthly),
        public_key=settings.public_key.get_secret_value(),
        warn=settings.warn_free_mb * MEGABYTE,
    )


async def back_up(
    settings: Settings, to: Path | None, *, tell: Tell = say_nothing, now: datetime | None = None
) -> Made:
    """Make a backup now. Raises BackupError, OSError or DatabaseAwayError."""
    location = Location.of(settings.database.url.get_secret_value())
    plan = plan_of(settings.backup)
    directory = to or plan.directory
    if directory is None:
        raise BackupError("say where to: linli backup --to FOLDER, or set backup.directory")
    revision = await revision_of(location)
    if revision is None:
        raise BackupError("there is no database yet: start the bot once, or run linli migrate")
    moment = now or datetime.now(UTC)
    if revision == REVISION:
        store = Store(open_engine(location), rules=rulebook(settings))
        try:
            jobs = Backups(location, Plan(directory), program=version("linli"))
            await jobs.keep_erasures(store, moment)
        finally:
            await store.close()
    return await make(
        location, directory, now=moment, program=version("linli"), public_key=plan.public_key, tell=tell
    )


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it. ``aside`` is where the former database is kept ("": there was none); ``not_forgotten`` are people
    whom the rules do not let go of yet in this older state, each with the refusal's key."""

    created: datetime
    rows: int
    seconds: float
    aside: str
    forgotten: int
    not_forgotten: tuple[tuple[int, str], ...]


async def restore(
    settings: Settings,
    file: Path,
    *,
    key_file: Path | None = None,
    force: bool = False,
    tell: Tell = say_nothing,
    now: datetime | None = None,
) -> Restored:
    """Bring a backup back. Raises BackupError, DatabaseInUseError, OSError or DatabaseAwayError; then the database that
    is there is as it was."""
    location = Location.of(settings.database.url.get_secret_value())
    moment = now or datetime.now(UTC)
    with await asyncio.to_thread(archive.opened, file) as backup:
        restoring.judge(backup.manifest, location)
        if backup.manifest.encrypted and key_file is None:
            raise BackupError(
                f"{file} is encrypted: give --identity the file with the private key, as age-keygen wrote it"
            )
        keys = archive.identities(key_file) if backup.manifest.encrypted and key_file is not None else []
        if location.path is None:
            if await restoring.is_running(location, now=moment):
                raise BackupError("the bot runs on this database: stop it first, and wait half a minute")
            return await _restored(settings, backup, location, keys=keys, force=force, tell=tell, now=moment)
        with WriterLock(location.path):
            return await _restored(settings, backup, location, keys=keys, force=force, tell=tell, now=moment)


async def _restored(
    settings: Settings,
    backup: archive.Backup,
    location: Location,
    *,
    keys: list[object],
    force: bool,
    tell: Tell,
    now: datetime,
) -> Restored:
    started = perf_counter()
    there = await restoring.is_there(location)
    if there and not force:
        raise BackupError(
            "there is a database already: --force puts the backup in its place, and keeps it under another name"
        )
    identity = backup.manifest.database
    directory = plan_of(settings.backup).directory
    log = ErasureLog(erasure_places(location, directory, backup.path.parent))
    forgotten = log.known(identity)
    if there:
        forgotten = await restoring.forgotten_in(location, identity) | forgotten
    async with restoring.prepared(backup, location, keys=keys, tell=tell) as fresh:
        tell("making it fit to go on with")
        again, left = await _fit(settings, fresh, forgotten, now=now)
        tell("looking through it")
        found = await restoring.looked_through(fresh)
        if not found.rows.keys() >= backup.manifest.rows.keys():
            raise BackupError("tables are missing in what came back; take another backup")
        aside = await restoring.put_in_place(fresh, location, now=now)
    return Restored(
        created=backup.manifest.created_at,
        rows=sum(found.rows.values()),
        seconds=perf_counter() - started,
        aside=aside,
        forgotten=again,
        not_forgotten=left,
    )


async def _fit(
    settings: Settings, fresh: Location, forgotten: Mapping[int, datetime], *, now: datetime
) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Forget again whoever was forgotten since, before anybody can read the copy; and deal out no id twice."""
    actor, again, left = Actor.system("restore"), 0, []
    store = Store(open_engine(fresh), rules=rulebook(settings))
    try:
        known = {person_id for person_id, _ in await store.erasures()}
        for person_id in sorted(forgotten.keys() - known):
            outcome = await store.perform(ForgetPerson(person_id), actor, now=now)
            if not isinstance(outcome, Refusal):
                again += 1
            elif outcome.key != NOT_FOUND:  # who came after the backup was made is not in it
                left.append((person_id, outcome.key))
        await retention.erase(store, now)
        await store.skip_lost_ids()
    finally:
        await store.close()
    return again, tuple(left)
