"""Backups, disks and a full one, as admins, residents and the operator live through them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.backup import Keep, parsed
from domain.base import Actor, Role
from domain.people import Appoint
from domain.privacy import ForgetPerson
from jobs.backup import MEGABYTE, Backups, Plan
from storage.backup.archive import BackupError
from storage.backup.making import is_whole, kept, make
from storage.database import Location
from storage.erasure_log import ErasureLog
from storage.unit import Who
from tests.support.databases import on_sqlite
from tests.support.player import Player
from tests.support.program import Program, running

pytestmark = on_sqlite


@dataclass
class Machine:
    """Where backups go, and how much is free there."""

    program: Program
    directory: Path
    free: int = 5000 * MEGABYTE
    backups: Backups = field(init=False)

    def __post_init__(self) -> None:
        plan = Plan(self.directory, keep=Keep(daily=2, weekly=1, monthly=1))
        self.backups = Backups(self.program.location, plan, program="test", free=lambda folder: self.free)

    async def ticks(self) -> None:
        """The clock's jobs look what is due."""
        for job in self.backups.jobs():
            await job.run(self.program.store, self.program.clock.now())
        self.program.app.delivery.wake()
        await self.program.quiet()

    def made(self) -> list[datetime]:
        """When the backups that are there were made."""
        return [found[1] for path in kept(self.directory) if (found := parsed(path.name)) is not None]


@pytest.fixture
async def program(location: Location) -> AsyncIterator[Program]:
    async with running(location) as ready:
        street = Appoint(telegram_id=ready.zhao.user_id, role=Role.ADMIN, unit_id=ready.units["street"])
        await ready.performs(street, Actor.system("command-line"))
        yield ready


@pytest.fixture
def machine(program: Program, tmp_path: Path) -> Machine:
    return Machine(program, tmp_path / "elsewhere")


async def test_each_night_has_its_backup_and_old_ones_go(program: Program, machine: Machine) -> None:
    first = program.clock.now().replace(microsecond=0)
    await machine.ticks()
    await machine.ticks()
    assert machine.made() == [first]
    for _ in range(3):
        await program.passes(hours=24)
        await machine.ticks()
    days = {moment.date() for moment in machine.made()}
    today = program.clock.now().date()
    assert {today, today - timedelta(days=1)} <= days
    assert len(days) <= 3
    assert all(is_whole(path) for path in kept(machine.directory))


async def test_a_backup_that_fails_is_told_once_tried_again_and_told_when_it_works(
    program: Program, machine: Machine
) -> None:
    machine.directory.write_text("a file where the folder should be")
    for _ in range(3):
        await machine.ticks()
        await program.passes(hours=2)
    assert count_of(program.zhao, "trouble.backup_on") == 1
    program.zhao.card("还没有一份完好的备份")
    machine.directory.unlink()
    await machine.ticks()
    assert count_of(program.zhao, "trouble.backup_over") == 1
    assert len(machine.made()) == 1
    for nobody in (program.chen, program.wang, program.lan):
        assert count_of(nobody, "trouble.backup_on") == 0


async def test_little_room_is_told_once_at_each_crossing(program: Program, machine: Machine) -> None:
    machine.free = 900 * MEGABYTE
    for _ in range(3):
        await machine.ticks()
    assert count_of(program.zhao, "trouble.disk_on") == 1
    program.zhao.card("900 MB")
    machine.free = 1050 * MEGABYTE
    await machine.ticks()
    assert count_of(program.zhao, "trouble.disk_over") == 0
    machine.free = 2000 * MEGABYTE
    await machine.ticks()
    await machine.ticks()
    assert count_of(program.zhao, "trouble.disk_over") == 1


async def test_who_is_forgotten_is_written_down_outside_the_database_within_a_minute(
    program: Program, machine: Machine
) -> None:
    await machine.ticks()
    person = await program.performs(ForgetPerson(await number_of(program)), Actor.system("command-line"))
    await machine.ticks()
    identity = await program.store.identity()
    forgotten = {int(person.result["person_id"] or 0)}
    assert program.location.path is not None
    for place in (machine.directory, program.location.path.parent):
        assert set(ErasureLog([place]).known(identity)) == forgotten
    assert await machine.backups.keep_erasures(program.store, datetime.now(UTC)) == 0


def count_of(player: Player, key: str) -> int:
    """How many messages of this key somebody has."""
    return sum(player._says(message, key) for message in player.messages)


async def number_of(program: Program) -> int:
    opening = await program.store.opening(Who(program.emily.user_id), now=program.clock.now())
    return opening.actor.person_id


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes; skipped where none may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    options = ("-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder))
    if mount is None or subprocess.run((mount, *options), capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(("umount", "--lazy", str(folder)), check=True)


async def test_a_disk_that_is_really_full_loses_nothing_is_said_and_is_over_when_there_is_room(
    location: Location, small_disk: Path
) -> None:
    assert location.path is not None
    database = small_disk / "linli.db"
    shutil.copyfile(location.path, database)
    async with running(Location.of(f"sqlite:///{database}")) as program:
        assert (await program.app.health()).reason is None
        ballast = small_disk / "ballast"
        fill(ballast)
        await program.lan.sends("楼道灯坏了。" * 600)
        await program.until(lambda: program.store.refusal)
        assert "refuses" in ((await program.app.health()).reason or "")
        with pytest.raises(BackupError, match="is full"):
            await make(program.location, small_disk / "backups", now=program.clock.now(), program="test")
        assert kept(small_disk / "backups") == []
        ballast.unlink()
        for _ in range(20):
            await program.passes(seconds=5)
        await program.quiet()
        program.lan.reads("ask.pass_on")
        await program.until(lambda: not program.store.refusal)
        assert (await program.app.health()).reason is None
        assert await program.store.ledger_differences() == []


def fill(file: Path) -> None:
    """Take every byte that is left."""
    with suppress(OSError), file.open("wb", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while ballast.write(b"x" * size):
                    pass
