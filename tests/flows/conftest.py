"""What every flow has: the whole program on a fresh database, with its village settled."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.database import Location
from tests.support.program import Program, running


@pytest.fixture
async def program(location: Location) -> AsyncIterator[Program]:
    """The program, quiet; looked through for leftovers when the test has passed."""
    async with running(location) as ready:
        yield ready
