"""Notices: composed, confirmed, sent to whom they are for, known to be read, corrected and withdrawn. Source: DOMAIN §7.

Knows what may follow what. Turning an audience into recipients and walking through them is ``storage/mailings.py``'s;
how fast they leave is delivery's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from domain.addressees import Addressees
from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Content,
    Decision,
    Entity,
    Event,
    Notice,
    Purpose,
    Refresh,
    Refused,
    Remark,
    Role,
    Scalar,
    Subject,
    Sweep,
    ToPerson,
    ToResponsible,
    says_something,
)
from domain.lanes import Lane
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook

CARD = "notice.card"
"""The sender's own card: what is being composed, then how it fares."""
COPY = "notice.copy"
"""What a recipient gets."""
GONE = "notice.gone"
"""Takes a recipient's copy away."""
REMINDER = "notice.reminder"
OF_NOTICES = (COPY, GONE, REMINDER)
"""What recipients get."""

LANGUAGES = ("zh", "en")
MAX_TEXT = 3500
"""Characters of a notice in one language, as they are read. The rest of Telegram's 4,096 is for who sent it, and when."""
MAX_CAPTION = 900
"""The same under a picture or a file, of Telegram's 1,024."""
MAX_MEDIA = 10
MAX_AHEAD = timedelta(days=366)
OPTIONS = ("urgent", "wants_read", "answerable", "link_preview", "to_people", "to_groups")


class NoticeState(StrEnum):
    """Being composed (draft), waiting for a second yes (asked) or for its time (planned), its recipients being written
    down (freezing), leaving (sending), held (paused), all gone out (sent), stopped half-way (cancelled), taken back
    (withdrawn), or given up before anything left (dropped)."""

    DRAFT = "draft"
    ASKED = "asked"
    PLANNED = "planned"
    FREEZING = "freezing"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"


BEFORE = (NoticeState.DRAFT, NoticeState.ASKED, NoticeState.PLANNED)
"""Nothing of it has left: it may be changed."""
ON_ITS_WAY = (NoticeState.FREEZING, NoticeState.SENDING, NoticeState.PAUSED)
OUT = (NoticeState.SENDING, NoticeState.PAUSED, NoticeState.SENT, NoticeState.CANCELLED)
"""Some have it."""


class Errand(StrEnum):
    """Why recipients are walked through: to send, correct, take back or remind."""

    SEND = "send"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    REMIND = "remind"


@dataclass(frozen=True, slots=True)
class PublicNotice(Entity):
    """A notice. ``unit_id``: in whose name. ``texts``: Telegram HTML by language. ``media``: what stays with Telegram,
    as (kind, file id). ``addressees``: the fields of ``Addressees``. ``expected``: how many it was confirmed for.

    ``frozen_to`` is the last person looked at while recipients are written down.
    """

    author_id: int
    unit_id: int
    state: NoticeState
    created_at: datetime
    texts: Mapping[str, str] = field(default_factory=dict)
    media: tuple[tuple[str, str], ...] = ()
    addressees: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False
    wants_read: bool = True
    answerable: bool = False
    link_preview: bool = False
    to_people: bool = True
    to_groups: bool = False
    send_at: datetime | None = None
    expected: int = 0
    confirmed_by: int | None = None
    seconded_by: int | None = None
    begun_at: datetime | None = None
    finished_at: datetime | None = None
    frozen_to: int = 0
    reminded_at: datetime | None = None

    @property
    def whom(self) -> Addressees:
        """Whom it is for."""
        stored: dict[str, Any] = {
            name: value if isinstance(value, str) else tuple(value) for name, value in self.addressees.items()
        }
        return Addressees(**stored)


@dataclass(frozen=True, slots=True)
class Mailing(Entity):
    """One walk through a notice's recipients. ``reached``: the last person walked past. ``held``: not going on."""

    notice_id: int
    errand: Errand
    created_at: datetime
    reached: int = 0
    held: bool = False
    finished_at: datetime | None = None


# --- what follows in many rows, or in rows that are no entities -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MarkRead(Sweep):
    """A recipient has read it; the first moment counts."""

    notice_id: int
    person_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class MarkCalled(Sweep):
    """Somebody whom the bot could not reach has been told by a person."""

    notice_id: int
    person_id: int
    by: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TakeBack(Sweep):
    """What has been handed to delivery and has not left does not leave. ``again``: it will, when the walk goes on."""

    notice_id: int
    again: bool


