"""Cards: which message in which chat shows which thing, and whether it shows what is true now.

``wanted`` rises whenever the thing changes, ``shown`` is what the message was rendered from; whoever records a send
sees the difference and asks for one more edit. So no change is lost between rendering and recording. The edits
themselves are rows of the outbox (``outbox.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from domain.base import Refresh
from storage.dialect import insert_for
from storage.prepared import Prepared, one_of, some
from storage.schema import card
from storage.types import Instant


@dataclass(frozen=True, slots=True)
class Card:
    """A message in a chat; ``message_id`` None while it has not been posted. ``topic`` names what it shows."""

    chat_id: int
    person_id: int | None
    kind: str
    subject_id: int
    message_id: int | None

    @property
    def topic(self) -> str:
        """What it shows, as one key."""
        return topic_of(self.kind, self.subject_id)


def topic_of(kind: str, subject_id: int) -> str:
    """One key for a kind of card and its subject: "task.card:9". One column, so that one index finds it."""
    return f"{kind}:{subject_id}"


_FOUND = (card.c.chat_id, card.c.person_id, card.c.kind, card.c.subject_id, card.c.message_id)
_FEW = 4
"""How many topics one statement takes: few things change together."""
_WANT = Prepared(
    card.update()
    .where(one_of(card.c.topic, "topic", most=_FEW))
    .values(wanted=card.c.wanted + 1)
    .returning(*_FOUND)
)
_WANT_IN = Prepared(
    card.update()
    .where(one_of(card.c.chat_id, "chat"), card.c.topic == bindparam("about"))
    .values(wanted=card.c.wanted + 1)
    .returning(*_FOUND)
)
_OF_CARDS = (card.c.chat_id, card.c.topic, card.c.wanted, card.c.message_id, card.c.open)
# Two lists use the index on SQLite, pairs would not.
_WANTED = select(*_OF_CARDS).where(one_of(card.c.chat_id, "chat"), one_of(card.c.topic, "topic"))
_READ = Prepared(_WANTED)
_LOCK = Prepared(_WANTED.order_by(card.c.chat_id, card.c.topic).with_for_update())
_GONE = (
    card.update()
    .where(
        card.c.chat_id == bindparam("chat"),
        card.c.topic == bindparam("about"),
        card.c.message_id == bindparam("message"),
    )
    .values(message_id=None, open=False)
)
_STALE = select(*_FOUND).where(
    card.c.open, card.c.message_id.is_not(None), card.c.shown_at < bindparam("before", type_=Instant())
)
_BEHIND = select(*_FOUND).where(card.c.chat_id == bindparam("chat"), card.c.wanted > card.c.shown)


@cache
def _wish(dialect: str) -> Prepared:
    upsert = insert_for(dialect, card)
    reader = func.coalesce(upsert.excluded.person_id, card.c.person_id)
    return Prepared(
        upsert.on_conflict_do_update(
            index_elements=["chat_id", "topic"], set_={"wanted": card.c.wanted + 1, "person_id": reader}
        )
    )


@cache
def _show(dialect: str) -> Prepared:
    upsert = insert_for(dialect, card)
    statement = upsert.on_conflict_do_update(
        index_elements=["chat_id", "topic"],
        set_={name: upsert.excluded[name] for name in ("message_id", "shown", "open", "shown_at")},
    )
    return Prepared(statement)


def wish(connection: Connection, cards: Sequence[tuple[int, int | None, str, int]]) -> None:
    """Cards that shall be posted: (chat, person, kind, subject). One that is there is wanted once more."""
    _wish(connection.dialect.name).insert(
        connection,
        [
            {
                "chat_id": chat_id,
                "topic": topic_of(kind, subject_id),
                "kind": kind,
                "subject_id": subject_id,
                "person_id": person_id,
                "wanted": 1,
                "shown": 0,
                "open": False,
            }
            for chat_id, person_id, kind, subject_id in cards
        ],
    )


def change(connection: Connection, refreshes: Iterable[Refresh]) -> list[Card]:
    """These things have changed. Returns the cards that hang already and need an edit."""
    topics = sorted({topic_of(item.kind, item.subject_id) for item in refreshes})
    rows: list[Any] = []
    for portion in some("topic", topics, most=_FEW):
        rows += _WANT.all(connection, portion)
    # Cards still on their way show what is true when they leave, or are seen to be behind when they are recorded.
    return [Card(*row) for row in rows if row[4] is not None]


def change_in(connection: Connection, item: Refresh, chats: Collection[int]) -> list[Card]:
    """The same of the cards in these chats alone: where very many show a thing, they are edited a few at a time."""
    about = {"about": topic_of(item.kind, item.subject_id)}
    rows = [row for portion in some("chat", chats) for row in _WANT_IN.all(connection, {**portion, **about})]
    return [Card(*row) for row in rows if row[4] is not None]


def wanted(connection: Connection, keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The ``wanted`` of cards by (chat, topic)."""
    return {key: row[2] for key, row in _by_keys(connection, _READ, keys).items()}


