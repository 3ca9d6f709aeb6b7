"""The nightly backup, the list of who was forgotten that lies beside it, and an eye on the disks.

Knows when and where; how a backup is made is ``storage/backup``'s, which ones may go ``domain/backup.py``'s.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from domain.backup import Keep, ReportTrouble, Trouble, expendable, is_due, is_low, parsed
from domain.base import Actor
from domain.clock import Every
from jobs.clock import MINUTE, Job
from storage.backup.archive import BackupError
from storage.backup.making import Made, is_whole, kept, make, tidy
from storage.database import Location
from storage.erasure_log import ErasureLog
from storage.unit import Store

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(hours=1)
"""How long after a backup that failed the next is tried."""
LOOK_BACK = timedelta(hours=1)
"""How far before the newest one known erasures are looked for again: they are in the order of their commits only nearly."""
MEGABYTE = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """What is left on the disk of a folder that may not be there yet."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


@dataclass(frozen=True, slots=True)
class Plan:
    """What the operator has set. ``directory`` None: no backups at night. ``warn`` in bytes."""

    directory: Path | None
    at: time = time(3)
    keep: Keep = field(default_factory=Keep)
    public_key: str = ""
    warn: int = 1024 * MEGABYTE


class Backups:
    """The jobs over one database. ``program`` is this version."""

    def __init__(
        self, location: Location, plan: Plan, *, program: str, free: Callable[[Path], int] = free_bytes
    ) -> None:
        self._location = location
        self._plan = plan
        self._program = program
        self._free = free
        self._not_before: datetime | None = None
        self._last_erasure: datetime | None = None
        self._tidy = False
        self.erasures = ErasureLog(erasure_places(location, plan.directory))

    def jobs(self) -> tuple[Job, ...]:
        """For the ticker."""
        return (
            Job("erasure_log", Every(MINUTE), self.keep_erasures),
            Job("backup", Every(10 * MINUTE), self.nightly),
            Job("disk", Every(10 * MINUTE), self.watch_disk),
        )

    async def nightly(self, store: Store, now: datetime) -> int:
        """Make the backup of last night, unless it is there. Returns how many were made."""
        directory = self._plan.directory
        if directory is None or (self._not_before is not None and now < self._not_before):
            return 0
        await self._tidied()
        newest: datetime | None = None
        try:
            identity = await store.identity()
            zone = ZoneInfo(store.rules.time_zone)
            good = await asyncio.to_thread(_good, directory, identity)
            newest = max((moment for moment in good if moment <= now), default=None)
            if not is_due(now, at=self._plan.at, zone=zone, newest=newest):
                return 0
            made = await self._make(store, directory, now)
        except (BackupError, OSError) as error:
            self._not_before = now + AGAIN_AFTER
            log.error("no backup was made", reason=str(error), again_after=self._not_before.isoformat())
            days = -1 if newest is None else (now - newest).days
            await self._tell(store, Trouble.BACKUP, on=True, number=days, now=now)
            return 0
        log.info("backup made", file=made.path.name, bytes=made.manifest.payload_bytes)
        await self._tell(store, Trouble.BACKUP, on=False, number=0, now=now)
        await asyncio.to_thread(_rotate, directory, identity, self._plan.keep, zone)
        return 1

    async def _tidied(self) -> None:
        """Once in the life of a process: whoever was killed before it may have left copies of everything."""
        if self._tidy:
            return
        try:
            self._tidy = await tidy(self._location)
        except (BackupError, OSError) as error:
            # Whether backups can be made is told when one is due.
            log.warning("what is left of former backups could not be removed", reason=str(error))

    async def _make(self, store: Store, directory: Path, now: datetime) -> Made:
        await self.keep_erasures(store, now)
        return await make(
            self._location, directory, now=now, program=self._program, public_key=self._plan.public_key
        )

    async def keep_erasures(self, store: Store, now: datetime) -> int:
        """Write down outside the database who was forgotten since the last look. Returns how many."""
        if self._last_erasure is None:
            found = await store.erasures()
        else:
            found = await store.erasures(since=self._last_erasure - LOOK_BACK)
        if not found:
            return 0
        try:
            count = await asyncio.to_thread(self.erasures.add, await store.identity(), dict(found))
        except OSError as error:
            log.error("who was forgotten could not be written down outside the database", reason=str(error))
            return 0
        self._last_erasure = found[-1][1]
        return count

    async def watch_disk(self, store: Store, now: datetime) -> int:
        """Tell the admins when little is left on a disk, and when there is room again. Returns how often it was told."""
        folders = [
            folder
            for folder in (self._location.path and self._location.path.parent, self._plan.directory)
            if folder is not None
        ]
        if not folders:
            return 0
        free = min([await asyncio.to_thread(self._free, folder) for folder in folders])
        was_low = await store.is_known(Trouble.DISK)
        low = is_low(free, warn=self._plan.warn, was_low=was_low)
        return await self._tell(store, Trouble.DISK, on=low, number=free // MEGABYTE, now=now)

    @staticmethod
    async def _tell(store: Store, trouble: Trouble, *, on: bool, number: int, now: datetime) -> int:
        if await store.is_known(trouble) == on:
            return 0
        log.warning("trouble" if on else "trouble is over", what=trouble.value, number=number)
        await store.perform(ReportTrouble(trouble, on, number), Actor.system("backup"), now=now)
        return 1


def erasure_places(location: Location, *directories: Path | None) -> list[Path]:
    """Where the list of who was forgotten lies: beside a SQLite file, and with the backups."""
    beside = [] if location.path is None else [location.path.parent]
    return [*beside, *(directory for directory in directories if directory is not None)]


def _good(directory: Path, identity: str) -> dict[datetime, Path]:
    return {
        found[1]: path
        for path in kept(directory, identity=identity)
        if (found := parsed(path.name)) is not None and is_whole(path)
    }


def _rotate(directory: Path, identity: str, keep: Keep, zone: ZoneInfo) -> None:
    good = _good(directory, identity)
    for moment in expendable(good, keep, zone):
        good[moment].unlink(missing_ok=True)
        log.info("old backup deleted", file=good[moment].name)
