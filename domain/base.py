"""The vocabulary every rule speaks: actors, actions, queries, decisions and refusals.

Knows the shape of a change and nothing of any particular one. Who may do what is in ``permissions.py``;
what a change does to the world is in the module named after its noun.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.lanes import Lane

Scalar = str | int | bool | None


class Role(StrEnum):
    """What an appointment makes of a person at a unit. A resident is who has a home, so it is no appointment."""

    MEMBER = "member"
    LEADER = "leader"
    SECRETARY = "secretary"
    ADMIN = "admin"


class Refused(Exception):
    """The rules say no. Carries a text key and its parameters, never a sentence: it is said in the reader's language."""

    def __init__(self, key: str, **params: Scalar) -> None:
        super().__init__(key)
        self.key = key
        self.params: dict[str, Scalar] = params


NOT_FOUND = "refused.not_found"
"""One key for "there is none" and "you may not": the two must read the same to the one who asked."""

CONSENT_AGAIN = "consent.again"
"""The terms have changed since this person agreed to them: they are asked again before anything else goes on."""


@dataclass(frozen=True, slots=True)
class Held:
    """One appointment in force: ``role`` at the unit with ``unit_id``, whose place in the tree is ``path`` ("1.4.12.")."""

    role: Role
    unit_id: int
    path: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the store knows them at this moment. ``job`` names a clock's job instead of a person."""

    person_id: int = 0
    telegram_id: int = 0
    language: str = "zh"
    name: str = ""
    suspended: bool = False
    home_unit_id: int | None = None
    home_path: str = ""
    household_id: int | None = None
    has_flat: bool = False
    has_phone: bool = False
    unreachable: bool = False
    held: tuple[Held, ...] = ()
    job: str | None = None
    consent_version: int | None = None

    @classmethod
    def system(cls, job: str) -> Actor:
        """The actor of a job: allowed what the rules let the clock do, and recorded under the job's name."""
        return cls(job=job)

    def holds(self, *roles: Role) -> bool:
        """Whether the actor holds any of ``roles`` anywhere."""
        return any(held.role in roles for held in self.held)


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person or a job wants to change. Subclasses are imperative and name the permission they need."""

    permission: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Query:
    """Something a person wants to see. Subclasses name the permission they need.

    ``searches``: it looks for people by what is typed, so it is counted (``handlers/limits.py``).
    ``bulk``: the answer holds many people's data in ``rows``, so that its reading is itself written down. Such a query
    says which unit it is about in ``unit_id``, or its answer does. Source: docs/rules.md §11.
    """

    permission: ClassVar[str]
    searches: ClassVar[bool] = False
    bulk: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action is about, as far as authority is concerned.

    ``path`` is the unit it belongs to; ``circle`` the part of the tree in which it is offered to members;
    ``owners`` are the people whose own it is (for a request: who asked and who asked for them); ``workers`` those
    who do the work. ``only`` narrows which roles count at all: what is about a leader is for secretaries alone.
    """

    path: str = ""
    circle: str | None = None
    owners: frozenset[int] = frozenset()
    workers: frozenset[int] = frozenset()
    only: frozenset[Role] | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A row the rules change. ``version`` 0 means it is not stored yet; each save raises it by one."""

    id: int
    version: int


@dataclass(frozen=True, slots=True)
class Event:
    """A fact, in the past tense, for the audit trail. ``data`` holds ids, keys and numbers only, never words."""

    name: str
    subject_kind: str
    subject_id: int
    data: Mapping[str, Scalar] = field(default_factory=dict)
    request_id: int | None = None
    unit_id: int | None = None


class Purpose(StrEnum):
    """Why some words or a picture were kept."""

    DESCRIPTION = "description"
    ADDITION = "addition"
    DECLINE_REASON = "decline_reason"
    UNSOLVED_REASON = "unsolved_reason"
    REPORT = "report"
    WITHDRAW_REASON = "withdraw_reason"
    LETTER = "letter"
    NOTES = "notes"
    ALARM = "alarm"
    QUESTION = "question"
    CONFIRMATION = "confirmation"
    SUSPEND_REASON = "suspend_reason"
    ANSWER = "answer"
    REPLY = "reply"
    MINUTES = "minutes"
    AMENDMENT = "amendment"


def says_something(text: str) -> bool:
    """Whether there is anything to read: white space and invisible characters alone say nothing."""
    return any(character.isprintable() and not character.isspace() for character in text)


@dataclass(frozen=True, slots=True)
class Content:
    """Something a person sent: words, or a file that stays with Telegram under ``file_id``, or a place."""

    kind: str
    text: str = ""
    file_id: str = ""
    album: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Erasable content about a thing. ``id`` may be given when something else must point to it."""

    subject_kind: str
    subject_id: int
    purpose: Purpose
    author_id: int
    content: Content
    id: int = 0


