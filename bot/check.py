"""`linli check`: what an operator wants to know before the start, or when something is odd.

Knows what is looked at and how a finding reads. How the database and Telegram are asked comes in as probes, so that
this file needs neither; nothing here changes anything. A finding is ok, a warning, or a failure with its mend.
"""

import asyncio
import importlib.metadata
import os
import shutil
import sqlite3
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from bot.calendars import calendars
from bot.redact import Redactor
from bot.settings import Settings, SettingsError
from domain.backup import parsed
from storage.backup.making import is_whole, kept

GIBIBYTE = 1024**3
MEGABYTE = 1024**2
STALE = timedelta(days=2)
"""A backup older than this is worth a word: one night was missed for certain."""
DISK_FAILURE = 100 * 1024**2

Version = tuple[int, ...]

# https://sqlite.org/wal.html#walresetbug: two or more connections that write or checkpoint can corrupt a WAL database.
_WAL_BUG_FROM: Version = (3, 7, 0)
_WAL_BUG_MENDED: Version = (3, 51, 3)
_WAL_BUG_BACKPORTS: tuple[Version, ...] = ((3, 50, 7), (3, 44, 6))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `ok` is True, False (a failure) or None (a warning); `mend` is empty when it is True."""

    name: str
    ok: bool | None
    text: str
    mend: str = ""


class ProbeFailed(Exception):
    """A probe found what is wrong and knows the mend. Any other exception is told by its kind and text."""

    def __init__(self, text: str, *, mend: str) -> None:
        super().__init__(text)
        self.mend = mend


Probe = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Probes:
    """How the world is asked. `database` and `telegram` return what they found in words ("revision 0007, current";
    "@linli_bot") or raise; the rest is this machine, given here so that a test can be another one.
    """

    database: Probe
    telegram: Probe
    sqlite_version: Version = sqlite3.sqlite_version_info
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    timeout_seconds: float = 15.0


async def check(
    settings: Settings, probes: Probes, *, config: Path | None = None, sources: Sequence[str] = ()
) -> list[Finding]:
    """Look at everything, in the order an operator would; never raises for what it finds.

    `config` is the settings' file, if one was read; `sources` is what `bot.settings.sources` says.
    """
    redact = Redactor(settings.secrets())
    database, telegram = await asyncio.gather(
        _probe("database", probes.database, probes, mend="Look at database.url and whether the server runs."),
        _probe(
            "telegram",
            probes.telegram,
            probes,
            mend="Look at telegram.token, base_url, proxy, and the network.",
        ),
    )
    findings = [
        Finding(
            "settings",
            True,
            "from " + ", ".join(sources) if sources else "all defaults: no file, no variables",
        ),
        database,
        _sqlite(settings, probes.sqlite_version),
        telegram,
        _time_zone(settings.community.time_zone, probes.now()),
        _calendar(settings, probes.now()),
        _disk(
            "disk", _data_folder(settings), probes.free_bytes, warn=settings.backup.warn_free_mb * MEGABYTE
        ),
        *_backups(settings, probes),
        *_file_modes(settings, config),
    ]
    return [Finding(found.name, found.ok, redact(found.text), redact(found.mend)) for found in findings]


def render(findings: Sequence[Finding]) -> str:
    """The findings as lines of aligned text, each mend below its finding."""
    width = max((len(found.name) for found in findings), default=0)
    lines = []
    for found in findings:
        word = {True: "ok", None: "WARNING", False: "FAILED"}[found.ok]
        lines.append(f"{word:<7}  {found.name:<{width}}  {found.text}")
        if found.mend:
            lines.append(f"{'':<7}  {'':<{width}}  -> {found.mend}")
    return "\n".join(lines)


def exit_code(findings: Sequence[Finding]) -> int:
    """1 when anything failed, else 0: a warning does not keep the program from starting."""
    return int(any(found.ok is False for found in findings))


async def _probe(name: str, probe: Probe, probes: Probes, *, mend: str) -> Finding:
    try:
        async with asyncio.timeout(probes.timeout_seconds):
            return Finding(name, True, await probe())
    except ProbeFailed as failed:
        return Finding(name, False, str(failed), failed.mend)
    except TimeoutError:
        return Finding(name, False, f"no answer within {probes.timeout_seconds:g} s", mend)
    except Exception as error:  # a probe may fail in any way; each is a finding, not the end of the check
        return Finding(name, False, f"{type(error).__name__}: {error}", mend)


def _sqlite(settings: Settings, version: Version) -> Finding:
    written = ".".join(map(str, version))
    if settings.database.url.sqlite_path is None:
        return Finding("sqlite", True, f"library {written}, not used: the database is PostgreSQL")
    if has_wal_bug(version):
        return Finding(
            "sqlite",
            None,
            f"library {written} can corrupt a WAL database that two connections write; Linli writes with one",
            "Let no other program write the file. SQLite 3.51.3 (or 3.50.7, 3.44.6) has it mended.",
        )
    return Finding("sqlite", True, f"library {written}")


def has_wal_bug(version: Version) -> bool:
    """Whether SQLite `version` (major, minor, patch) has the WAL-reset bug; the branches 3.50 and 3.44 got the mend."""
    if any(version[:2] == mended[:2] and version >= mended for mended in _WAL_BUG_BACKPORTS):
        return False
    return _WAL_BUG_FROM <= version < _WAL_BUG_MENDED


def _time_zone(name: str, now: datetime) -> Finding:
    try:
        offset = now.astimezone(ZoneInfo(name)).strftime("%z")
    except (OSError, ValueError, KeyError) as error:
        return Finding(
            "time zone", False, f"{name}: {error}", "Install the package tzdata, or mend time_zone."
        )
    on_system = any((Path(folder) / name).is_file() for folder in TZPATH)
    return Finding("time zone", True, f"{name}, now UTC{offset}, from {_zone_data(on_system=on_system)}")


def _calendar(settings: Settings, now: datetime) -> Finding:
    try:
        found = calendars(settings.community, today=now.date())[settings.community.calendar]
    except SettingsError as error:
        return Finding("calendar", False, str(error), "The start would stop here too.")
    days = (
        f"{len(found.off)} days off and {len(found.work)} made up for from {now.year - 1} to {now.year + 1}"
    )
    return Finding("calendar", True, f"{settings.community.calendar or 'weekends only'}, {days}")


def _zone_data(*, on_system: bool) -> str:
    package = f"tzdata {importlib.metadata.version('tzdata')}"
    return f"the system's zones (not the package {package})" if on_system else f"the package {package}"


def _data_folder(settings: Settings) -> Path:
    """Where the data grows: the SQLite file's folder, or with PostgreSQL the current one (exports, sandbox)."""
    file = settings.database.url.sqlite_path
    return file.parent if file is not None else Path()


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there: where it would be made."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return there


