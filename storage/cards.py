"""Cards: which message in which chat shows which thing, and whether it shows what is true now.

``wanted`` rises whenever the thing changes, ``shown`` is what the message was rendered from; whoever records a send
sees the difference and asks for one more edit. So no change is lost between rendering and recording. The edits
themselves are rows of the outbox (``outbox.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

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
# Two lists use the index on SQLite, pairs would not.
_WANTED = Prepared(
    select(card.c.chat_id, card.c.topic, card.c.wanted, card.c.shown, *_FOUND[1:]).where(
        one_of(card.c.chat_id, "chat"), one_of(card.c.topic, "topic")
    )
)
_STALE = select(*_FOUND).where(
    card.c.open, card.c.message_id.is_not(None), card.c.shown_at < bindparam("before", type_=Instant())
)
_BEHIND = select(*_FOUND).where(card.c.chat_id == bindparam("chat"), card.c.wanted > card.c.shown)


@cache
def _wish(dialect: str) -> Prepared:
    return Prepared(
        insert_for(dialect, card).on_conflict_do_update(
            index_elements=["chat_id", "topic"], set_={"wanted": card.c.wanted + 1}
        )
    )


@cache
def _show(dialect: str) -> Prepared:
    upsert = insert_for(dialect, card)
    statement = upsert.on_conflict_do_update(
        index_elements=["chat_id", "topic"],
        set_={name: upsert.excluded[name] for name in ("message_id", "shown", "open", "shown_at")},
        # Within a chat the numbers of messages rise: the newest is the one that people look at, and stays the card
        # when an edit of an older copy is recorded after it.
        where=or_(card.c.message_id.is_(None), card.c.message_id <= upsert.excluded.message_id),
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


def wanted(connection: Connection, keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The ``wanted`` of cards by (chat, topic)."""
    return {(row[0], row[1]): row[2] for row in _by_keys(connection, keys)}


def show(connection: Connection, shown: Mapping[Card, tuple[int, bool]], *, now: datetime) -> list[Card]:
    """These messages were sent or edited, from what was wanted then and with buttons or without.

    Of several messages that show the same thing the newest is its card. Returns those that have changed in between and need one more edit.
    """
    _show(connection.dialect.name).insert(
        connection,
        [
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
            for item, (version, is_open) in shown.items()
        ],
    )
    rows = _by_keys(connection, {(item.chat_id, item.topic) for item in shown})
    return [Card(row[0], *row[4:]) for row in rows if row[2] > row[3]]


def _by_keys(connection: Connection, keys: Collection[tuple[int, str]]) -> list[Any]:
    # Sorted, so that a portion has few chats and few topics; it finds a few more where several chats show the same.
    ordered = sorted(keys)
    chats = some("chat", [chat for chat, _ in ordered])
    topics = some("topic", [topic for _, topic in ordered])
    found = [
        row
        for portion in zip(chats, topics, strict=True)
        for row in _WANTED.all(connection, {**portion[0], **portion[1]})
    ]
    # A card may be found by the portion of another one too.
    return list({(row[0], row[1]): row for row in found if (row[0], row[1]) in keys}.values())


def stale(connection: Connection, *, before: datetime) -> list[Card]:
    """Cards with buttons that were last shown before."""
    return [Card(*row) for row in connection.execute(_STALE, {"before": before})]


def behind(connection: Connection, chat_id: int) -> list[Card]:
    """A chat's cards that do not show what is true now, those that were never posted among them."""
    return [Card(*row) for row in connection.execute(_BEHIND, {"chat": chat_id})]
