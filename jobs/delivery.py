"""Delivery: rows of the outbox leave through the limiter's lanes and are recorded.

Rows are leased, at most ``in_flight`` at a time, rendered in the reader's language at that moment, and dropped if no
longer true. A row keeps its slot until its outcome is committed, so a kill repeats at most ``in_flight`` messages.
Delivery is woken after a commit; looking by the clock is only the net under it.

Knows nothing of SQL and nothing of what a message says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Protocol

import structlog
from telegram.error import BadRequest, TelegramError

from domain.base import OLDER_COPY, Actor
from domain.lanes import Lane
from domain.notices.shapes import GONE, OF_NOTICES
from domain.permissions import commands_for
from domain.rulebook import Rulebook
from jobs import telegram
from jobs.classify import (
    AsGoodAsDone,
    Drop,
    Fatal,
    Migrate,
    PostAnew,
    RetryAt,
    Unknown,
    Unreachable,
    classify,
)
from jobs.spacing import spaced
from jobs.telegram import Call
from storage.cards import topic_of
from storage.engine import DatabaseAwayError
from storage.outbox import Candidate, Leased, Sent
from storage.unit import LeasedBatch, Store
from views.catalogue import Texts
from views.kinds import KINDS, render
from views.message import Message, OnUnknown, Reader

log = structlog.get_logger(__name__)

COMMANDS = "commands"
"""A row of this kind sets a person's menu of commands instead of sending a message."""

MAX_ATTEMPTS = 20
LONGEST_BACK_OFF = 120
"""Seconds. Together: what nobody knows the fate of is tried for half an hour, which outlives most outages."""
LOOK_SECONDS = 1.0
CANDIDATES = 64
COPIES_TOLD = 25
"""After so many copies of notices their walks are looked at: for each one it would cost the pace."""


class Limiter(Protocol):
    """What delivery asks of the limiter."""

    def try_acquire(self, chat_id: int, *, lane: Lane, is_group: bool) -> float:
        """0.0: it may leave now and is counted; else after how many seconds to ask again."""
        ...

    def frozen(self, chat_id: int, seconds: float) -> None:
        """Telegram asked for silence."""
        ...


@dataclass(slots=True)
class Observer:
    """What is measured. ``fatal`` hears of a token that no longer works, ``copies`` that some copies of notices have left, or
    the last of them."""

    sent: Callable[[float, Lane], None] = lambda seconds, lane: None
    limited: Callable[[], None] = lambda: None
    fatal: Callable[[str], None] = lambda reason: None
    copies: Callable[[], None] = lambda: None


def needs_facts(kind: str) -> bool:
    """Whether the view of this kind asks the store what is true when the message leaves."""
    found = KINDS.get(kind)
    return found is not None and found.facts


def with_the_lease(kind: str) -> bool:
    """Whether that is asked in the lease's own unit of work: what takes long to find would hold everybody up there."""
    found = KINDS.get(kind)
    return found is not None and found.facts and not found.beside


def resends(kind: str) -> bool:
    """Whether a message of this kind that may have arrived is sent again rather than left to somebody."""
    found = KINDS.get(kind)
    return found is None or found.on_unknown is OnUnknown.RESEND


