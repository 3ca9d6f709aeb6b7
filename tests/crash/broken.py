"""Two builds that are wrong on purpose, to show that the campaign sees it: only the bot's process under test has them.

``mark-first`` commits that an update is done before its effect; ``send-first`` sends what an action says before the
action is committed. Both behave well as long as nobody kills them.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from bot.settings import Settings
from domain.base import Actor
from jobs import telegram
from jobs.delivery import COMMANDS, needs_facts
from storage import facts, inbox, outbox
from storage.outbox import Leased, Sent
from storage.people import load_actor
from storage.schema import lease
from storage.schema import outbox as outbox_table
from storage.unit import Outcome, Store
from views.catalogue import Texts
from views.kinds import render
from views.message import Reader

T = TypeVar("T")
SENT_EARLY = "broken.sent"
"""The point between sending and committing that only ``send-first`` has."""


class MarkFirst(Store):
    """Marks the update done in a commit of its own, then does the work in another one."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._marked: set[int] = set()
        marks = inbox.mark_done

        def mark_done(connection: Connection, update_id: int, *, now: datetime) -> bool:
            return update_id in self._marked or marks(connection, update_id, now=now)

        inbox.mark_done = mark_done

    async def perform(self, *args: Any, **named: Any) -> Outcome:
        """The mark, and only then the action."""
        update_id = named.get("update_id")
        if update_id is not None and await self.finish(update_id, now=named["now"]):
            self._marked.add(update_id)
        try:
            return await super().perform(*args, **named)
        finally:
            self._marked.discard(update_id or 0)


class SendFirst(Store):
    """Sends what an action has put into the outbox while its transaction is still open."""

    texts: Texts
    address: str

    async def _commit(self, unit: Callable[[Connection], T]) -> T:
        def early(connection: Connection) -> T:
            newest = select(outbox_table.c.id).order_by(outbox_table.c.id.desc()).limit(1)
            before = connection.execute(newest).scalar() or 0
            result = unit(connection)
            # Only an action's unit gives a decision: what delivery and the clock commit is left as it is.
            if isinstance(result, tuple) and hasattr(result[0], "notices"):
                self._send(connection, after=before)
                self.hooks.reached(SENT_EARLY)
            return result

        return await super()._commit(early)

    def _send(self, connection: Connection, *, after: int) -> None:
        fence = connection.execute(select(lease.c.fence).where(lease.c.name == "bot")).scalar_one()
        waiting = select(outbox_table.c.id).where(
            outbox_table.c.id > after, outbox_table.c.state == "waiting", outbox_table.c.kind != COMMANDS
        )
        ids = list(connection.execute(waiting).scalars())
        rows, wanted = outbox.take(connection, ids, lease_name="bot", fence=fence)
        now = datetime.now(UTC)
        sent = [self._one(connection, row, wanted, now) for row in rows]
        if sent:
            outbox.record(connection, sent, now=now, fence=fence)

    def _one(
        self, connection: Connection, row: Leased, wanted: Mapping[tuple[int, str, int], int], now: datetime
    ) -> Sent:
        actor = load_actor(connection, now, person_id=row.person_id) if row.person_id else None
        known = None
        if row.subject_id is not None and needs_facts(row.kind):
            known = facts.load(
                connection, row.kind, row.subject_id, actor or Actor(), now=now, rules=self.rules
            )
        reader = Reader(
            language=actor.language if actor else "zh",
            name=actor.name if actor else "",
            person_id=actor.person_id if actor else 0,
            actor=actor,
        )
        message = render(
            row.kind, row.params, known, reader=reader, rules=self.rules, texts=self.texts, now=now
        )
        if message is None:
            return Sent(row, "dropped", error="no longer true")
        if row.edit_message_id is None:
            shown = _at_once(telegram.send(self._call, row.chat_id, message))
        else:
            shown = _at_once(telegram.edit(self._call, row.chat_id, row.edit_message_id, message))
        key = (row.chat_id, row.kind, row.subject_id or 0)
        return Sent(
            row, "sent", message_id=shown, open=bool(message.keyboard), shown=wanted.get(key, 1)
        )

    async def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        # Blocking on purpose: it runs where the transaction is, in the writer's thread or under its greenlet.
        request = urllib.request.Request(
            f"{self.address}/{method}",
            data=json.dumps(params).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as refused:
            # An edit that changes nothing is refused; for this build that is as good as done.
            return {"message_id": params.get("message_id", 0), "refused": refused.code}


def _at_once(work: Coroutine[Any, Any, int]) -> int:
    """Run a coroutine that never has to wait."""
    try:
        work.send(None)
    except StopIteration as ended:
        return int(ended.value)
    raise RuntimeError("it had to wait")


def _send_first(settings: Settings) -> Callable[..., Store]:
    class Build(SendFirst):
        texts = Texts.load()
        address = f"{settings.telegram.base_url}/bot{settings.telegram.token.get_secret_value()}"

    return Build


BUILDS: Mapping[str, Callable[[Settings], Callable[..., Store]]] = {
    "": lambda settings: Store,
    "mark-first": lambda settings: MarkFirst,
    "send-first": _send_first,
}
"""Which store a build has, by its name; the empty name is the honest one."""
