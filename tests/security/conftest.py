"""What the attacks of a single kind have: the whole program on a fresh database, its village settled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from storage.database import Location
from tests.fuzz.silence import unlogged
from tests.support.program import Program, running


@pytest.fixture
def _unlogged() -> Iterator[None]:
    with unlogged():
        yield


@pytest.fixture
async def program(location: Location, _unlogged: None) -> AsyncIterator[Program]:
    """The program, quiet."""
    async with running(location, checked=False) as ready:
        yield ready
