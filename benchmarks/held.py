"""The store, and how long each of its units of work held the writer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from storage.engine import Engine
from storage.unit import Store

T = TypeVar("T")


class Held(Store):
    """``holds``: (seconds since the epoch at which it began, seconds it took) of each unit that writes."""

    def __init__(self, engine: Engine, **named: Any) -> None:
        super().__init__(engine, **named)
        self.holds: list[tuple[float, float]] = []
        writes = engine.write

        async def write(unit: Callable[[Connection], T]) -> T:
            def held(connection: Connection) -> T:
                at, begun = time.time(), time.perf_counter()
                try:
                    return unit(connection)
                finally:
                    self.holds.append((at, time.perf_counter() - begun))

            return await writes(held)

        engine.write = write  # type: ignore[method-assign] # timed on the way
