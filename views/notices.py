"""Notices as they are read: a recipient's copy, the sender's card while it is composed and while it leaves, and lists.

The words of a notice are Telegram HTML made of what Telegram itself says about them; everything else is escaped as
everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from domain.base import Scalar
from domain.clocks import after_quiet
from domain.notices.correcting import may_ask_again
from domain.notices.sending import reminds_next
from domain.notices.shapes import BEFORE, LANGUAGES, ON_ITS_WAY, OUT, NoticeState, PublicNotice
from domain.notices.shown import (
    Fares,
    NoticeCard,
    NoticeCopy,
)
from domain.queries import Place, words_in
from views.message import Button, Keyboard, Media, Message
from views.notice_shares import percent
from views.notice_terms import last_day, terms_line
from views.safe import Html, line, plain, words
from views.voice import Voice, block, card, press

QUOTED = 280
TITLES = {"zh": 24, "en": 48}
"""Characters of a title in a list: an English word is longer than a Chinese one."""
NAMED = 6
"""So many units are named before "and others"."""

# --- what recipients get ------------------------------------------------------------------------------------------------


def text_for(notice: PublicNotice, voice: Voice) -> Html:
    """Its words in the reader's language, else in the other."""
    language = "zh" if voice.chinese else "en"
    return Html(words_in(notice.texts, language))


def title_of(text: Html | str, voice: Voice) -> Html:
    """The first words of a notice, for a list; empty where it has none."""
    return line(plain(Html(text)), limit=TITLES["zh" if voice.chinese else "en"])


def _media(notice: PublicNotice) -> tuple[Media, ...]:
    return tuple(Media(kind, file_id) for kind, file_id in notice.media)


def notice_copy(params: Mapping[str, Scalar], facts: NoticeCopy, voice: Voice) -> Message:
    """What a recipient gets, and has from then on."""
    return _copy(facts, voice, note=voice.on_top(params))


def _copy(facts: NoticeCopy, voice: Voice, *, note: str = "") -> Message:
    notice = facts.notice
    head = voice.say("notice.head_urgent" if notice.urgent else "notice.head", place=voice.place(facts.place))
    read = voice.say("notice.read_at", when=voice.when(facts.read_at)) if facts.read_at else ""
    if facts.late:
        read = voice.say("notice.late")
    over = ""
    if notice.valid_until is not None and not notice.valid(voice.now):
        over = voice.say("notice.over", day=last_day(notice.valid_until, voice))
    buttons: list[Button] = []
    if not (facts.preview or facts.late):
        if notice.wants_read and not facts.read_at:
            buttons.append(voice.button("button.notice_read", "notice.read", notice.id))
        if notice.answerable:
            buttons.append(voice.button("button.notice_answer", "notice.answer", notice.id))
    return Message(
        card(note, head, text_for(notice, voice), block(over, _corrected(notice, voice), read)),
        keyboard=(tuple(buttons),) if buttons else (),
        media=_media(notice),
        link_preview=notice.link_preview,
    )


def _lags(notice: PublicNotice, voice: Voice) -> bool:
    """Whether what the reader has are the earlier words, put right in the other language only."""
    return notice.uncorrected == ("zh" if voice.chinese else "en")


def _corrected(notice: PublicNotice, voice: Voice) -> Html:
    at = notice.corrected_at
    if at is None:
        return Html("")
    key = "notice.corrected_other" if _lags(notice, voice) else "notice.corrected_at"
    return voice.say(key, day=voice.day(voice.local_day(at)), time=voice.time(at))


def preview(facts: NoticeCopy, *, voice: Voice) -> Message:
    """Exactly what a recipient will see, but for the buttons that only they have."""
    return _copy(facts, voice)


def below_preview(facts: NoticeCopy, *, voice: Voice) -> Message:
    """What stands under a preview: which buttons recipients find there."""
    notice = facts.notice
    names = [
        plain(voice.say(key))
        for key, there in (
            ("button.notice_read", notice.wants_read),
            ("button.notice_answer", notice.answerable),
        )
        if there
    ]
    key = "notice.preview_buttons" if names else "notice.preview_bare"
    return Message(
        voice.say(key, buttons=" ".join(f"[{name}]" for name in names)) if names else voice.say(key),
        keyboard=((voice.button("button.notice_back", "notice.see", notice.id),),),
    )


