"""One writing process for each SQLite file: a lock beside the database, held as long as the process lives.

The lock is the operating system's (``flock``), so a kill lets go of it at once and nothing stale is left to clean up.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType


class DatabaseInUseError(Exception):
    """Another process writes this database. ``pid`` is what it wrote into the lock file, if it could be read."""

    def __init__(self, path: Path, pid: str) -> None:
        super().__init__(f"{path} is in use by another Linli (process {pid or 'unknown'})")
        self.path = path
        self.pid = pid


class WriterLock:
    """The right to write one SQLite file. A context manager; ``acquire`` raises DatabaseInUseError."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise DatabaseInUseError(self.database, pid) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go. Calling it again changes nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> WriterLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
