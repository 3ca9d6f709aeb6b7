"""A notice put right after it began to leave, and everybody who has it asked to look again.

Source: docs/rules.md §7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.base import Action, Actor, Decision, Refused, says_something
from domain.notices.common import saved, standing, walk
from domain.notices.shapes import LANGUAGES, Errand, NoticeCase, NoticeState, PublicNotice
from domain.permissions import Permission
from domain.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class AskAgain(Action):
    """Ask everybody who has a copy to look again, read or not: once after each correction."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int


def corrected(before: PublicNotice, html: str, language: str, now: datetime) -> PublicNotice:
    """``before`` with other words in one language. The other one lags behind until it is put right too; words in a language
    that had none leave nothing behind."""
    texts = {**before.texts, language: html}
    behind = before.uncorrected
    if not says_something(html):
        del texts[language]
        behind = ""
    elif behind == language:
        behind = ""
    elif language in before.texts:
        behind = next((other for other in LANGUAGES if other != language and other in texts), "")
    return replace(before, texts=texts, corrected_at=now, uncorrected=behind)


def may_ask_again(notice: PublicNotice) -> bool:
    """Whether it was corrected since everybody was last asked, and stands still."""
    return (
        notice.state in (NoticeState.SENT, NoticeState.CANCELLED)
        and notice.corrected_at is not None
        and (notice.again_at is None or notice.again_at < notice.corrected_at)
    )


def ask_again(
    case: NoticeCase, action: AskAgain, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """What was read stays read: who is asked decides whether anything has changed for them."""
    notice = standing(case, NoticeState.SENT, NoticeState.CANCELLED)
    if notice.corrected_at is None:
        raise Refused("notice.not_now")
    if not may_ask_again(notice):
        raise Refused("notice.asked_again_before")
    return saved(replace(notice, again_at=now), "notice.asked_again", *walk(case, Errand.AGAIN, now))
