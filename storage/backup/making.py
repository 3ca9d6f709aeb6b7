"""Making a backup: copied, compressed, restored from that and looked through, encrypted, written, read back, named."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from domain.backup import name_of, parsed
from storage.backup import archive, sqlite
from storage.backup.archive import PART, BackupError, Manifest
from storage.backup.examine import Examined, examine, examine_file
from storage.database import Location

RESTORED = "restored whole, every reference followed, every balance summed"
BEFORE_SEALED = f"{RESTORED}; then encrypted, and the encrypted file's checksum read back"

Tell = Callable[[str], None]


class BusyError(BackupError):
    """Another process makes a backup of this database."""


def say_nothing(words: str) -> None:
    """For whoever does not want to hear how far it is."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup."""

    path: Path
    manifest: Manifest


def work_folder(location: Location) -> Path:
    """Where plain copies lie for a while: where the database itself lies, never where only what is encrypted may be."""
    return location.path.resolve().parent if location.path is not None else Path(tempfile.gettempdir())


def work_prefix(location: Location, what: str) -> str:
    """How the names of what is made on the way begin: of this database and no other."""
    key = location.path.name if location.path is not None else str(location.url)
    return f".linli-{what}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


@contextmanager
def _alone(location: Location) -> Iterator[Path]:
    """One backup of a database at a time. Gives a folder of one's own that goes at the end; what a killed process left
    of such folders goes too."""
    parent = work_folder(location)
    prefix = work_prefix(location, "backup")
    descriptor = os.open(parent / f"{prefix}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(
                "a backup of this database is being made already: wait until it is there"
            ) from error
        for left in parent.glob(f"{prefix}-*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


async def make(
    location: Location,
    directory: Path,
    *,
    now: datetime,
    program: str,
    public_key: str = "",
    tell: Tell = say_nothing,
) -> Made:
    """Make a backup in ``directory``. ``program`` is this version, ``public_key`` an age recipient.

    Raises BackupError, OSError or DatabaseAwayError; then nothing is left that looks like a backup.
    """
    if public_key:
        archive.recipient(public_key)  # a key that is none is said before an hour of work
    created = now.astimezone(UTC).replace(microsecond=0)
    with _alone(location) as folder:
        plain, packed = folder / "copy", folder / "packed"
        server = 0
        if location.path is not None:
            await sqlite.copy(location.path, plain, tell=_parts(tell))
        else:
            # Imported late: 50 ms that a start on SQLite does not need.
            from storage.backup import postgres

            await postgres.drop_left(location)
            server = await postgres.server_version(location)
            tell("pg_dump is writing")
            await postgres.dump(location, plain, server=server)
        tell("compressing")
        before = await asyncio.to_thread(archive.compress, plain, packed)
        plain.unlink()
        tell("restoring it to look through it")
        found = await _restored(location, packed, before, folder, server=server)
        payload = packed
        if public_key:
            tell("encrypting")
            payload = folder / "sealed"
            await asyncio.to_thread(archive.encrypt, packed, payload, public_key)
            packed.unlink()
        weight = await asyncio.to_thread(archive.weigh, payload)
        manifest = Manifest(
            format=archive.FORMAT,
            program=program,
            database=found.identity,
            dialect="sqlite" if location.path is not None else "postgresql",
            server=server,
            revision=found.revision,
            created=created.isoformat(),
            rows=found.rows,
            plain_bytes=before.size,
            plain_sha256=before.digest,
            payload=f"{'linli.db' if location.path is not None else 'linli.dump'}.gz{'.age' if public_key else ''}",
            payload_bytes=weight.size,
            payload_sha256=weight.digest,
            encrypted=bool(public_key),
            checked=BEFORE_SEALED if public_key else RESTORED,
        )
        target = directory / name_of(found.identity, created)
        tell("writing")
        await asyncio.to_thread(_write, target, manifest, payload)
    return Made(target, manifest)


async def tidy(location: Location) -> bool:
    """Let what killed processes left of backups go without making one: it is everything that the database held then.

    False when some of it is still in use, or a backup is being made. Raises BackupError, OSError or DatabaseAwayError.
    """
    try:
        with _alone(location):
            if location.path is not None:
                return True
            from storage.backup import postgres

            return await postgres.drop_left(location)
    except BusyError:
        return False


def _write(target: Path, manifest: Manifest, payload: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in target.parent.glob(f"linli-{manifest.database}-*{PART}"):
        left.unlink(missing_ok=True)
    if target.exists():
        raise BackupError(f"{target} is there already: one was made in this very second")
    archive.write(target, manifest, payload)


async def _restored(
    location: Location, packed: Path, before: archive.Weight, folder: Path, *, server: int
) -> Examined:
    """Bring the compressed copy back somewhere else and look through it."""
    again = folder / "again"
    if await asyncio.to_thread(archive.decompress, packed, again) != before:
        raise BackupError("what was compressed is not what comes out: look at this machine's memory and disk")
    try:
        if location.path is not None:
            return await asyncio.to_thread(examine_file, again)
        from storage.backup import postgres

        async with postgres.temporary(location) as place:
            await postgres.load(place, again, server=server)
            return await postgres.on_database(place, examine)
    finally:
        for ending in sqlite.BESIDE:
            again.with_name(again.name + ending).unlink(missing_ok=True)


def _parts(tell: Tell) -> Callable[[int, int], None]:
    """Tells each tenth once."""
    told = [0]

    def step(done: int, total: int) -> None:
        tenth = done * 10 // max(total, 1)
        if tenth > told[0]:
            told[0] = tenth
            tell(f"{tenth}0 % copied")

    return step


def is_whole(path: Path) -> bool:
    """Whether a file is a backup with all its bytes. That they are the right ones only reading them tells."""
    try:
        with archive.opened(path) as backup:
            return path.stat().st_size > backup.manifest.payload_bytes
    except (BackupError, OSError):
        return False


def kept(directory: Path, *, identity: str = "") -> list[Path]:
    """The finished backups in a folder, oldest first; with ``identity`` those of one database."""
    names = []
    with suppress(FileNotFoundError):
        for path in directory.iterdir():
            found = parsed(path.name)
            if found is not None and identity in ("", found[0]):
                names.append((found[1], path))
    return [path for _, path in sorted(names)]