def reminder(params: Mapping[str, Scalar], facts: NoticeCopy, voice: Voice) -> Message:
    """For who has it and has not pressed."""
    return Message(
        card(
            voice.say("notice.remind", place=voice.place(facts.place)),
            Html(f"<blockquote>{words(plain(text_for(facts.notice, voice)), limit=600)}</blockquote>"),
        ),
        keyboard=((voice.button("button.notice_read", "notice.seen", facts.notice.id),),),
    )


def again(params: Mapping[str, Scalar], facts: NoticeCopy, voice: Voice) -> Message:
    """For who has it, after it was corrected: the words that were, whichever language the reader has."""
    notice = facts.notice
    lags = _lags(notice, voice)
    other = "en" if voice.chinese else "zh"
    said = Html(words_in(notice.texts, other)) if lags else text_for(notice, voice)
    seen = (voice.button("button.notice_read", "notice.seen", notice.id),)
    return Message(
        card(
            voice.say("notice.look_again", place=voice.place(facts.place)),
            Html(f"<blockquote>{words(plain(said), limit=600)}</blockquote>"),
            _corrected(notice, voice) if lags else "",
        ),
        keyboard=(seen,) if notice.wants_read and not facts.read_at else (),
    )


def reminded(params: Mapping[str, Scalar], facts: NoticeCopy, voice: Voice) -> Message:
    """The reminder after the press."""
    return replace(_copy(facts, voice), media=(), keyboard=())


def in_group(params: Mapping[str, Scalar], facts: NoticeCopy, voice: Voice) -> Message:
    """For a group: the notice itself, and where one reads it in private."""
    notice = facts.notice
    if notice.state is NoticeState.WITHDRAWN:
        return Message(voice.say("notice.gone"))
    bot = str(params.get("bot") or "")
    link = (Button(plain(voice.say("button.notice_private")), url=f"https://t.me/{bot}?start=n-{notice.id}"),)
    return replace(_copy(facts, voice), keyboard=(link,) if bot else ())