# --- what an action needs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeginCase:
    """A new notice's id, and the unit in whose name it will be."""

    new_id: int
    path: str

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class NoticeCase:
    """A notice, the path of its unit, those of the units it is for and of those left out, by id.

    ``count``: whom it would reach, counted no further than just above what needs a second yes; ``groups`` likewise.
    ``mailings``: those that are not finished. ``new_mailing``: the id of the next.
    """

    notice: PublicNotice
    path: str
    paths: Mapping[int, str] = field(default_factory=dict)
    count: int = 0
    groups: int = 0
    top: bool = False
    mailings: tuple[Mailing, ...] = ()
    new_mailing: int = 0
    author_may: bool = True

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class CopyCase:
    """One recipient's copy of a notice. ``read_at``: when they pressed. ``person_id`` is 0 for who never got one."""

    notice: PublicNotice
    person_id: int
    read_at: datetime | None = None

    @property
    def subject(self) -> Subject:
        """A copy is its recipient's own."""
        return Subject(owners=frozenset({self.person_id}))


@dataclass(frozen=True, slots=True)
class CallCase:
    """Somebody whom a notice did not reach, and the path of where they lived. ``called``: they were told already."""

    notice_id: int
    person_id: int
    path: str
    called: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check: who leads the place calls."""
        return Subject(path=self.path)


# --- actions: composing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeginNotice(Action):
    """Compose a notice in the name of a unit, for everybody there. ``html``: escaped already, with Telegram's tags;
    ``length``: how many characters of it are read."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    unit_id: int
    language: str
    html: str
    length: int
    media: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PutText(Action):
    """Say it so in one language; with no ``html``, not at all in this one. After it has gone out, all copies follow."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    language: str
    html: str
    length: int


@dataclass(frozen=True, slots=True)
class PutMedia(Action):
    """These pictures or this file go with it, in place of any before."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    media: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Switch(Action):
    """Turn one of ``OPTIONS`` to the other side."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    option: str


@dataclass(frozen=True, slots=True)
class Address(Action):
    """Be for these people."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    addressees: Addressees


@dataclass(frozen=True, slots=True)
class SetTime(Action):
    """Leave at a time; None: as soon as it is confirmed."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    at: datetime | None


# --- actions: sending -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConfirmNotice(Action):
    """Send what was previewed as ``version``. Many recipients, or the whole community, need a second person's yes."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    version: int


@dataclass(frozen=True, slots=True)
class StartNotice(Action):
    """The clock's: a planned notice's time has come."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    notice_id: int


@dataclass(frozen=True, slots=True)
class HoldNotice(Action):
    """Nothing further leaves, until it goes on."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class GoOnNotice(Action):
    """Go on with one that is held."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class StopNotice(Action):
    """Before anything left, drop it; half-way, reach nobody further."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class WithdrawNotice(Action):
    """Take every copy back."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class RemindNotice(Action):
    """Remind those who have it and have not pressed "read"."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


# --- actions: recipients --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadNotice(Action):
    """I have read it. Counts once."""

    permission: ClassVar[str] = Permission.READ_NOTICE
    notice_id: int


@dataclass(frozen=True, slots=True)
class AnswerNotice(Action):
    """Say something back to who sent it."""

    permission: ClassVar[str] = Permission.READ_NOTICE
    notice_id: int
    content: Content