# --- who hears of it: named by meaning, turned into people by storage in the same transaction -------------------


@dataclass(frozen=True, slots=True)
class ToPerson:
    """One person."""

    person_id: int


@dataclass(frozen=True, slots=True)
class ToResponsible:
    """Who is responsible for a unit: the holders of ``roles`` at the nearest unit at or above it that has any.

    ``passing_over`` are people the matter is about: it goes past them to the level above. ``otherwise`` are the roles
    that stand in where nobody up to the top holds any of ``roles``.
    """

    unit_id: int
    roles: tuple[Role, ...] = (Role.LEADER, Role.SECRETARY)
    passing_over: frozenset[int] = frozenset()
    otherwise: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class ToMembers:
    """Members whose own units touch the circle, except those who may not take the work, and those whose units touch the
    smaller circle ``beyond_unit_id``: they have been asked before."""

    circle_unit_id: int
    without: frozenset[int] = frozenset()
    without_household_id: int | None = None
    beyond_unit_id: int | None = None


@dataclass(frozen=True, slots=True)
class ToGroup:
    """The group chats bound to a unit; where there is none, those of the nearest unit above it."""

    unit_id: int


@dataclass(frozen=True, slots=True)
class ToChat:
    """A private chat that is nobody's any more: its person has become one with another account's."""

    chat_id: int


Audience = ToPerson | ToResponsible | ToMembers | ToGroup | ToChat


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that shall leave: ``kind`` names the view, rendered for its reader at the moment it leaves.

    With ``card`` the message is kept track of and edited as ``subject_id`` changes, instead of a new one each time.
    """

    to: Audience
    kind: str
    subject_id: int | None = None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    lane: Lane = Lane.CLAIM
    card: bool = False


OLDER_COPY = "older_copy"
"""Parameter of a last edit: this message shows a thing whose card is a newer message now, so it loses its buttons."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Every living card of ``kind`` about ``subject_id`` shows what is true now; with ``person_id`` only those in that
    person's own chat, where very many have one.

    ``after``: not before so much time has passed. What happens in the meantime needs no edit of its own: so a card follows
    what very many do at once.
    """

    kind: str
    subject_id: int
    person_id: int = 0
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Earning:
    """Points earned by confirmed work, before the settlement job posts them.

    ``amount`` in hundredths of a point. Unique by (``source_kind``, ``source_id``, ``person_id``).
    """

    person_id: int
    source_kind: str
    source_id: int
    kind: str
    minutes: int
    weight: int
    factor: int
    amount: int
    rulebook: int
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """A change of many rows at once, or of rows that are no entities: its noun's storage knows the statements."""


@dataclass(frozen=True, slots=True)
class Block:
    """From now on this account is heard no more (``on``), or again."""

    telegram_id: int
    on: bool


@dataclass(frozen=True, slots=True)
class Skills:
    """What a person can do, by the rulebook's codes: these, in place of all that were known before."""

    person_id: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """What points to one record of a person points to another from now on: they are one human.

    ``chat_id`` is the account that the first record loses; the form open in it is dropped.
    """

    from_id: int
    to_id: int
    chat_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """All that follows from an action, to be written in one commit. ``result`` is handed back to the caller.

    ``sweeps`` follow the ``saves``, in their order.
    ``forgets``: people of whom nothing but numbers shall be left; where their words are, storage knows.
    """

    saves: tuple[Entity, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    events: tuple[Event, ...] = ()
    remarks: tuple[Remark, ...] = ()
    earnings: tuple[Earning, ...] = ()
    skills: tuple[Skills, ...] = ()
    notices: tuple[Notice, ...] = ()
    refreshes: tuple[Refresh, ...] = ()
    blocks: tuple[Block, ...] = ()
    moved: tuple[Moved, ...] = ()
    forgets: tuple[int, ...] = ()
    result: Mapping[str, Scalar] = field(default_factory=dict)


def require_aware(moment: datetime) -> datetime:
    """``moment`` itself. Raises ValueError when it carries no time zone: a naive time is always a bug here."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment
