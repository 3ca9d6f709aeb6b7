"""Composing a notice: its words, files, options, audience and time, each put right as often as one likes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.addressees import Addressees, without_nested
from domain.base import (
    NOT_FOUND,
    Actor,
    Decision,
    Notice,
    Refused,
    ToPerson,
    says_something,
)
from domain.lanes import Lane
from domain.notices.common import (
    event_of,
    fresh_draft,
    in_groups,
    may_address,
    saved,
    standing,
    to_confirm_anew,
    walk,
)
from domain.notices.correcting import corrected
from domain.notices.shapes import (
    BEFORE,
    CARD,
    LANGUAGES,
    MAX_AHEAD,
    MAX_CAPTION,
    MAX_MEDIA,
    MAX_TEXT,
    OPTIONS,
    OUT,
    REPEATS,
    Address,
    BeginCase,
    BeginNotice,
    CopyNotice,
    Errand,
    NoticeCase,
    NoticeState,
    PublicNotice,
    PutMedia,
    PutText,
    SetTime,
    Switch,
)
from domain.rulebook import Rulebook


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
        valid_days=rules.notices.valid_days,
    )
    return Decision(
        saves=(notice,),
        events=(event_of("notice.composed", notice),),
        notices=(Notice(ToPerson(actor.person_id), CARD, notice.id, lane=Lane.PERSON, card=True),),
        result={"notice_id": notice.id},
    )


def put_text(case: NoticeCase, action: PutText, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Composing says it anew; after it has gone out, all copies are corrected."""
    notice = standing(case, *BEFORE, *OUT)
    if action.language not in LANGUAGES:
        raise Refused(NOT_FOUND)
    _checked(action.html, action.length, notice.media)
    changed = corrected(notice, action.html, action.language, now)
    if not changed.texts and not notice.media:
        raise Refused("form.words_needed")
    if notice.state in BEFORE:
        return saved(to_confirm_anew(replace(notice, texts=changed.texts)), "notice.changed")
    return in_groups(saved(changed, "notice.corrected", *walk(case, Errand.CORRECT, now)), changed)


def put_media(
    case: NoticeCase, action: PutMedia, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only while it is composed: what has left keeps its pictures."""
    notice = standing(case, *BEFORE)
    _checked_media(action.media)
    if not action.media and not notice.texts:
        raise Refused("form.words_needed")
    return saved(to_confirm_anew(replace(notice, media=action.media)), "notice.changed")


def switch(case: NoticeCase, action: Switch, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A notice goes to people, to groups, or to both."""
    notice = standing(case, *BEFORE)
    if action.option not in OPTIONS:
        raise Refused(NOT_FOUND)
    turned: dict[str, Any] = {action.option: not getattr(notice, action.option)}
    changed = replace(notice, **turned)
    if not (changed.to_people or changed.to_groups):
        raise Refused("notice.to_nobody")
    return saved(to_confirm_anew(changed), "notice.changed", option=action.option)


def address(case: NoticeCase, action: Address, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Only units that the sender's authority covers may be addressed; any may be left out."""
    notice = standing(case, *BEFORE)
    wanted = action.addressees
    may_address(wanted, case.paths, actor)
    decision = saved(
        to_confirm_anew(replace(notice, addressees=_stored(without_nested(wanted, case.paths)))),
        "notice.changed",
        units=len(wanted.units),
    )
    # It is chosen on a screen that stands in the card's place, and stays there until the sender goes back.
    return replace(decision, refreshes=())


def set_time(case: NoticeCase, action: SetTime, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """In the future, and within a year."""
    notice = standing(case, *BEFORE)
    if action.at is not None and not now < action.at <= now + MAX_AHEAD:
        raise Refused("notice.time_past" if action.at <= now else "notice.time_far")
    if action.repeat not in REPEATS or (action.repeat and action.at is None):
        raise Refused(NOT_FOUND)
    day = 0
    if action.at is not None and action.repeat == "monthly":
        day = action.at.astimezone(ZoneInfo(case.zone or rules.time_zone)).day
    timed = replace(notice, send_at=action.at, repeat=action.repeat, repeat_day=day)
    return saved(to_confirm_anew(timed), "notice.changed")


def copy(case: NoticeCase, action: CopyNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """To be read through and confirmed like any other."""
    fresh = fresh_draft(case.notice, case.new_notice, author_id=actor.person_id, now=now)
    return Decision(
        saves=(fresh,),
        events=(event_of("notice.composed", fresh),),
        notices=(Notice(ToPerson(actor.person_id), CARD, fresh.id, lane=Lane.PERSON, card=True),),
        result={"notice_id": fresh.id},
    )
