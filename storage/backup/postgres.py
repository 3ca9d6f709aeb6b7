"""Copying a PostgreSQL database with its own tools, and putting one in another's place.

``pg_dump`` and ``pg_restore`` are found on PATH, else where Debian puts them; passwords go by the environment.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, Connection, text

from storage.backup.archive import BackupError
from storage.database import Location, on_postgres
from storage.engine import DatabaseAwayError

T = TypeVar("T")

DEBIAN = Path("/usr/lib/postgresql")
MAINTENANCE = ("postgres", "template1")
"""Databases that every server has: another one cannot be made or renamed from within itself."""
LONGEST_NAME = 63
CHECK = "check_"
"""How the names of temporary databases end, after that of the database they are a copy of and before what is drawn."""
CHECK_BYTES = 4


def _tools(name: str) -> list[Path]:
    on_path = shutil.which(name)
    installed = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True)
    return [*([Path(on_path)] if on_path else []), *installed]


async def tool(name: str, *, server: int) -> Path:
    """The program ``name`` of the server's major version or a newer one. Raises BackupError."""
    seen: list[int] = []
    for path in _tools(name):
        found = re.search(r"\) (\d+)", await _run(path, "--version", environment={}))
        if found is None:
            continue
        if int(found[1]) >= server:
            return path
        seen.append(int(found[1]))
    if seen:
        raise BackupError(
            f"{name} {max(seen)} is older than the server, which is PostgreSQL {server}: install "
            f"postgresql-client-{server} and let it come first on PATH"
        )
    raise BackupError(f"{name} is not there: install postgresql-client-{server}, or put it on PATH")


async def _run(program: Path, *arguments: str, environment: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        told, complained = await process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode:
        lines = complained.decode("utf-8", "replace").strip().splitlines()
        raise BackupError(f"{program.name} did not succeed: {lines[0] if lines else process.returncode}")
    return told.decode("utf-8", "replace")


def _environment(url: URL) -> dict[str, str]:
    """How the tools reach the database: never by arguments, which anybody on the machine can read."""
    known = {
        "PGHOST": url.host or _one(url, "host"),
        "PGPORT": str(url.port or _one(url, "port") or ""),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": _one(url, "sslmode") or _one(url, "ssl"),
    }
    return {name: str(value) for name, value in known.items() if value}


def _one(url: URL, name: str) -> str:
    value = url.query.get(name, "")
    return value if isinstance(value, str) else value[0]


async def server_version(location: Location) -> int:
    """The server's major version. Raises DatabaseAwayError."""

    def asked(connection: Connection) -> int:
        return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000

    return await on_database(location, asked)


async def on_database(location: Location, work: Callable[[Connection], T]) -> T:
    """Run ``work`` in one transaction that sees one moment. Raises DatabaseAwayError."""
    return await on_postgres(location.url, work, isolation="REPEATABLE READ")


async def dump(location: Location, target: Path, *, server: int) -> None:
    """Write the database as it is at this moment into a file, uncompressed. Raises BackupError."""
    program = await tool("pg_dump", server=server)
    options = ("--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--no-password")
    await _run(program, *options, f"--file={target}", environment=_environment(location.url))


async def load(location: Location, source: Path, *, server: int) -> None:
    """Fill an empty database from what ``dump`` wrote. Raises BackupError."""
    program = await tool("pg_restore", server=server)
    options = ("--no-owner", "--no-privileges", "--no-password", "--exit-on-error", "--single-transaction")
    await _run(
        program,
        *options,
        f"--dbname={location.url.database}",
        str(source),
        environment=_environment(location.url),
    )


# --- whole databases ------------------------------------------------------------------------------------------------------


def beside(location: Location, ending: str) -> Location:
    """Another database of the same server, named after this one."""
    name = f"{(location.url.database or '')[: LONGEST_NAME - len(ending) - 1]}_{ending}"
    return Location(location.url.set(database=name), None)


@asynccontextmanager
async def temporary(location: Location) -> AsyncIterator[Location]:
    """An empty database for as long as it is needed. Raises BackupError when this user may not make one."""
    made = beside(location, f"{CHECK}{secrets.token_hex(CHECK_BYTES)}")
    await create(made)
    try:
        yield made
    finally:
        await drop(made)


async def drop_left(location: Location) -> bool:
    """Remove what ``temporary`` made in processes that were killed. False when somebody is still connected to one: a
    tool that has outlived its process, or a backup that is made from another machine. Raises BackupError."""

    async def work(server: Any) -> bool:
        names = [row[0] for row in await server.fetch("SELECT datname FROM pg_database")]
        gone = True
        for name in names:
            left = Location(location.url.set(database=name), None)
            ending = name.rpartition(CHECK)[2]
            if len(ending) == 2 * CHECK_BYTES and beside(location, CHECK + ending) == left:
                try:
                    await server.execute(f"DROP DATABASE IF EXISTS {_quoted(left)}")
                except asyncpg.ObjectInUseError:
                    gone = False
        return gone

    return bool(await _on_server(location, work))


async def create(location: Location) -> None:
    """Make an empty database. Raises BackupError."""
    await _say(location, f"CREATE DATABASE {_quoted(location)} TEMPLATE template0")


async def drop(location: Location) -> None:
    """Remove a database, if it is there."""
    await _say(location, f"DROP DATABASE IF EXISTS {_quoted(location)} WITH (FORCE)")


def maintenance(location: Location) -> Location:
    """A database that the same server has in any case."""
    return Location(location.url.set(database=MAINTENANCE[0]), None)


async def exists(location: Location) -> bool:
    """Whether there is a database of this name."""
    found = await _on_server(
        location,
        lambda server: server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", location.url.database),
    )
    return found is not None


async def swap(fresh: Location, place: Location, *, aside: Location) -> None:
    """Put ``fresh`` in the place of ``place``, which is kept as ``aside``, in one commit. Raises BackupError."""
    there = await exists(place)

    async def work(server: Any) -> None:
        async with server.transaction():
            if there:
                await server.execute(f"ALTER DATABASE {_quoted(place)} RENAME TO {_quoted(aside)}")
            await server.execute(f"ALTER DATABASE {_quoted(fresh)} RENAME TO {_quoted(place)}")

    await _on_server(place, work)


def _quoted(location: Location) -> str:
    return '"' + (location.url.database or "").replace('"', '""') + '"'


async def _say(location: Location, statement: str) -> None:
    await _on_server(location, lambda server: server.execute(statement))


async def _on_server(location: Location, work: Callable[[Any], Any]) -> Any:
    server = await _maintenance(location)
    try:
        return await work(server)
    except asyncpg.InsufficientPrivilegeError as error:
        raise BackupError(
            f"the database's user may not do this: {error}. Let an administrator of the server say "
            f"ALTER ROLE {location.url.username or '…'} CREATEDB"
        ) from error
    except asyncpg.ObjectInUseError as error:
        raise BackupError(
            f"somebody is connected to the database: {error}. Stop what uses it and try again."
        ) from error
    except asyncpg.PostgresError as error:
        raise BackupError(f"the database server refuses: {error}") from error
    finally:
        await server.close()


async def _maintenance(location: Location) -> Any:
    failure: Exception | None = None
    for name in MAINTENANCE:
        url = location.url.set(database=name).render_as_string(hide_password=False)
        try:
            return await asyncpg.connect(url, timeout=10)
        except asyncpg.PostgresError as error:
            failure = error
        except (OSError, TimeoutError) as error:
            raise DatabaseAwayError(f"the database server cannot be reached: {error}") from error
    raise BackupError(f"no database of the server can be entered to make another one: {failure}")
