"""Builds that are wrong on purpose, to show that the campaign sees it: only the bot's process under test has them.

``mark-first`` commits that an update is done before its effect; ``send-first`` sends what an action says before the
action is committed. ``sent-first`` writes down that a copy of a notice was sent before it is, ``forgets`` keeps in mind
what was sent and writes it down when it has come to many. All behave well as long as nobody kills them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.app import LEASE
from bot.settings import Settings
from domain.base import Decision
from domain.notices.shapes import COPY
from jobs import telegram
from jobs.delivery import COMMANDS, needs_facts
from storage import inbox, receipts
from storage.cards import topic_of
from storage.engine import UnitOfWork
from storage.outbox import Leased, Sent
from storage.schema_notices import receipt
from storage.unit import LeasedBatch, Outcome, Store
from tests.crash.journal import Journal
from views.catalogue import Texts
from views.kinds import render
from views.message import Reader

T = TypeVar("T")
SENT_EARLY = "broken.sent"
"""The point between sending and committing that only ``send-first`` has."""
MARKED_UNSENT = "broken.marked"
"""The point at which ``sent-first`` has marked copies that have not left."""
SENT_UNMARKED = "broken.unmarked"
"""The point at which ``forgets`` has copies in mind that are nowhere written down."""


class MarkFirst(Store):
    """Marks the update done in a commit of its own, then does the work in another one."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._premarked: set[int] = set()
        marks = inbox.mark_done

        def mark_done(connection: Connection, update_id: int, *, now: datetime) -> bool:
            return update_id in self._premarked or marks(connection, update_id, now=now)

        inbox.mark_done = mark_done

    async def perform(self, *args: Any, **named: Any) -> Outcome:
        """The mark, and only then the action."""
        update_id = named.get("update_id")
        if update_id is not None and await self.finish(update_id, now=named["now"]):
            self._premarked.add(update_id)
        try:
            return await super().perform(*args, **named)
        finally:
            self._premarked.discard(update_id or 0)


class SendFirst(Store):
    """Sends what an action has put into the outbox while its transaction is still open."""

    texts: Texts
    address: str
    journal: Journal

    async def acquire_lease(self, *args: Any, **named: Any) -> tuple[int, datetime | None] | None:
        """As it is; the fence is remembered."""
        taken = await super().acquire_lease(*args, **named)
        self._fence = taken[0] if taken else 0
        return taken

    async def _commit(self, unit: Callable[[Connection], T]) -> T:
        def early(connection: Connection) -> T:
            inside = Store(_Inside(connection, self.dialect), rules=self.rules)
            now = datetime.now(UTC)
            before = {row.id for row in _at_once(inside.candidates(now=now))}
            result = unit(connection)
            # Only an action's unit gives a decision: what delivery and the clock commit is left as it is.
            if isinstance(result, tuple) and isinstance(result[0], Decision):
                found = _at_once(inside.candidates(now=now + timedelta(seconds=1)))
                self._send(inside, [row.id for row in found if row.id not in before], now)
                self.hooks.reached(SENT_EARLY)
            return result

        return await super()._commit(early)

    def _send(self, inside: Store, ids: list[int], now: datetime) -> None:
        if not ids:
            return
        leasing = inside.lease_rows(ids, lease=LEASE, fence=self._fence, now=now, needs_facts=needs_facts)
        batch = _at_once(leasing)
        outcomes = [self._one(row, batch, now) for row in batch.rows]
        _at_once(inside.record_sent(outcomes, fence=self._fence, now=now))

    def _one(self, row: Leased, batch: LeasedBatch, now: datetime) -> Sent:
        """Render and send one message as delivery would."""
        if row.kind == COMMANDS:
            return Sent(row, "waiting", not_before=now)
        actor = batch.readers.get(row.person_id or 0)
        reader = Reader(
            language=actor.language if actor else "zh",
            name=actor.name if actor else "",
            person_id=actor.person_id if actor else 0,
            actor=actor,
        )
        known = batch.facts.get(row.id)
        message = render(
            row.kind, row.params, known, reader=reader, rules=self.rules, texts=self.texts, now=now
        )
        if message is None:
            return Sent(row, "dropped", error="no longer true")
        if row.edit_message_id is None:
            sent = _at_once(telegram.send(self._call, row.chat_id, message))
        else:
            sent = _at_once(telegram.edit(self._call, row.chat_id, row.edit_message_id, message))
        shown = batch.wanted.get((row.chat_id, topic_of(row.kind, row.subject_id or 0)), 1)
        return Sent(row, "sent", message_id=sent, open=bool(message.keyboard), shown=shown)

    async def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        self.journal.about_to(method, params)
        return _post(f"{self.address}/{method}", params)


