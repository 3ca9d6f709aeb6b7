"""What recipients do with a notice, and who calls those whom it did not reach."""

from __future__ import annotations

from datetime import datetime

from domain.base import (
    Actor,
    Decision,
    Event,
    Notice,
    Purpose,
    Refresh,
    Refused,
    Remark,
    ToPerson,
)
from domain.lanes import Lane
from domain.notices.common import event_of
from domain.notices.shapes import (
    CARD,
    AnswerNotice,
    CallCase,
    CopyCase,
    MarkCalled,
    MarkRead,
    NoticeState,
    ReadNotice,
    TickOffCall,
)
from domain.requests import checked_contents
from domain.rulebook import Rulebook


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
    contents = checked_contents(action.contents)
    return Decision(
        events=(event_of("notice.answered", notice, parts=len(contents)),),
        remarks=tuple(
            Remark("notice", notice.id, Purpose.ANSWER, actor.person_id, part) for part in contents
        ),
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