class Delivery:
    """Runs until cancelled. ``wake`` may be called at any time from the loop's own thread."""

    def __init__(
        self,
        store: Store,
        call: Call,
        *,
        call_in_bulk: Call | None = None,
        limiter: Limiter,
        texts: Texts,
        rules: Rulebook,
        now: Callable[[], datetime],
        lease: str,
        fence: int,
        in_flight: int = 16,
        group_language: str = "zh",
        observer: Observer | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._call = call
        self._call_in_bulk = call_in_bulk or call
        self._limiter = limiter
        self._texts = texts
        self._rules = rules
        self._now = now
        self._lease = lease
        self._fence = fence
        self._in_flight = in_flight
        self._group_language = group_language
        self._observer = observer or Observer()
        self._sleep = sleep
        self._woken = asyncio.Event()
        self._recording = asyncio.Event()
        self._busy_chats: set[int] = set()
        self._held = 0
        self._copies = 0
        self._stopping = False
        self._recorded = asyncio.Event()
        self._outcomes: list[Sent] = []
        self._sends: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether nothing is leased, waits to be recorded, or has left without their walks having been told."""
        return self._held == 0 and self._copies == 0

    def wake(self) -> None:
        """The outbox has grown, or a slot is free."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take_forever())
            tasks.create_task(self._record_forever())

    async def drain(self) -> None:
        """Take nothing further, and return when everything that is leased has been recorded. ``run`` must be running."""
        self._stopping = True
        while self._held:
            self._recorded.clear()
            await self._recorded.wait()

    # --- taking ----------------------------------------------------------------------------------------------------

    async def _take_forever(self) -> None:
        while True:
            self._woken.clear()
            try:
                wait = await self._take()
            except DatabaseAwayError as error:
                log.warning("delivery waits for the database", reason=str(error))
                wait = LOOK_SECONDS
            if wait > 0:
                await self._rest(min(wait, LOOK_SECONDS))

    async def _rest(self, seconds: float) -> None:
        sleeper = asyncio.ensure_future(self._sleep(seconds))
        waker = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait((sleeper, waker), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()

    async def _take(self) -> float:
        """Lease what may leave now. Returns 0.0 to look again at once, else the seconds to rest."""
        free = self._in_flight - self._held
        if free <= 0 or self._stopping:
            return LOOK_SECONDS
        after = (-1, 0)
        wait = LOOK_SECONDS
        chosen: list[int] = []
        chats: set[int] = set()
        while len(chosen) < free:
            found = await self._store.candidates(now=self._now(), after=after, most=CANDIDATES)
            if not found and self._held == 0:
                self._tell_of_copies()
            wait = min(wait, self._choose(found, free, chosen, chats))
            if len(found) < CANDIDATES:
                break
            after = (int(found[-1].lane), found[-1].id)
        if not chosen:
            return wait
        self._held += len(chosen)
        self._busy_chats |= chats
        taken: LeasedBatch | None = None
        try:
            taken = await self._store.lease_rows(
                chosen, lease=self._lease, fence=self._fence, now=self._now(), needs_facts=with_the_lease
            )
        finally:
            rows = () if taken is None else taken.rows
            self._held -= len(chosen) - len(rows)
            self._busy_chats -= chats - {row.chat_id for row in rows}
        for row in taken.rows:
            task = asyncio.create_task(self._deliver(row, taken))
            self._sends.add(task)
            task.add_done_callback(self._sends.discard)
        return 0.0 if self._held < self._in_flight and len(taken.rows) == len(chosen) else wait

    def _choose(self, found: list[Candidate], free: int, chosen: list[int], chats: set[int]) -> float:
        """Pick rows the limiter lets go, one a chat at a time and in order. Returns the shortest wait it told."""
        wait = LOOK_SECONDS
        for row in found:
            if len(chosen) == free:
                return 0.0
            if row.chat_id in self._busy_chats or row.chat_id in chats:
                continue
            seconds = self._limiter.try_acquire(row.chat_id, lane=row.lane, is_group=row.chat_id < 0)
            if seconds > 0:
                wait = min(wait, seconds)
                continue
            chosen.append(row.id)
            chats.add(row.chat_id)
        return wait

    # --- sending ---------------------------------------------------------------------------------------------------

    async def _deliver(self, row: Leased, batch: LeasedBatch) -> None:
        try:
            outcome = await self._send(row, batch)
        except Exception as error:
            # A bug in a view must not stop everybody else's messages.
            log.exception("message could not be made", kind=row.kind, outbox=row.id)
            outcome = Sent(row, "failed", error=f"bug: {type(error).__name__}")
        self._outcomes.append(outcome)
        self._recording.set()

    async def _send(self, row: Leased, batch: LeasedBatch) -> Sent:
        if row.chat_id in self._store.blocked:
            return Sent(row, "dropped", error="blocked")
        reader = batch.readers.get(row.person_id or 0)
        started = perf_counter()
        try:
            if row.kind == COMMANDS:
                await self._set_commands(row, reader)
                return Sent(row, "sent")
            if row.kind == GONE:
                await self._take_back(row, batch, reader)
                return Sent(row, "sent")
            if needs_facts(row.kind) and not with_the_lease(row.kind):
                batch = replace(
                    batch, facts={row.id: await self._store.facts_of(row, reader, now=self._now())}
                )
            message = self._rendered(row, batch, reader)
            if message is None:
                return Sent(row, "dropped", error="no longer true")
            message_id = await self._post(row, message)
        except TelegramError as error:
            return self._after(row, error, batch)
        except DatabaseAwayError:
            # Nothing has been sent: its facts could not be read.
            return Sent(
                row,
                "waiting",
                error="database away",
                not_before=self._now() + timedelta(seconds=LOOK_SECONDS),
            )
        self._observer.sent(perf_counter() - started, row.lane)
        return self._sent(row, message_id, batch, is_open=bool(message.keyboard))

    def _rendered(self, row: Leased, batch: LeasedBatch, actor: Actor | None) -> Message | None:
        facts = batch.facts.get(row.id)
        if facts is None and needs_facts(row.kind) and row.subject_id is not None:
            return None
        language = str(row.params.get("language") or (actor.language if actor else self._group_language))
        reader = Reader(
            language=language,
            name=actor.name if actor else "",
            person_id=actor.person_id if actor else 0,
            actor=actor,
        )
        return render(
            row.kind, row.params, facts, reader=reader, rules=self._rules, texts=self._texts, now=self._now()
        )

    async def _post(self, row: Leased, message: Message) -> int:
        editable = not (message.contact_button or message.word_buttons or message.remove_keyboard)
        if row.edit_message_id is not None and editable:
            return await telegram.edit(self._wire(row), row.chat_id, row.edit_message_id, message)
        return await telegram.send(self._spaced(row), row.chat_id, message)

    def _wire(self, row: Leased) -> Call:
        return self._call_in_bulk if row.lane.is_bulk else self._call

    def _spaced(self, row: Leased) -> Call:
        acquire = partial(self._limiter.try_acquire, row.chat_id, lane=row.lane, is_group=row.chat_id < 0)
        return spaced(self._wire(row), acquire, self._sleep)

    async def _take_back(self, row: Leased, batch: LeasedBatch, reader: Actor | None) -> None:
        """Delete a message; where Telegram no longer does, say in its place that it was withdrawn."""
        if row.edit_message_id is None:
            return
        try:
            await telegram.take_back(self._call, row.chat_id, row.edit_message_id)
        except BadRequest as refused:
            if isinstance(classify(refused, attempt=row.attempts), Migrate | Unreachable):
                raise
            line = self._rendered(row, batch, reader)
            if line is not None:
                await telegram.edit(self._call, row.chat_id, row.edit_message_id, line)

    async def _set_commands(self, row: Leased, actor: Actor | None) -> None:
        if actor is None:
            return
        menu = [(name, self._texts.say(actor.language, f"command.{name}")) for name in commands_for(actor)]
        await telegram.set_commands(self._call, menu, chat_id=row.chat_id)

    def _sent(self, row: Leased, message_id: int | None, batch: LeasedBatch, *, is_open: bool) -> Sent:
        shown = batch.wanted.get((row.chat_id, topic_of(row.kind, row.subject_id or 0)), 1)
        return Sent(row, "sent", message_id=message_id, open=is_open, shown=shown)

    def _after(self, row: Leased, error: TelegramError, batch: LeasedBatch) -> Sent:
        """What an error of Telegram's means for the row."""
        now = self._now()
        match classify(error, attempt=row.attempts):
            case AsGoodAsDone():
                return self._sent(row, row.edit_message_id, batch, is_open=True)
            case PostAnew() if row.params.get(OLDER_COPY) or row.kind in OF_NOTICES:
                return Sent(row, "dropped", error="gone")
            case PostAnew():
                return Sent(row, "waiting", post_anew=True, not_before=now)
            case Unreachable(reason):
                return Sent(row, "dropped", error=reason, unreachable=True)
            case Migrate(to_chat_id):
                return Sent(row, "waiting", migrated_to=to_chat_id, not_before=now)
            case RetryAt(seconds, freeze):
                if freeze:
                    self._observer.limited()
                    self._limiter.frozen(row.chat_id, seconds)
                return Sent(row, "waiting", error="retry", not_before=now + timedelta(seconds=seconds))
            case Unknown():
                return self._unknown(row, now)
            case Fatal(reason):
                self._observer.fatal(reason)
                return Sent(row, "waiting", error=reason, not_before=now + timedelta(seconds=60))
            case Drop(reason):
                log.error("message refused", kind=row.kind, outbox=row.id, reason=reason)
                return Sent(row, "failed", error=reason)

    def _unknown(self, row: Leased, now: datetime) -> Sent:
        if row.edit_message_id is None and not resends(row.kind):
            return Sent(row, "unknown", error="perhaps sent")
        if row.attempts >= MAX_ATTEMPTS:
            return Sent(row, "failed", error="no answer")
        return Sent(
            row,
            "waiting",
            error="no answer",
            not_before=now + timedelta(seconds=min(2**row.attempts, LONGEST_BACK_OFF)),
        )

    def _tell_of_copies(self) -> None:
        if self._copies:
            self._copies = 0
            self._observer.copies()

    # --- recording -------------------------------------------------------------------------------------------------

    async def _record_forever(self) -> None:
        while True:
            await self._recording.wait()
            self._recording.clear()
            outcomes, self._outcomes = self._outcomes, []
            while outcomes:
                try:
                    await self._store.record_sent(outcomes, fence=self._fence, now=self._now())
                except DatabaseAwayError as error:
                    # What was sent must be written down before anything else may be: keep trying.
                    log.warning("recording waits for the database", reason=str(error))
                    await self._sleep(LOOK_SECONDS)
                    continue
                self._held -= len(outcomes)
                self._busy_chats -= {item.row.chat_id for item in outcomes}
                self._copies += sum(item.row.kind in OF_NOTICES for item in outcomes)
                if self._copies >= COPIES_TOLD:
                    self._tell_of_copies()
                outcomes = []
            self._recorded.set()
            self._woken.set()
