"""What a notice is about and until when it is valid: as it is chosen, and as it is said."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.notices.shapes import PublicNotice
from domain.notices.shown import NoticeCard
from views.message import Button, Message
from views.safe import Html, plain
from views.voice import Voice, card, press, rows


def last_day(until: datetime, voice: Voice) -> Html:
    """The day before the midnight at which something is over."""
    return voice.day(voice.local_day(until - timedelta(microseconds=1)))


def terms_line(notice: PublicNotice, voice: Voice) -> Html:
    """Both, on the sender's card."""
    about = [voice.say("notice.kind", kind=voice.notice_kind(notice.kind)), _valid(notice, voice)]
    return Html(voice.say("list.clauses").join(about))


def _valid(notice: PublicNotice, voice: Voice) -> Html:
    if notice.valid_until is not None:
        return voice.say("notice.valid_until", day=last_day(notice.valid_until, voice))
    if notice.valid_days:
        return voice.say("notice.valid_days", count=notice.valid_days)
    return voice.say("notice.valid_always")


def choose_kind(facts: NoticeCard, *, voice: Voice) -> Message:
    """What it is about."""
    number = facts.notice.id
    choices = (
        Button(
            f"{'✅' if kind.code == facts.notice.kind else '▫️'} {plain(voice.notice_kind(kind.code))}",
            press("notice.kind", number, kind.code),
        )
        for kind in voice.rules.notices.kinds
    )
    return Message(
        card(
            voice.say("notice.title", number=number, state=voice.term("state.notice", facts.notice.state)),
            voice.say("notice.which_kind"),
        ),
        keyboard=(*rows(choices, width=2), (voice.button("button.notice_back", "notice.see", number),)),
    )
