"""What the Bot API side accepted and refused, in order: the judge in tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sandbox.methods import Upload
from sandbox.world import Json


@dataclass(slots=True)
class CallRecord:
    """One call. `outcome` "ok" means Telegram did it, also when a fault kept the answer from the bot.

    `n` counts from 1, `at` is the clock's time, `result_message_id` that of the (first) message sent or edited.
    """

    n: int
    at: float
    method: str
    params: Json
    outcome: str = "ok"
    error_code: int | None = None
    description: str | None = None
    result_message_id: int | None = None
    chat_id: int | None = None
    fault: str | None = None

    def to_json(self) -> Json:
        return asdict(self)


class Record:
    """The calls, newest last; beyond `limit` the oldest go, so that a sandbox may run for weeks."""

    def __init__(self, *, limit: int = 200_000) -> None:
        self.calls: list[CallRecord] = []
        self._limit = limit
        self._n = 0

    def add(self, *, at: float, method: str, params: dict[str, Any]) -> CallRecord:
        self._n += 1
        call = CallRecord(n=self._n, at=at, method=method, params=params)
        self.calls.append(call)
        if len(self.calls) > self._limit:
            del self.calls[: self._limit // 10]
        return call

    def after(self, n: int) -> list[CallRecord]:
        """Calls with a number above `n`."""
        first = self.calls[0].n if self.calls else 1
        return self.calls[max(n - first + 1, 0) :]


def shown(params: dict[str, Any]) -> Json:
    """A call's parameters as they stand in the record: files by name and size only."""
    return {
        name: f"<{value.name}, {len(value.content)} bytes>" if isinstance(value, Upload) else value
        for name, value in params.items()
    }
