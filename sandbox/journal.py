"""Tables of JSON values in memory, and the append-only file that lets them survive a kill.

Knows nothing of what the tables hold. A value is replaced, never changed in place: the caller puts a new one.
All changes between two commits become one line of the file, so that an act is either wholly there after a kill or
not at all. The line reaches the operating system before `commit` returns; it is not forced to the disk, because the
sandbox promises to survive a killed process, not a power cut.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

Key: TypeAlias = int | str


class Tables:
    """Named tables, each a dict in the order of first insertion.

    `path` None keeps everything in memory and costs nothing per change. Raises OSError when the file cannot be
    read or written, ValueError when a line other than a torn last one is not a journal line.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._tables: dict[str, dict[Key, Any]] = {}
        self._pending: list[tuple[Any, ...]] = []
        self._file: BinaryIO | None = None
        if path is not None:
            self._load(path)
            self._file = self._compact(path)

    def table(self, name: str) -> dict[Key, Any]:
        """The live table; to be read only."""
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = {}
        return found

    def names(self) -> list[str]:
        return list(self._tables)

    def put(self, name: str, key: Key, value: Any) -> None:
        self.table(name)[key] = value
        if self._file is not None:
            self._pending.append((name, key, value))

    def drop(self, name: str, key: Key) -> None:
        if self.table(name).pop(key, None) is not None and self._file is not None:
            self._pending.append((name, key))

    def commit(self) -> None:
        """Write what changed since the last commit as one line."""
        if self._pending and self._file is not None:
            changes, self._pending = self._pending, []
            self._file.write(_line(changes))

    def close(self) -> None:
        self.commit()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                # A kill in the middle of a write leaves a last line without its end: that act did not happen.
                if not line.endswith(b"\n"):
                    break
                try:
                    changes = json.loads(line)
                except ValueError as error:
                    raise ValueError(f"{path}, line {number}: not a journal line ({error})") from error
                for change in changes:
                    self._apply(change)

    def _apply(self, change: list[Any]) -> None:
        if len(change) == 2:
            self.table(change[0]).pop(change[1], None)
        else:
            self.table(change[0])[change[1]] = change[2]

    def _compact(self, path: Path) -> BinaryIO:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        with fresh.open("wb") as file:
            for name, rows in self._tables.items():
                for key, value in rows.items():
                    file.write(_line([(name, key, value)]))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        return path.open("ab", buffering=0)


def _line(changes: list[tuple[Any, ...]]) -> bytes:
    return json.dumps(changes, separators=(",", ":")).encode() + b"\n"
