"""One process writes one SQLite file; the lock dies with its holder, however that dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import storage
from storage.lockfile import DatabaseInUseError, WriterLock

HOLDER = """
import sys
from pathlib import Path
from storage.lockfile import WriterLock
with WriterLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database_file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "linli.db"


@pytest.fixture
def holder(database_file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(storage.__file__).parent.parent,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_and_told_who_is_first(
    holder: subprocess.Popen[str], database_file: Path
) -> None:
    for _ in range(2):
        with pytest.raises(DatabaseInUseError) as refused:
            WriterLock(database_file).acquire()
        assert refused.value.pid == str(holder.pid)
        assert str(holder.pid) in str(refused.value)
        assert str(database_file) in str(refused.value)


def test_a_killed_holder_leaves_the_way_free(holder: subprocess.Popen[str], database_file: Path) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)
    with WriterLock(database_file) as lock:
        assert lock.path.read_text() == str(os.getpid())
        with pytest.raises(DatabaseInUseError) as refused:
            WriterLock(database_file).acquire()
        assert refused.value.pid == str(os.getpid())


def test_a_released_lock_can_be_taken_again_and_released_twice(database_file: Path) -> None:
    lock = WriterLock(database_file)
    for _ in range(2):
        lock.acquire()
        lock.release()
        lock.release()
    with WriterLock(database_file):
        pass


def test_two_databases_have_two_locks(database_file: Path) -> None:
    with WriterLock(database_file), WriterLock(database_file.with_name("other.db")):
        pass


def test_others_on_the_machine_cannot_read_the_lock_file(database_file: Path) -> None:
    with WriterLock(database_file) as lock:
        assert lock.path.stat().st_mode & 0o777 == 0o600
