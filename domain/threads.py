"""What residents answer to notices, and what the organisation writes back: one thread for each recipient of a notice.

A thread waits for an answer from the first words that nobody has answered until somebody writes back or says that
nothing is left to do. Who may send in the unit's name may do either. The words themselves are remarks.
Source: docs/rules.md §7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.base import (
    Action,
    Actor,
    Content,
    Decision,
    Entity,
    Notice,
    Purpose,
    Query,
    Refresh,
    Refused,
    Remark,
    Role,
    Subject,
    ToPerson,
    ToResponsible,
    says_something,
)
from domain.notices.common import event_of
from domain.notices.shapes import CARD as NOTICE_CARD
from domain.notices.shapes import MarkRead, NoticeState, PublicNotice
from domain.permissions import Permission
from domain.queries import Part, Place
from domain.requests import checked_contents
from domain.rulebook import Rulebook

CARD = "thread.card"
"""A thread as the organisation reads it."""
MINE = "thread.mine"
"""The same as its resident does."""
MAX_REPLY = 2000
"""Characters written back at once: with what it answers they fit into one message."""
MOST_UNANSWERED = 10
"""How often somebody may add to what nobody has answered yet."""
_NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Thread(Entity):
    """``unit_id``: in whose name the notice was. ``waiting_since``: the first words that wait for an answer, None when none
    do; ``unanswered``: how many times something was said since. ``handler_id``: who last wrote back or was done with it."""

    notice_id: int
    person_id: int
    unit_id: int
    opened_at: datetime
    last_at: datetime
    waiting_since: datetime | None = None
    unanswered: int = 0
    handler_id: int | None = None


# --- what an action needs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerCase:
    """A notice in the eyes of who answers it: ``person_id`` is 0 for who never got one. ``read``: marked so already.

    ``new_id``: of a thread, where there is none yet. ``tell``: who hears of it, 0 for whoever is responsible.
    """

    notice: PublicNotice
    person_id: int
    thread: Thread | None = None
    new_id: int = 0
    tell: int = 0
    read: bool = False

    @property
    def subject(self) -> Subject:
        """An answer is its writer's own."""
        return Subject(owners=frozenset({self.person_id}))


@dataclass(frozen=True, slots=True)
class ThreadCase:
    """A thread, its notice, and the path of the unit. ``gone``: who wrote it has been forgotten."""

    thread: Thread
    notice: PublicNotice
    path: str
    gone: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check: who may send in the unit's name."""
        return Subject(path=self.path)


# --- actions ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerNotice(Action):
    """Say something back to who sent a notice, or more of it."""

    permission: ClassVar[str] = Permission.READ_NOTICE
    notice_id: int
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class ReplyInThread(Action):
    """Write back to a resident. ``version``: the thread as its writer saw it."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    thread_id: int
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class CloseThread(Action):
    """Nothing is left to be answered in the thread as it was seen."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    thread_id: int
    version: int


def may_answer(notice: PublicNotice, thread: Thread | None) -> None:
    """Whether something may be said. Raises Refused. What was begun goes on, whatever became of the notice."""
    if thread is not None:
        if thread.unanswered >= MOST_UNANSWERED:
            raise Refused("thread.enough", most=MOST_UNANSWERED)
        return
    if notice.state is NoticeState.WITHDRAWN:
        raise Refused("notice.withdrawn")
    if not notice.answerable:
        raise Refused("thread.not_asked")


