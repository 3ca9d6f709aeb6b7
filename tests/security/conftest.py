"""What the attacks of a single kind have: the whole program on a fresh database, its village settled."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.database import Location
from tests.support.program import Program, running


@pytest.fixture
async def program(location: Location) -> AsyncIterator[Program]:
    """The program, quiet."""
    async with running(location, checked=False) as ready:
        yield ready