def gone(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """In place of a copy that was withdrawn and can no longer be deleted."""
    return Message(voice.say("notice.gone"))


# --- the sender's card --------------------------------------------------------------------------------------------------


def notice_card(params: Mapping[str, Scalar], facts: NoticeCard, voice: Voice) -> Message:
    """What is being composed, or how it fares."""
    return Message(
        card(
            voice.on_top(params),
            heading(facts, voice),
            _quotes(facts.notice, voice),
            _terms(facts, voice),
            course(facts.notice, voice),
            progress(facts, voice),
            _next(facts, voice),
        ),
        keyboard=_buttons(facts, voice),
    )


def second(params: Mapping[str, Scalar], facts: NoticeCard, voice: Voice) -> Message:
    """For somebody else with the same right: is it to go out?"""
    notice = facts.notice
    asked = notice.state is NoticeState.ASKED
    keyboard: Keyboard = ()
    if asked and facts.needs_mine:
        keyboard = (
            (
                voice.button("button.notice_preview", "notice.preview", notice.id),
                voice.button("button.notice_list", "notice.list", notice.id),
            ),
            (voice.button("button.notice_agree", "notice.confirm", notice.id, notice.version),),
            (voice.button("button.notice_refuse", "notice.stop", notice.id),),
        )
    told = voice.say("notice.second_asked", name=facts.confirmed_by) if asked else _state(facts, voice)
    return Message(
        card(voice.on_top(params), told, heading(facts, voice), _quotes(notice, voice), _terms(facts, voice)),
        keyboard=keyboard,
    )


def _state(facts: NoticeCard, voice: Voice) -> Html:
    return voice.term("state.notice", facts.notice.state)


def heading(facts: NoticeCard, voice: Voice) -> Html:
    """Which notice it is, where it stands, and whose."""
    return block(
        voice.say("notice.title", number=facts.notice.id, state=_state(facts, voice)),
        voice.say("notice.by", place=voice.place(facts.place), name=facts.author),
    )


def _quotes(notice: PublicNotice, voice: Voice) -> Html:
    parts = [
        Html(f"<blockquote>{words(plain(notice.texts[language]), limit=QUOTED)}</blockquote>")
        for language in LANGUAGES
        if language in notice.texts
    ]
    if notice.media:
        parts.append(voice.say("words.parts", count=len(notice.media)))
    return Html("\n".join(parts))


def _named(places: tuple[Place, ...], voice: Voice) -> Html:
    names = voice.say("list.comma").join(voice.place(place) for place in places[:NAMED])
    if len(places) > NAMED:
        return voice.say("notice.places_more", places=Html(names), count=len(places))
    return Html(names)


def whom_line(facts: NoticeCard, voice: Voice) -> Html:
    """Whom it is for, in words."""
    wanted = facts.notice.whom
    narrowed = [voice.term("whom", role) for role in wanted.roles]
    narrowed += [voice.skill(code) for code in wanted.skills]
    narrowed += [voice.tag(code) for code in wanted.tags]
    narrowed += [voice.term("reads", f"in_{wanted.language}")] if wanted.language else []
    lines = [voice.say("notice.whom", places=_named(facts.units, voice))]
    if narrowed:
        lines.append(voice.say("notice.only", what=Html(voice.say("list.comma").join(narrowed))))
    left_out = [voice.place(place) for place in facts.without]
    left_out += [voice.term("whom", role) for role in wanted.without_roles]
    if left_out:
        lines.append(voice.say("notice.without", what=Html(voice.say("list.comma").join(left_out))))
    return block(*lines)


def _terms(facts: NoticeCard, voice: Voice) -> Html:
    notice = facts.notice
    lines = [whom_line(facts, voice)]
    if facts.count is not None:
        lines.append(reach_line(facts, voice))
    said = [voice.say("notice.is_urgent" if notice.urgent else "notice.is_routine")]
    if notice.wants_read:
        said.append(voice.say("notice.is_wants_read"))
    if notice.wants_read and notice.remind and notice.state in (*BEFORE, *ON_ITS_WAY):
        said.append(voice.say("notice.is_reminding", hours=voice.rules.notices.remind_hours))
    if notice.answerable:
        said.append(voice.say("notice.is_answerable"))
    lines.append(Html(voice.say("list.terms").join(said)))
    lines.append(terms_line(notice, voice))
    if notice.send_at is not None and notice.state in BEFORE:
        key = {"weekly": "notice.at_weekly", "monthly": "notice.at_monthly"}.get(notice.repeat, "notice.at")
        lines.append(voice.say(key, when=voice.when(notice.send_at)))
    return block(*lines)


def reach_line(facts: NoticeCard, voice: Voice) -> Html:
    """How many they are as things are now."""
    notice, most = facts.notice, voice.rules.notices.second_above
    parts: list[Html] = []
    if notice.to_people and facts.count is not None:
        parts.append(
            voice.say("notice.people_many", most=most)
            if facts.count > most
            else voice.say("notice.people", count=facts.count)
        )
    if notice.to_groups:
        parts.append(voice.say("notice.groups", count=facts.groups))
    return voice.say("notice.reach", what=Html(voice.say("list.comma").join(parts)))


def share(fares: Fares) -> str:
    """How many of those who have it have read it, in whole per cent."""
    return f"{percent(fares) or 0}%"


def progress(facts: NoticeCard, voice: Voice) -> Html:
    """How it fares, once it is known for whom it is."""
    fares, notice = facts.fares, facts.notice
    if notice.state in BEFORE or not fares.total:
        return Html("")
    lines = [voice.say("notice.fared", sent=fares.sent, total=fares.total)]
    not_reached = fares.unreachable + fares.failed
    if not_reached:
        left = not_reached - fares.called
        key = "notice.fared_unreached" if not fares.called else "notice.fared_called"
        key = key if left else "notice.fared_all_called"
        lines.append(voice.say(key, count=not_reached, called=fares.called, left=left))
    if fares.left + fares.stopped:
        lines.append(voice.say("notice.fared_left", count=fares.left + fares.stopped))
    if fares.muted:
        lines.append(voice.say("notice.fared_muted", count=fares.muted))
    if notice.wants_read:
        lines.append(voice.say("notice.fared_read", count=fares.read, share=share(fares)))
    if facts.answers:
        lines.append(voice.say("notice.fared_answers", count=facts.answers))
    if notice.state is NoticeState.SENDING:
        lines += _course_of_sending(notice, fares, voice)
    due = reminds_next(notice, voice.rules)
    if due is not None and fares.sent > fares.read:
        lines.append(
            voice.say("notice.reminds_next", when=voice.when(_leaves(notice, max(due, voice.now), voice)))
        )
    lines += [voice.term("errand", errand) for errand in facts.walking if errand != "send"]
    return block(*lines)


def _course_of_sending(notice: PublicNotice, fares: Fares, voice: Voice) -> list[Html]:
    """When what is left of it leaves, or will have left."""
    if fares.ahead and (leaves := _leaves(notice, voice.now, voice)) > voice.now:
        return [voice.say("notice.waits_for_morning", when=voice.when(leaves))]
    ends = _ends(notice, fares, voice)
    return [] if ends is None else [voice.say("notice.ends", when=voice.when(ends))]


def _leaves(notice: PublicNotice, at: datetime, voice: Voice) -> datetime:
    """When what is due leaves: routine messages wait for the end of the quiet hours."""
    quiet = voice.rules.notices
    if notice.urgent:
        return at
    return after_quiet(at, zone=voice.zone, quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to)


def course(notice: PublicNotice, voice: Voice) -> Html:
    """When it left, and what has been done with it since."""
    said = [
        voice.say(key, when=voice.when(at))
        for key, at in (
            ("notice.begun_at", notice.begun_at),
            ("notice.reminded_at", notice.reminded_at),
            ("notice.put_right_at", notice.corrected_at),
            ("notice.again_at", notice.again_at),
        )
        if at is not None
    ]
    if notice.uncorrected:
        said.append(voice.term("notice.uncorrected", f"in_{notice.uncorrected}"))
    return block(*said)


def _ends(notice: PublicNotice, fares: Fares, voice: Voice) -> datetime | None:
    """When the last will have it at the pace so far; None before there is a pace."""
    if notice.begun_at is None or not fares.done:
        return None
    took = voice.now - _leaves(notice, notice.begun_at, voice)
    return voice.now + took / fares.done * fares.ahead + timedelta(seconds=30)


def _next(facts: NoticeCard, voice: Voice) -> Html:
    notice = facts.notice
    match notice.state:
        case NoticeState.DRAFT:
            key = "notice.next_second" if facts.second else "notice.next_draft"
            return voice.say("notice.next_alone" if facts.alone else key)
        case NoticeState.ASKED if facts.alone:
            return voice.say("notice.next_alone")
        case NoticeState.ASKED:
            return voice.say("notice.next_asked", name=facts.confirmed_by)
        case NoticeState.PLANNED:
            return voice.say("notice.next_planned")
        case NoticeState.FREEZING:
            return voice.say("notice.next_freezing")
        case NoticeState.PAUSED:
            return voice.say("notice.next_paused")
    return Html("")


def _buttons(facts: NoticeCard, voice: Voice) -> Keyboard:
    notice = facts.notice
    if notice.state in BEFORE:
        return _composing(facts, voice)
    number = notice.id
    keyboard: list[tuple[Button, ...]] = []
    match notice.state:
        case NoticeState.SENDING:
            keyboard.append(
                (
                    voice.button("button.notice_hold", "notice.hold", number),
                    voice.button("button.notice_stop", "notice.stop", number),
                )
            )
        case NoticeState.PAUSED:
            keyboard.append(
                (
                    voice.button("button.notice_go_on", "notice.goon", number),
                    voice.button("button.notice_stop", "notice.stop", number),
                )
            )
        case NoticeState.FREEZING:
            keyboard.append((voice.button("button.notice_stop", "notice.stop", number),))
        case NoticeState.SENT | NoticeState.CANCELLED if (
            notice.wants_read and facts.fares.sent > facts.fares.read
        ):
            keyboard.append((voice.button("button.notice_remind", "notice.remind", number),))
    if may_ask_again(notice):
        keyboard.append((voice.button("button.notice_again", "notice.again", number),))
    if notice.state not in (NoticeState.FREEZING, NoticeState.DROPPED):
        keyboard.append(
            (
                voice.button("button.notice_report", "notice.report", number),
                voice.button("button.notice_calls", "notice.calls", number),
            )
        )
    if facts.answers:
        keyboard.append((voice.button("button.notice_answers", "notice.answers", number),))
    if notice.state in OUT:
        keyboard.append(
            (
                voice.button("button.notice_correct", "notice.write", number),
                voice.button("button.notice_withdraw", "notice.withdraw", number),
            )
        )
    keyboard.append(
        (
            voice.button("button.notice_copy", "notice.copy", number),
            voice.button("button.template_save", "template.save", number),
        )
    )
    return tuple(keyboard)


def _toggle(key: str, option: str, notice: PublicNotice, voice: Voice) -> Button:
    mark = "✅" if getattr(notice, option) else "▫️"
    return Button(f"{mark} {plain(voice.say(key))}", press("notice.switch", notice.id, option))


def _composing(facts: NoticeCard, voice: Voice) -> Keyboard:
    notice, number = facts.notice, facts.notice.id
    agree: tuple[Button, ...] = ()
    if notice.state is NoticeState.ASKED and facts.needs_mine:
        agree = (voice.button("button.notice_agree", "notice.confirm", number, notice.version),)
    elif notice.state is NoticeState.DRAFT:
        agree = (voice.button("button.notice_confirm", "notice.confirm", number, notice.version),)
    return (
        (
            voice.button("button.notice_words", "notice.write", number),
            voice.button("button.notice_media", "notice.files", number),
        ),
        (
            voice.button("button.notice_whom", "notice.whom", number),
            voice.button("button.notice_time", "notice.time", number),
        ),
        (
            voice.button("button.notice_kind", "notice.kinds", number),
            voice.button("button.notice_valid", "notice.valid", number),
        ),
        (
            _toggle("button.notice_urgent", "urgent", notice, voice),
            _toggle("button.notice_wants_read", "wants_read", notice, voice),
        ),
        (
            _toggle("button.notice_remind_once", "remind", notice, voice),
            _toggle("button.notice_answerable", "answerable", notice, voice),
            _toggle("button.notice_link_preview", "link_preview", notice, voice),
        ),
        (
            _toggle("button.notice_to_people", "to_people", notice, voice),
            _toggle("button.notice_to_groups", "to_groups", notice, voice),
        ),
        (
            voice.button("button.notice_preview", "notice.preview", number),
            voice.button("button.notice_list", "notice.list", number),
        ),
        *((agree,) if agree else ()),
        (
            voice.button("button.template_save", "template.save", number),
            voice.button("button.notice_drop", "notice.stop", number),
        ),
    )


def surely(facts: NoticeCard, what: str, *, voice: Voice) -> Message:
    """Asked once more before what cannot be taken back. ``what``: "withdraw" or "stop"."""
    notice = facts.notice
    question, button, verb = {
        "withdraw": ("notice.sure_withdraw", "button.notice_withdraw_yes", "notice.withdrawyes"),
        "stop": ("notice.sure_stop", "button.notice_stop_yes", "notice.stopyes"),
    }[what]
    return Message(
        card(heading(facts, voice), voice.say(question, sent=facts.fares.sent, ahead=facts.fares.ahead)),
        keyboard=(
            (
                voice.button(button, verb, notice.id),
                voice.button("button.notice_back", "notice.see", notice.id),
            ),
        ),
    )


def choose_language(facts: NoticeCard, *, voice: Voice) -> Message:
    """In which language to write."""
    number = facts.notice.id
    return Message(
        card(heading(facts, voice), _quotes(facts.notice, voice), voice.say("notice.which_language")),
        keyboard=(
            (
                voice.button("button.notice_zh", "notice.text", number, "zh"),
                voice.button("button.notice_en", "notice.text", number, "en"),
            ),
            (voice.button("button.notice_back", "notice.see", number),),
        ),
    )
