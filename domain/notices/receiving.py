"""What recipients do with a notice, and who calls those whom it did not reach."""

from __future__ import annotations

from datetime import datetime

from domain.base import (
    Actor,
    Decision,
    Event,
    Refresh,
    Refused,
)
from domain.notices.shapes import (
    CARD,
    CallCase,
    CopyCase,
    MarkCalled,
    MarkRead,
    NoticeState,
    ReadNotice,
    TickOffCall,
)
from domain.rulebook import Rulebook


def read(case: CopyCase, action: ReadNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Pressed again, nothing changes; storage writes the moment once."""
    if case.notice.state is NoticeState.WITHDRAWN:
        raise Refused("notice.withdrawn")
    return Decision(sweeps=() if case.read_at else (MarkRead(case.notice.id, case.person_id, now),))


def tick_off(
    case: CallCase, action: TickOffCall, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Once; who did it is kept."""
    if case.called:
        return Decision()
    return Decision(
        sweeps=(MarkCalled(case.notice_id, case.person_id, actor.person_id, now),),
        events=(Event("notice.called", "notice", case.notice_id, {"person": case.person_id}),),
        # Who ticks off their own looks at the list, and is not thrown back to the card.
        refreshes=()
        if case.author_id == actor.person_id
        else (Refresh(CARD, case.notice_id, person_id=case.author_id),),
    )