class _Inside:
    """An engine whose units run in a transaction that is open already."""

    def __init__(self, connection: Connection, dialect: str) -> None:
        self.dialect = dialect
        self._connection = connection

    async def write(self, unit: UnitOfWork[T], /) -> T:
        return unit(self._connection)

    async def read(self, unit: UnitOfWork[T], /) -> T:
        return unit(self._connection)

    async def close(self) -> None:
        """Whoever opened the transaction ends it."""


class SentFirst(Store):
    """Marks copies as sent with their lease, and adds afterwards under which number."""

    async def lease_rows(self, *args: Any, **named: Any) -> LeasedBatch:
        """As it is, and then as if they had left."""
        batch = await super().lease_rows(*args, **named)
        marks = [Sent(row, "sent") for row in batch.rows if row.kind == COPY]
        if marks:
            await super().record_sent(marks, fence=named["fence"], now=named["now"])
            self.hooks.reached(MARKED_UNSENT)
        return batch

    async def record_sent(self, outcomes: Sequence[Sent], *, fence: int, now: datetime) -> None:
        """What really became of them, without anybody looking whether it is still to be written down."""

        def unit(connection: Connection) -> None:
            for item in outcomes:
                if item.row.kind == COPY:
                    mine = (receipt.c.notice_id == item.row.subject_id) & (
                        receipt.c.person_id == item.row.person_id
                    )
                    state = "unreachable" if item.unreachable else "sent"
                    connection.execute(
                        receipt.update().where(mine).values(state=state, message_id=item.message_id)
                    )
                    if item.unreachable:
                        receipts.count(connection, item.row.subject_id or 0, sent=-1, unreachable=1)

        await super().record_sent(outcomes, fence=fence, now=now)
        await self._commit(unit)


class Forgets(Store):
    """Remembers what was sent, and writes it down once it is much or a while has passed."""

    MANY, SECONDS = 48, 0.3

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._kept: list[Sent] = []
        self._fence = 0
        self._later: asyncio.Task[None] | None = None

    async def record_sent(self, outcomes: Sequence[Sent], *, fence: int, now: datetime) -> None:
        """Not now."""
        self._kept += outcomes
        self._fence = fence
        if len(self._kept) >= self.MANY:
            self.hooks.reached(SENT_UNMARKED)
            await self._write_down()
        elif self._later is None or self._later.done():
            self._later = asyncio.create_task(self._in_a_while())

    async def _in_a_while(self) -> None:
        await asyncio.sleep(self.SECONDS)
        await self._write_down()

    async def _write_down(self) -> None:
        kept, self._kept = self._kept, []
        if kept:
            await super().record_sent(kept, fence=self._fence, now=datetime.now(UTC))


def _post(address: str, params: Mapping[str, Any]) -> Any:
    """Call the sandbox and wait, right where the transaction is: in the writer's thread, or under its greenlet."""
    host, _, path = address.removeprefix("http://").partition("/")
    connection = HTTPConnection(host)
    try:
        connection.request("POST", f"/{path}", json.dumps(params), {"Content-Type": "application/json"})
        answer = json.load(connection.getresponse())
    finally:
        connection.close()
    # An edit that changes nothing is refused; to this build that is as good as done.
    return answer.get("result", {"message_id": params.get("message_id", 0)})


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait."""
    try:
        work.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    raise RuntimeError("it had to wait")


def _send_first(settings: Settings, kept: Journal) -> Callable[..., Store]:
    class Build(SendFirst):
        texts = Texts.load()
        address = f"{settings.telegram.base_url}/bot{settings.telegram.token.get_secret_value()}"
        journal = kept

    return Build


BUILDS: Mapping[str, Callable[[Settings, Journal], Callable[..., Store]]] = {
    "": lambda settings, journal: Store,
    "mark-first": lambda settings, journal: MarkFirst,
    "send-first": _send_first,
    "sent-first": lambda settings, journal: SentFirst,
    "forgets": lambda settings, journal: Forgets,
}
"""Which store a build has, by its name; the empty name is the honest one."""
