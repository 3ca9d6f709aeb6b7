"""What goes wrong on purpose. The same plan and the same calls give the same faults, whatever the order between methods.

Decides only; cutting a connection or waiting is the server's work.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from sandbox.world import Json

# In the order in which a draw is held against them; a call meets at most one.
KINDS = ("cut", "too_many", "server_error", "drop", "malformed", "delay")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault at the `nth` call (from 1) of `method`, or of all but getUpdates when that is None.

    cut: the connection ends before the call is accepted; too_many: 429; server_error: 502, not accepted;
    drop: accepted, then the connection ends; malformed: accepted, the answer is no JSON; delay: accepted, the answer
    comes `seconds` late. `seconds` is the retry_after of a 429.
    """

    kind: str
    nth: int = 1
    method: str | None = None
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Probabilities (0 to 1) per call and per update, and a list of certain faults.

    `methods` are those the probabilities concern; None is all but getUpdates. `duplicate`: an update is handed out once
    again later; `reorder`: a batch of updates is shuffled (a webhook knows only duplicates: it has an order per chat).
    """

    seed: int = 0
    cut: float = 0.0
    too_many: float = 0.0
    server_error: float = 0.0
    drop: float = 0.0
    malformed: float = 0.0
    delay: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay_seconds: float = 0.5
    retry_after: int = 1
    methods: tuple[str, ...] | None = None
    script: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        for fault in self.script:
            if fault.kind not in KINDS:
                raise ValueError(f"unknown fault {fault.kind!r}: one of {', '.join(KINDS)}")

    @classmethod
    def from_json(cls, body: Json) -> FaultPlan:
        """Raises ValueError for an unknown field or a wrong shape."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(body) - known)
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}: one of {', '.join(sorted(known))}")
        values = dict(body)
        try:
            values["script"] = tuple(Fault(**fault) for fault in body.get("script", ()))
        except TypeError as error:
            raise ValueError(f"script: {error}") from None
        if body.get("methods") is not None:
            values["methods"] = tuple(body["methods"])
        return cls(**values)

    def to_json(self) -> Json:
        return asdict(self)


class Faults:
    """The plan in force, and how far the calls have come in it."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._dead_until = 0.0
        self.set(FaultPlan())

    def set(self, plan: FaultPlan) -> None:
        self.plan = plan
        self._calls: Counter[str] = Counter()
        self._scripted = bool(plan.script)
        self._drawn = any(getattr(plan, kind) for kind in KINDS)
        self._for_updates = bool(plan.duplicate or plan.reorder)
        self._batches = 0
        self._again: list[Json] = []

    def die(self, seconds: float) -> None:
        """No call is answered for so long by the clock; connections are cut."""
        self._dead_until = self._clock() + seconds

    @property
    def dead(self) -> bool:
        return self._clock() < self._dead_until

    def next(self, method: str) -> Fault | None:
        """The fault that this call of `method` meets."""
        if not (self._scripted or self._drawn):
            return None
        self._calls[method] += 1
        if method != "getUpdates":
            self._calls["*"] += (
                1  # polls come as often as they like: they would make every other number uncertain
            )
        for fault in self.plan.script:
            wanted = fault.method or ("" if method == "getUpdates" else "*")
            if wanted in ("*", method) and self._calls[wanted] == fault.nth:
                return fault
        return self._draw(method) if self._drawn else None

    def _draw(self, method: str) -> Fault | None:
        plan = self.plan
        if method not in plan.methods if plan.methods is not None else method == "getUpdates":
            return None
        # Per method and number, so that calls side by side do not change each other's luck.
        draw = random.Random(f"{plan.seed}:{method}:{self._calls[method]}").random()  # noqa: S311
        for kind in KINDS:
            chance: float = getattr(plan, kind)
            if draw < chance:
                seconds = float(plan.retry_after) if kind == "too_many" else plan.delay_seconds
                return Fault(kind, self._calls[method], method, seconds)
            draw -= chance
        return None

    def copies(self, update: Json) -> int:
        """How often a webhook is to be told of this update."""
        return 2 if self._repeats(update) else 1

    def batch(self, updates: list[Json]) -> list[Json]:
        """A batch for getUpdates as the plan spoils it; an update to be repeated comes again in the next one."""
        if not self._for_updates:
            return updates
        again, self._again = self._again, [update for update in updates if self._repeats(update)]
        spoiled = [*again, *updates]
        self._batches += 1
        luck = random.Random(f"{self.plan.seed}:batch:{self._batches}")  # noqa: S311
        if luck.random() < self.plan.reorder:
            luck.shuffle(spoiled)
        return spoiled

    @property
    def has_more(self) -> bool:
        """There is something to hand out again."""
        return bool(self._again)

    def _repeats(self, update: Json) -> bool:
        luck = random.Random(f"{self.plan.seed}:again:{update['update_id']}")  # noqa: S311
        return luck.random() < self.plan.duplicate

    def state(self) -> dict[str, Any]:
        return {**self.plan.to_json(), "dead": self.dead}
