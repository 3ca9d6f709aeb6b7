"""Who was forgotten and when, kept outside the database too: a restored copy must not bring them back.

One line each, "<database> <instant> <person> .", only ever appended, in every place given (beside the database, and where the
backups are: what one lost disk takes, the other still has). Ids of nobody any more, and no words.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

NAME = "linli-erasures.log"


class ErasureLog:
    """The log in its places. Places that cannot be read are empty; writing raises OSError."""

    def __init__(self, places: Iterable[Path]) -> None:
        self.places = tuple(dict.fromkeys(place.absolute() for place in places))

    def known(self, identity: str) -> dict[int, datetime]:
        """Everybody of one database who was forgotten, from all places together."""
        found: dict[int, datetime] = {}
        for place in self.places:
            found |= _read(place / NAME, identity)
        return found

    def add(self, identity: str, forgotten: Mapping[int, datetime]) -> int:
        """Write down who is not written down yet, in each place. Returns how many lines were new anywhere."""
        most = 0
        for place in self.places:
            file = place / NAME
            known = _read(file, identity)
            lines = [
                f"{identity} {at.isoformat()} {person_id} .\n"
                for person_id, at in sorted(forgotten.items())
                if person_id not in known
            ]
            if lines:
                _append(file, lines)
            most = max(most, len(lines))
        return most


def _read(file: Path, identity: str) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    try:
        lines = file.read_text("ascii", "replace").splitlines()
    except OSError:
        return found
    for line in lines:
        # The point tells a whole line: one cut short by a power cut could end in half a number, somebody else's.
        try:
            database, at, person_id, end = line.split()
            if database == identity and end == ".":
                found[int(person_id)] = datetime.fromisoformat(at)
        except ValueError:
            continue
    return found


def _append(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            lines = ["\n", *lines]
        os.write(descriptor, "".join(lines).encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