@dataclass(frozen=True, slots=True)
class TickOffCall(Action):
    """I have told them myself."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    person_id: int


# --- rules ------------------------------------------------------------------------------------------------------------------


def _checked(html: str, length: int, media: tuple[tuple[str, str], ...]) -> None:
    most = MAX_CAPTION if len(media) == 1 else MAX_TEXT
    if length > most:
        raise Refused("notice.too_long", most=most, length=length)


def _checked_media(media: tuple[tuple[str, str], ...]) -> None:
    if len(media) > MAX_MEDIA:
        raise Refused("notice.too_many_files", most=MAX_MEDIA)
    if len(media) > 1 and len({kind for kind, _ in media} - {"photo", "video"}):
        raise Refused("notice.no_album")


def _stored(addressees: Addressees) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name in addressees.__dataclass_fields__
        if (value := getattr(addressees, name))
    }


def _event(name: str, notice: PublicNotice, **data: Scalar) -> Event:
    return Event(name, "notice", notice.id, data, unit_id=notice.unit_id)


def _saved(notice: PublicNotice, name: str, *also: Entity, **data: Scalar) -> Decision:
    return Decision(
        saves=(notice, *also),
        events=(_event(name, notice, **data),),
        refreshes=(Refresh(CARD, notice.id),),
    )


def _in(case: NoticeCase, *states: NoticeState) -> PublicNotice:
    """The notice, if it stands where this may be done. Raises Refused, which shows the card as it is now."""
    if case.notice.state not in states:
        raise Refused("notice.not_now")
    return case.notice


def begin(case: BeginCase, action: BeginNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A draft for everybody at and below the unit, to be read and confirmed by them."""
    _checked_media(action.media)
    if action.language not in LANGUAGES or not (says_something(action.html) or action.media):
        raise Refused("form.words_needed")
    _checked(action.html, action.length, action.media)
    notice = PublicNotice(
        case.new_id,
        0,
        author_id=actor.person_id,
        unit_id=action.unit_id,
        state=NoticeState.DRAFT,
        created_at=now,
        texts={action.language: action.html} if says_something(action.html) else {},
        media=action.media,
        addressees=_stored(Addressees(units=(action.unit_id,))),
    )
    return Decision(
        saves=(notice,),
        events=(_event("notice.composed", notice),),
        notices=(Notice(ToPerson(actor.person_id), CARD, notice.id, lane=Lane.PERSON, card=True),),
        result={"notice_id": notice.id},
    )


