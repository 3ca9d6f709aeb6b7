"""Backups on both databases: made beside writers, judged by what came back, refused in a sentence, and nothing left over."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
import tarfile
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pyrage
import pytest

from bot import backup as command
from bot.backup import back_up, restore
from bot.settings import Settings
from domain.privacy import ForgetMe
from domain.rulebook import Rulebook
from domain.tasks import StartClaim
from jobs.backup import Backups, Plan
from storage.backup import archive, making, postgres
from storage.backup.archive import BackupError
from storage.backup.making import is_whole, kept
from storage.database import Location, open_engine
from storage.engine import Engine
from storage.erasure_log import NAME, ErasureLog
from storage.lockfile import DatabaseInUseError, WriterLock
from storage.unit import Store
from tests.support.backups import databases, dropped, embedded_tools, settings_of
from tests.support.databases import on_postgres, on_sqlite
from tests.support.dump import Dump, dump, rows, say
from tests.support.village import arrived, asked, claimed, do, village

KEY = pyrage.x25519.Identity.generate()


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_tools(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere"


@pytest.fixture
def settings(location: Location, folder: Path) -> Settings:
    return settings_of(location, folder)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key.txt"
    file.write_text(f"# created: 2026\n# public key: {KEY.to_public()}\n{KEY}\n")
    return file


def left_over(location: Location) -> list[str]:
    """What lies beside the database that was only needed on the way."""
    parent = making.work_folder(location)
    prefixes = (making.work_prefix(location, "backup"), making.work_prefix(location, "restoring"))
    return [
        path.name
        for path in parent.iterdir()
        if path.name.startswith(prefixes) and not path.name.endswith(".lock")
    ]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def state_of(location: Location) -> Dump:
    engine = open_engine(location)
    try:
        return await dump(engine)
    finally:
        await engine.close()


def without(state: Dump, *tables: str) -> Dump:
    return {name: there for name, there in state.items() if name not in tables}


async def test_what_was_acknowledged_before_a_backup_began_is_in_it_while_writers_go_on(
    store: Store, engine: Engine, location: Location, folder: Path, settings: Settings, now: datetime
) -> None:
    place = await village(store, now=now)
    acknowledged: list[int] = []
    stop, begun = asyncio.Event(), asyncio.Event()

    async def writes() -> None:
        while not stop.is_set():
            acknowledged.append(await asked(store, place.resident, now=now))
            if len(acknowledged) > 8:
                begun.set()

    writers = [asyncio.create_task(writes()) for _ in range(8)]
    await begun.wait()
    before = set(acknowledged)
    made = await making.make(location, folder, now=now, program="test")
    stop.set()
    await asyncio.gather(*writers)
    assert len(acknowledged) > len(before) + 2, "nobody wrote beside it"
    assert made.path.parent == folder
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert is_whole(made.path)
    assert kept(folder) == [made.path]
    assert left_over(location) == []
    at_the_end = await dump(engine)
    await engine.close()
    back = await restore(settings, made.path, force=True, now=now)
    again = open_engine(location)
    there = {int(row[0]) for row in await rows(again, "request", "id")}
    assert before <= there <= set(acknowledged)
    assert made.manifest.rows["request"] == len(there)
    state = await dump(again)
    for name, lines in without(state, "counter").items():
        assert set(lines) <= set(at_the_end[name]), name
    await again.close()
    assert back.forgotten == 0
    await dropped(location, back.aside)


@on_sqlite
async def test_a_restored_database_is_the_one_that_was_backed_up_and_deals_out_no_id_twice(
    store: Store, engine: Engine, location: Location, folder: Path, settings: Settings, now: datetime
) -> None:
    place = await village(store, now=now)
    await asked(store, place.resident, now=now)
    before = await dump(engine)
    made = await back_up(settings, None, now=now)
    lost = await asked(store, place.resident, now=now)
    await engine.close()
    with pytest.raises(BackupError, match="--force"):
        await restore(settings, made.path)
    back = await restore(settings, made.path, force=True, now=now)
    assert without(await state_of(location), "counter") == without(before, "counter")
    fresh = open_engine(location)
    assert await asked(Store(fresh, rules=Rulebook()), place.resident, now=now) > lost + 1000
    await fresh.close()
    assert back.aside
    assert len((await state_of(Location.of(f"sqlite:///{back.aside}")))["request"]) == 2
    assert left_over(location) == []


@on_sqlite
async def test_who_was_forgotten_since_the_backup_is_forgotten_again(
    store: Store, engine: Engine, location: Location, folder: Path, settings: Settings, now: datetime
) -> None:
    place = await village(store, now=now)
    for soul in (place.resident, place.neighbour):
        await asked(store, soul, now=now)
    holder, begun = place.members[0], place.members[1]
    _, task = await claimed(store, place, now=now, by=(begun,))
    await do(store, StartClaim(task), begun.who, now=now)
    made = await back_up(settings, None, now=now)
    late = await arrived(store, 77, name="后来的人", home=place.building, now=now)
    later = now + timedelta(hours=1)
    for soul in (place.neighbour, late, holder):
        await do(store, ForgetMe(), soul.who, now=later)
    await back_up(settings, None, now=later)  # writes down who was forgotten
    log = ErasureLog([folder])
    identity = await store.identity()
    assert set(log.known(identity)) == {place.neighbour.id, late.id, holder.id}
    # Who is on the list of another database is somebody else; so is half a number of a line cut short.
    log.add("feedface", {place.resident.id: later})
    with (folder / NAME).open("a") as file:
        file.write(f"{identity} {later.isoformat()} {place.leader.id}")
    log.add(identity, {begun.id: later})
    await engine.close()
    assert location.path is not None
    # The disk with the database is lost altogether.
    for path in (location.path, location.path.parent / NAME):
        path.unlink()
    back = await restore(settings, made.path, force=True, now=later)
    assert back.forgotten == 2
    assert back.not_forgotten == ((begun.id, "privacy.work_first"),)
    again = open_engine(location)
    erased = await rows(again, "person", "id", where="erased_at IS NOT NULL")
    assert {row[0] for row in erased} == {place.neighbour.id, holder.id}
    assert "王建国" not in str(await dump(again))
    assert "李桂兰" in str(await dump(again))
    await again.close()


@on_sqlite
async def test_with_a_public_key_only_the_private_one_opens_a_backup(
    store: Store,
    engine: Engine,
    location: Location,
    folder: Path,
    tmp_path: Path,
    key_file: Path,
    now: datetime,
) -> None:
    await village(store, now=now)
    before = await dump(engine)
    settings = settings_of(location, folder, public_key=str(KEY.to_public()))
    made = await back_up(settings, None, now=now)
    await engine.close()
    assert made.manifest.encrypted
    assert "then encrypted" in made.manifest.checked
    assert "李桂兰".encode() not in made.path.read_bytes()
    other, none, public = (tmp_path / name for name in ("other", "none", "public"))
    other.write_text(str(pyrage.x25519.Identity.generate()))
    public.write_text(str(KEY.to_public()))
    for given, said in (
        (None, "--identity"),
        (other, "does not open"),
        (none, "cannot be read"),
        (public, "no private key"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(BackupError, match=said):
            await restore(settings, made.path, key_file=given, force=True)
    assert await state_of(location) == before
    assert left_over(location) == []
    await restore(settings, made.path, key_file=key_file, force=True, now=now)
    assert without(await state_of(location), "counter") == without(before, "counter")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30_000])


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _no_backup(path: Path) -> None:
    path.write_bytes(b"PK" + b"x" * 5000)


def _told(path: Path, **changed: Any) -> None:
    """The same backup with another manifest."""
    with archive.opened(path) as backup:
        manifest = replace(backup.manifest)
        payload = path.with_name("payload")
        backup.copy_payload(payload)
    path.unlink()
    told = json.dumps({**asdict(manifest), **changed}).encode()
    with tarfile.open(path, "w") as tar:
        for name, content in ((archive.MANIFEST, told), (manifest.payload, payload.read_bytes())):
            item = tarfile.TarInfo(name)
            item.size = len(content)
            tar.addfile(item, archive._Bytes(content))
    payload.unlink()


@on_sqlite
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_cut, "cut short"),
        (_emptied, "cut short"),
        (_flipped, "damaged"),
        (_no_backup, "no backup of Linli"),
        (lambda path: _told(path, revision="9999"), "newer Linli"),
        (lambda path: _told(path, format=2), "newer Linli"),
        (lambda path: _told(path, format="x"), "not one"),
        (lambda path: _told(path, surprise=1), "not complete"),
        (lambda path: _told(path, dialect="postgresql"), "PostgreSQL"),
        (lambda path: _told(path, plain_sha256="0"), "damaged"),
    ],
)
async def test_what_cannot_be_brought_back_is_refused_and_nothing_is_touched(
    store: Store,
    engine: Engine,
    location: Location,
    settings: Settings,
    now: datetime,
    harm: Callable[[Path], None],
    said: str,
) -> None:
    await village(store, now=now)
    made = await back_up(settings, None, now=now)
    before = await dump(engine)
    await engine.close()
    harm(made.path)
    with pytest.raises(BackupError, match=said):
        await restore(settings, made.path, force=True)
    assert await state_of(location) == before
    assert left_over(location) == []


@on_sqlite
async def test_a_copy_whose_books_do_not_add_up_is_no_backup(
    store: Store, engine: Engine, location: Location, folder: Path, settings: Settings, now: datetime
) -> None:
    await village(store, now=now)
    await say(engine, "INSERT INTO balance (account, currency, amount) VALUES ('person:1', 'service', 7)")
    with pytest.raises(BackupError, match="ledger does not add up"):
        await back_up(settings, None, now=now)
    assert kept(folder) == []
    assert left_over(location) == []


@on_sqlite
async def test_a_damaged_database_makes_no_backup(
    location: Location, folder: Path, settings: Settings, now: datetime
) -> None:
    assert location.path is not None
    content = bytearray(location.path.read_bytes())
    page = 4096
    content[page * 9 : page * 12] = b"\x5a" * page * 3
    location.path.write_bytes(content)
    with pytest.raises(BackupError, match=r"damaged|malformed"):
        await making.make(location, folder, now=now, program="test")
    assert kept(folder) == []
    assert left_over(location) == []


@on_sqlite
async def test_a_backup_cut_off_by_a_full_disk_or_a_kill_leaves_nothing_that_looks_finished(
    store: Store,
    location: Location,
    folder: Path,
    settings: Settings,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await village(store, now=now)

    def full(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(archive.Backup, "copy_payload", full)
        with pytest.raises(OSError, match="No space"):
            await making.make(location, folder, now=now, program="test")
    assert names_in(folder) == []
    # As after a kill: nothing was cleaned up.
    identity = await store.identity()
    (folder / f"linli-{identity}-20260301T000000Z.tar.part").write_bytes(b"half")
    dead = making.work_folder(location) / f"{making.work_prefix(location, 'backup')}-dead"
    dead.mkdir()
    assert kept(folder) == []
    await making.make(location, folder, now=now, program="test")
    assert len(names_in(folder)) == 1
    assert left_over(location) == []


@on_postgres
async def test_a_copy_that_a_killed_check_left_on_the_server_goes_and_no_other_database_does(
    store: Store, location: Location, folder: Path, now: datetime
) -> None:
    left, alike = postgres.beside(location, "check_0123abcd"), postgres.beside(location, "check_it")
    for way in ("by the next backup", "by itself"):
        for place in (left, alike):
            await postgres.create(place)
        try:
            if way == "by itself":
                held = await asyncpg.connect(left.url.render_as_string(hide_password=False))
                assert not await making.tidy(location), "somebody is connected to it"
                await held.close()
                assert await making.tidy(location)
            else:
                await making.make(location, folder, now=now, program="test")
            assert not await postgres.exists(left), way
            assert await postgres.exists(alike), way
        finally:
            for place in (left, alike):
                await postgres.drop(place)


@on_sqlite
async def test_what_a_killed_backup_left_goes_at_the_next_start_though_none_is_due(
    store: Store, location: Location, folder: Path, now: datetime
) -> None:
    dead = making.work_folder(location) / f"{making.work_prefix(location, 'backup')}-dead"
    first = Backups(location, Plan(folder), program="test")
    assert await first.nightly(store, now) == 1
    dead.mkdir()
    assert await first.nightly(store, now) == 0
    assert left_over(location) == [dead.name], "its own process is alive"
    with making._alone(location) as busy:
        dead.mkdir()
        again = Backups(location, Plan(folder), program="test")
        assert await again.nightly(store, now) == 0
        assert sorted(left_over(location)) == sorted([dead.name, busy.name]), "a backup is being made"
    assert await again.nightly(store, now) == 0
    assert left_over(location) == []


@on_sqlite
async def test_only_one_backup_of_a_database_is_made_at_a_time(
    store: Store, location: Location, folder: Path, now: datetime
) -> None:
    both = [
        making.make(location, folder, now=now + timedelta(seconds=step), program="test") for step in (0, 1)
    ]
    told = await asyncio.gather(*both, return_exceptions=True)
    assert len([one for one in told if isinstance(one, BackupError)]) == 1
    assert len(kept(folder)) == 1


async def test_nothing_is_brought_back_while_the_bot_runs(
    store: Store, engine: Engine, location: Location, settings: Settings, now: datetime
) -> None:
    await village(store, now=now)
    made = await back_up(settings, None, now=now)
    if location.path is not None:
        with WriterLock(location.path), pytest.raises(DatabaseInUseError):
            await restore(settings, made.path, force=True, now=now)
        return
    await store.acquire_lease(
        "bot", holder="bot", now=now, span=timedelta(seconds=20), is_dead=lambda holder: False
    )
    with pytest.raises(BackupError, match="the bot runs"):
        await restore(settings, made.path, force=True, now=now)
    assert not [name for name in await databases(location) if name.endswith("_restoring")]


@on_sqlite
async def test_a_backup_of_an_older_revision_is_brought_up_to_date(
    fresh_database: Callable[..., Location], folder: Path, tmp_path: Path, now: datetime
) -> None:
    from alembic import command as alembic
    from alembic.config import Config
    from sqlalchemy import create_engine

    old = fresh_database(migrated=False)
    config = Config()
    config.set_main_option("script_location", "storage/migrations")
    upgrading = create_engine(f"sqlite:///{old.path}")
    with upgrading.begin() as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, "0003")
    upgrading.dispose()
    made = await making.make(old, folder, now=now, program="test")
    assert (made.manifest.revision, made.manifest.database) == ("0003", "00000000")
    place = Location.of(f"sqlite:///{tmp_path / 'new' / 'linli.db'}")
    assert place.path is not None
    place.path.parent.mkdir()
    back = await restore(settings_of(place, folder), made.path)
    assert (back.aside, back.forgotten) == ("", 0)
    engine = open_engine(place)
    assert await Store(engine, rules=Rulebook()).identity() != "00000000"
    await engine.close()


@on_sqlite
async def test_when_the_last_step_fails_the_database_that_is_there_stays(
    store: Store,
    engine: Engine,
    location: Location,
    settings: Settings,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await village(store, now=now)
    made = await back_up(settings, None, now=now)
    before = await dump(engine)
    await engine.close()

    async def fails(*arguments: object) -> None:
        raise BackupError("the ledger does not add up")

    monkeypatch.setattr(command.restoring, "looked_through", fails)
    with pytest.raises(BackupError, match="add up"):
        await restore(settings, made.path, force=True)
    assert await state_of(location) == before
    assert left_over(location) == []


@on_sqlite
async def test_what_the_former_database_had_in_its_log_goes_aside_with_it(
    store: Store, engine: Engine, location: Location, settings: Settings, now: datetime
) -> None:
    place = await village(store, now=now)
    made = await back_up(settings, None, now=now)
    await asked(store, place.resident, now=now)
    assert location.path is not None
    # As a killed process leaves it: what was committed last is in the log alone.
    left = location.path.with_name("left")
    left.mkdir()
    for ending in ("", "-wal"):
        shutil.copyfile(f"{location.path}{ending}", left / f"linli.db{ending}")
    await engine.close()
    killed = Location.of(f"sqlite:///{left / 'linli.db'}")
    assert (left / "linli.db-wal").stat().st_size > 0
    back = await restore(settings_of(killed, made.path.parent), made.path, force=True, now=now)
    assert len((await state_of(Location.of(f"sqlite:///{back.aside}")))["request"]) == 1
    assert (await state_of(killed))["request"] == []


@on_postgres
async def test_postgres_without_tools_or_with_older_ones_is_told_what_to_install(
    location: Location, folder: Path, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    with pytest.raises(BackupError, match="pg_dump is not there: install postgresql-client-"):
        await making.make(location, folder, now=now, program="test")
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    old.chmod(0o700)
    with pytest.raises(BackupError, match="pg_dump 9 is older than the server"):
        await making.make(location, folder, now=now, program="test")
    assert not [name for name in await databases(location) if "_check_" in name]
    assert kept(folder) == []