def show(
    connection: Connection, shown: Mapping[Card, tuple[int, bool]], *, now: datetime
) -> tuple[list[Card], list[Card]]:
    """These messages were sent or edited, from what was wanted then and with buttons or without.

    Within a chat the numbers of messages rise. Of several that show the same thing the newest is the one that people
    look at: it is the card, also when an edit of an older copy is recorded after it. Returns the cards that have
    changed in between and need one more edit, and the older copies that still have buttons.
    """
    known = _by_keys(connection, _LOCK, {(item.chat_id, item.topic) for item in shown})
    newest: list[dict[str, Any]] = []
    behind: list[Card] = []
    older: list[Card] = []
    for item, (version, is_open) in shown.items():
        _, _, now_wanted, message_id, was_open = known.get((item.chat_id, item.topic), _NONE)
        if message_id is not None and message_id > (item.message_id or 0):
            older += [item] if is_open else []
            continue
        if message_id is not None and message_id != item.message_id and was_open:
            older.append(replace(item, message_id=message_id))
        if now_wanted > version:
            behind.append(item)
        newest.append(
            {
                "chat_id": item.chat_id,
                "topic": item.topic,
                "kind": item.kind,
                "subject_id": item.subject_id,
                "person_id": item.person_id,
                "message_id": item.message_id,
                "wanted": version,
                "shown": version,
                "open": is_open,
                "shown_at": now,
            }
        )
    if newest:
        _show(connection.dialect.name).insert(connection, newest)
    return behind, older


_NONE = (0, "", 0, None, False)


def _by_keys(
    connection: Connection, statement: Prepared, keys: Collection[tuple[int, str]]
) -> dict[tuple[int, str], Any]:
    # Sorted, so that a portion has few chats and few topics; it finds a few more where several chats show the same.
    ordered = sorted(keys)
    chats = some("chat", [chat for chat, _ in ordered])
    topics = some("topic", [topic for _, topic in ordered])
    return {
        (row[0], row[1]): row
        for chat, topic in zip(chats, topics, strict=True)
        for row in statement.all(connection, {**chat, **topic})
    }


def gone(connection: Connection, item: Card) -> None:
    """The message is no more, so nothing needs to be said on it when the card is posted anew."""
    connection.execute(_GONE, {"chat": item.chat_id, "about": item.topic, "message": item.message_id})


def stale(connection: Connection, *, before: datetime) -> list[Card]:
    """Cards with buttons that were last shown before."""
    return [Card(*row) for row in connection.execute(_STALE, {"before": before})]


def behind(connection: Connection, chat_id: int) -> list[Card]:
    """A chat's cards that do not show what is true now, those that were never posted among them."""
    return [Card(*row) for row in connection.execute(_BEHIND, {"chat": chat_id})]