def answer(
    case: AnswerCase, action: AnswerNotice, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Somebody hears of the first words that wait; what is added to them shows on the card they have. Who answers has read."""
    notice, thread = case.notice, case.thread
    may_answer(notice, thread)
    contents = checked_contents(action.contents)
    waits = thread is not None and thread.waiting_since is not None
    if thread is None:
        thread = Thread(case.new_id, 0, notice.id, case.person_id, notice.unit_id, opened_at=now, last_at=now)
    said = replace(
        thread,
        last_at=now,
        waiting_since=thread.waiting_since or now,
        unanswered=thread.unanswered + 1,
    )
    to = ToPerson(case.tell) if case.tell else ToResponsible(notice.unit_id, (Role.LEADER, Role.SECRETARY))
    return Decision(
        saves=(said,),
        events=(event_of("notice.answered", notice, thread=said.id, parts=len(contents)),),
        remarks=tuple(Remark("thread", said.id, Purpose.ANSWER, actor.person_id, part) for part in contents),
        notices=() if waits else (Notice(to, CARD, said.id, card=True),),
        refreshes=(Refresh(NOTICE_CARD, notice.id), Refresh(CARD, said.id)),
        sweeps=() if case.read else (MarkRead(notice.id, case.person_id, now),),
        result={"thread_id": said.id},
    )


def reply(
    case: ThreadCase, action: ReplyInThread, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """What came in while it was being written is not answered by it: the thread goes on waiting."""
    if case.gone:
        raise Refused("thread.gone")
    if not says_something(action.text):
        raise Refused("form.words_needed")
    if len(action.text) > MAX_REPLY:
        raise Refused("request.too_long", most=MAX_REPLY)
    thread = replace(case.thread, last_at=now, handler_id=actor.person_id)
    if action.version == thread.version:
        thread = replace(thread, waiting_since=None, unanswered=0)
    return Decision(
        saves=(thread,),
        events=(event_of("notice.replied", case.notice, thread=thread.id),),
        remarks=(Remark("thread", thread.id, Purpose.REPLY, actor.person_id, Content("text", action.text)),),
        notices=(Notice(ToPerson(thread.person_id), MINE, thread.id, card=True),),
        refreshes=(Refresh(CARD, thread.id),),
    )


def close(case: ThreadCase, action: CloseThread, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Only of what was seen: words that came in meanwhile are to be read first."""
    if case.thread.waiting_since is None:
        return Decision()
    if action.version != case.thread.version:
        raise Refused("thread.changed")
    thread = replace(case.thread, waiting_since=None, unanswered=0, handler_id=actor.person_id)
    return Decision(
        saves=(thread,),
        events=(event_of("notice.answer_closed", case.notice, thread=thread.id),),
        refreshes=(Refresh(CARD, thread.id),),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    AnswerNotice: answer,
    ReplyInThread: reply,
    CloseThread: close,
}

# --- what is shown --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ThreadWords:
    """What was said at once. ``theirs``: by the resident. ``files``: pictures, voices, files and places among it."""

    theirs: bool
    name: str
    at: datetime
    text: str = ""
    files: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """A thread with everything said in it, oldest first. ``place``: in whose name the notice was; ``name``, ``home``,
    ``flat`` and ``phone``: the resident's, for staff. ``reachable``: what is written back arrives. ``gone``: nobody is there."""

    thread: Thread
    notice: PublicNotice
    place: Place
    said: tuple[ThreadWords, ...] = ()
    name: str = ""
    home: Place = _NOWHERE
    flat: str = ""
    phone: str = ""
    reachable: bool = True
    gone: bool = False
    handler: str = ""


@dataclass(frozen=True, slots=True)
class ThreadLine:
    """A thread in a list. ``words`` and ``files``: what its resident said last. ``at``: since when it waits, else when
    something was last said."""

    id: int
    notice_id: int
    name: str
    home: Place
    at: datetime
    words: str = ""
    files: int = 0
    waiting: bool = False
    handler: str = ""


@dataclass(frozen=True, slots=True)
class SeeThreads(Query):
    """What was answered to a notice, the newest words first: ``Page[ThreadLine]``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListWaitingThreads(Query):
    """What waits for an answer in the units for which the reader may send notices, by age: ``Page[ThreadLine]``, which knows
    only whether there is another page."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeeAnswerable(Query):
    """Whether the reader may say something about a notice now: the id of the notice, or Refused with the reason."""

    permission: ClassVar[str] = Permission.SEE_NOTICES
    notice_id: int