def put_text(case: NoticeCase, action: PutText, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Composing says it anew; after it has gone out, all copies are corrected."""
    notice = _in(case, *BEFORE, *OUT)
    if action.language not in LANGUAGES:
        raise Refused(NOT_FOUND)
    _checked(action.html, action.length, notice.media)
    texts = {**notice.texts, action.language: action.html}
    if not says_something(action.html):
        del texts[action.language]
    if not texts and not notice.media:
        raise Refused("form.words_needed")
    changed = replace(notice, texts=texts)
    if notice.state in BEFORE:
        return _saved(_again(changed), "notice.changed")
    return _saved(changed, "notice.corrected", *_walk(case, Errand.CORRECT, now))


def _again(notice: PublicNotice) -> PublicNotice:
    """What has changed has to be confirmed anew, by both."""
    return replace(notice, state=NoticeState.DRAFT, confirmed_by=None, seconded_by=None)


def _walk(case: NoticeCase, errand: Errand, now: datetime) -> tuple[Mailing, ...]:
    """A new walk, or the one with this errand from the beginning."""
    for mailing in case.mailings:
        if mailing.errand is errand:
            return (replace(mailing, reached=0, created_at=now),)
    return (Mailing(case.new_mailing, 0, case.notice.id, errand, created_at=now),)


def put_media(
    case: NoticeCase, action: PutMedia, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only while it is composed: what has left keeps its pictures."""
    notice = _in(case, *BEFORE)
    _checked_media(action.media)
    if not action.media and not notice.texts:
        raise Refused("form.words_needed")
    return _saved(_again(replace(notice, media=action.media)), "notice.changed")


def switch(case: NoticeCase, action: Switch, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A notice goes to people, to groups, or to both."""
    notice = _in(case, *BEFORE)
    if action.option not in OPTIONS:
        raise Refused(NOT_FOUND)
    turned: dict[str, Any] = {action.option: not getattr(notice, action.option)}
    changed = replace(notice, **turned)
    if not (changed.to_people or changed.to_groups):
        raise Refused("notice.to_nobody")
    return _saved(_again(changed), "notice.changed", option=action.option)


def address(case: NoticeCase, action: Address, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Only units that the sender's authority covers may be addressed; any may be left out."""
    notice = _in(case, *BEFORE)
    wanted = action.addressees
    _may_address(wanted, case.paths, actor)
    return _saved(
        _again(replace(notice, addressees=_stored(wanted))), "notice.changed", units=len(wanted.units)
    )


def _may_address(wanted: Addressees, paths: Mapping[int, str], actor: Actor) -> None:
    if not wanted.units:
        raise Refused("notice.to_nobody")
    for unit_id in wanted.units:
        if not allowed(actor, Permission.SEND_NOTICE, Subject(path=paths.get(unit_id, ""))):
            raise Refused(NOT_FOUND)


def set_time(case: NoticeCase, action: SetTime, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """In the future, and within a year."""
    notice = _in(case, *BEFORE)
    if action.at is not None and not now < action.at <= now + MAX_AHEAD:
        raise Refused("notice.time_past" if action.at <= now else "notice.time_far")
    return _saved(_again(replace(notice, send_at=action.at)), "notice.changed")


def needs_second(case: NoticeCase, rules: Rulebook) -> bool:
    """Whether one person's yes is not enough. Source: DOMAIN §7."""
    return case.top or case.count > rules.notices.second_above


def confirm(
    case: NoticeCase, action: ConfirmNotice, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The first yes, and where one is not enough the second, by somebody else, to the very same notice."""
    notice = _in(case, NoticeState.DRAFT, NoticeState.ASKED)
    if notice.version != action.version:
        raise Refused("notice.changed")
    _may_address(notice.whom, case.paths, actor)
    if not case.author_may:
        raise Refused("notice.author_left")
    reached = (case.count if notice.to_people else 0) + (case.groups if notice.to_groups else 0)
    if not reached:
        raise Refused("notice.nobody")
    if notice.send_at is not None and notice.send_at <= now:
        raise Refused("notice.time_past")
    if notice.state is NoticeState.ASKED:
        if actor.person_id == notice.confirmed_by:
            raise Refused("notice.not_twice")
        return _sent_off(replace(notice, seconded_by=actor.person_id), case, now)
    notice = replace(notice, confirmed_by=actor.person_id, expected=case.count)
    if needs_second(case, rules):
        asked = replace(notice, state=NoticeState.ASKED)
        others = ToResponsible(notice.unit_id, (Role.SECRETARY,), passing_over=frozenset({actor.person_id}))
        decision = _saved(asked, "notice.asked", count=case.count)
        return replace(
            decision, notices=(Notice(others, "notice.second", notice.id, lane=Lane.CLAIM, card=True),)
        )
    return _sent_off(notice, case, now)


def _sent_off(notice: PublicNotice, case: NoticeCase, now: datetime) -> Decision:
    second = Refresh("notice.second", notice.id)
    if notice.send_at is not None:
        decision = _saved(replace(notice, state=NoticeState.PLANNED), "notice.planned", count=case.count)
    else:
        decision = _begun(notice, now)
    return replace(decision, refreshes=(*decision.refreshes, second))


def _begun(notice: PublicNotice, now: datetime) -> Decision:
    begun = replace(notice, state=NoticeState.FREEZING, begun_at=now, frozen_to=0)
    return _saved(begun, "notice.begun")


def start(case: NoticeCase, action: StartNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Only if who confirmed it may still do so: an appointment may have ended meanwhile."""
    notice = _in(case, NoticeState.PLANNED)
    if not case.author_may:
        dropped = _saved(replace(notice, state=NoticeState.DROPPED), "notice.dropped")
        told = Notice(
            ToPerson(notice.author_id), "said", params={"key": "notice.author_left"}, lane=Lane.REMINDER
        )
        return replace(dropped, notices=(told,))
    return _begun(notice, now)


def hold(case: NoticeCase, action: HoldNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """What is on the wire arrives; nothing is taken after it."""
    notice = _in(case, NoticeState.SENDING)
    held = tuple(replace(mailing, held=True) for mailing in case.mailings if mailing.errand is Errand.SEND)
    decision = _saved(replace(notice, state=NoticeState.PAUSED), "notice.held", *held)
    return replace(decision, sweeps=(TakeBack(notice.id, again=True),))


def go_on(case: NoticeCase, action: GoOnNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """From where it stood."""
    notice = _in(case, NoticeState.PAUSED)
    freed = tuple(replace(mailing, held=False) for mailing in case.mailings if mailing.errand is Errand.SEND)
    return _saved(replace(notice, state=NoticeState.SENDING), "notice.went_on", *freed)


def stop(case: NoticeCase, action: StopNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Who has it keeps it."""
    notice = _in(case, *BEFORE, *ON_ITS_WAY)
    if notice.state in BEFORE:
        decision = _saved(replace(notice, state=NoticeState.DROPPED), "notice.dropped")
        return replace(decision, refreshes=(*decision.refreshes, Refresh("notice.second", notice.id)))
    ended = tuple(
        replace(mailing, finished_at=now) for mailing in case.mailings if mailing.errand is Errand.SEND
    )
    decision = _saved(
        replace(notice, state=NoticeState.CANCELLED, finished_at=now), "notice.cancelled", *ended
    )
    return replace(decision, sweeps=(TakeBack(notice.id, again=False),))


def withdraw(
    case: NoticeCase, action: WithdrawNotice, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Whatever else was under way for it ends."""
    notice = _in(case, *OUT)
    ended = tuple(replace(mailing, finished_at=now) for mailing in case.mailings)
    walk = Mailing(case.new_mailing, 0, notice.id, Errand.WITHDRAW, created_at=now)
    gone = replace(notice, state=NoticeState.WITHDRAWN, finished_at=notice.finished_at or now)
    decision = _saved(gone, "notice.withdrawn", *ended, walk)
    return replace(decision, sweeps=(TakeBack(notice.id, again=False),))


def remind(
    case: NoticeCase, action: RemindNotice, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """At most once in so many hours, whoever asks: people who have not read it are no less busy than others."""
    notice = _in(case, NoticeState.SENT, NoticeState.CANCELLED)
    if not notice.wants_read:
        raise Refused("notice.not_now")
    pause = timedelta(hours=rules.notices.remind_hours)
    if notice.reminded_at is not None and now < notice.reminded_at + pause:
        raise Refused("notice.reminded", hours=rules.notices.remind_hours)
    return _saved(replace(notice, reminded_at=now), "notice.reminded", *_walk(case, Errand.REMIND, now))


def read(case: CopyCase, action: ReadNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Pressed again, nothing changes; storage writes the moment once."""
    if case.notice.state is NoticeState.WITHDRAWN:
        raise Refused("notice.withdrawn")
    return Decision(sweeps=() if case.read_at else (MarkRead(case.notice.id, case.person_id, now),))


def answer(case: CopyCase, action: AnswerNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """To who sent it; their successors see it on the notice."""
    notice = case.notice
    if not notice.answerable or notice.state is NoticeState.WITHDRAWN:
        raise Refused("notice.not_now")
    if action.content.kind == "text" and not says_something(action.content.text):
        raise Refused("form.words_needed")
    return Decision(
        events=(_event("notice.answered", notice),),
        remarks=(Remark("notice", notice.id, Purpose.ANSWER, actor.person_id, action.content),),
        notices=(Notice(ToPerson(notice.author_id), "notice.answered", notice.id, lane=Lane.CLAIM),),
        refreshes=(Refresh(CARD, notice.id),),
    )


def tick_off(
    case: CallCase, action: TickOffCall, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Once; who did it is kept."""
    if case.called:
        return Decision()
    return Decision(
        sweeps=(MarkCalled(case.notice_id, case.person_id, actor.person_id, now),),
        events=(Event("notice.called", "notice", case.notice_id, {"person": case.person_id}),),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    BeginNotice: begin,
    PutText: put_text,
    PutMedia: put_media,
    Switch: switch,
    Address: address,
    SetTime: set_time,
    ConfirmNotice: confirm,
    StartNotice: start,
    HoldNotice: hold,
    GoOnNotice: go_on,
    StopNotice: stop,
    WithdrawNotice: withdraw,
    RemindNotice: remind,
    ReadNotice: read,
    AnswerNotice: answer,
    TickOffCall: tick_off,
}
ACTIONS = frozenset(
    action.__name__
    for action in (ConfirmNotice, StartNotice, GoOnNotice, WithdrawNotice, RemindNotice, PutText)
)
"""By name, as the store tells what was decided: each of them may leave recipients to walk through."""