def _disk(name: str, folder: Path, free_bytes: Callable[[Path], int], *, warn: int) -> Finding:
    there = _existing(folder)
    try:
        free = free_bytes(there)
    except OSError as error:
        return Finding(
            name, False, f"{there}: {error.strerror or error}", "Look at the folder and its rights."
        )
    text = f"{free / GIBIBYTE:.1f} GiB left at {there}"
    if free < DISK_FAILURE:
        return Finding(name, False, text, "Free some space first: a full disk stops the bot.")
    if free < warn:
        return Finding(name, None, text, "Free some space soon.")
    return Finding(name, True, text)


def _backups(settings: Settings, probes: Probes) -> Iterator[Finding]:
    """The newest backup, whatever database it is of, and room for the next."""
    if not settings.telegram.token.get_secret_value():
        yield Finding("backups", True, "none: the sandbox is for play")
        return
    if not settings.backup.directory:
        yield Finding(
            "backups", None, "none are made at night", "Set backup.directory, best on another disk."
        )
        return
    directory = Path(settings.backup.directory)
    try:
        whole = [path for path in kept(directory) if is_whole(path)]
    except OSError as error:
        reason = error.strerror or str(error)
        yield Finding("backups", False, f"{directory}: {reason}", "Give the folder to the bot's user.")
        return
    made = [found[1] for path in whole if (found := parsed(path.name)) is not None]
    if not made:
        yield Finding(
            "backups",
            None,
            f"none in {directory} yet",
            "The bot makes one each night; linli backup makes one now.",
        )
    else:
        age = probes.now() - max(made)
        text = f"{len(made)} in {directory}, the newest of {max(made):%Y-%m-%d %H:%M} UTC"
        stale = age > STALE
        yield Finding(
            "backups",
            None if stale else True,
            text,
            "linli backup says why there is no newer one." if stale else "",
        )
    yield _disk("backup disk", directory, probes.free_bytes, warn=settings.backup.warn_free_mb * MEGABYTE)


def _file_modes(settings: Settings, config: Path | None) -> Iterator[Finding]:
    if os.name != "posix":
        return
    holds_secrets = any(settings.secrets())
    secret_files = [config] if config is not None and holds_secrets else []
    database = settings.database.url.sqlite_path
    if database is not None:
        folder = _existing(database.parent)
        if not os.access(folder, os.W_OK | os.X_OK):
            yield Finding(
                "files", False, f"{folder} cannot be written", f"Give it to the bot's user: chown … {folder}"
            )
            return
        secret_files += [database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm")]
    open_files = [file for file in secret_files if _others_may_use(file)]
    if not open_files:
        yield Finding(
            "files", True, "what holds secrets and people's data is readable by the bot's user only"
        )
    for file in open_files:
        mode = stat.filemode(file.stat().st_mode)
        yield Finding("files", None, f"{file} is open to other users ({mode})", f"chmod 600 {file}")


def _others_may_use(file: Path) -> bool:
    """Whether any user but the owner may read or write it; a folder closed to others closes what is in it."""
    if not file.exists() or not file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return False
    return bool(file.absolute().parent.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH))
