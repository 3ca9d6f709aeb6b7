"""What is held about somebody, as they read it: in numbers, what for, how long, and what they can do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from domain.base import Scalar
from domain.permissions import asked_again
from domain.privacy import OwnData
from views.message import Keyboard, Message, Upload
from views.people import consent
from views.safe import Html, line, plain
from views.voice import Voice, block, card

MOST_PLACES = 8


# --- the terms, asked again ---------------------------------------------------------------------------------------------


def consent_kind(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """The question as a card: when it is answered it says so."""
    actor = voice.reader.actor
    if actor is None or not asked_again(actor, voice.rules):
        return Message(voice.say("consent.thanks"))
    asked = consent(voice=voice, again=True)
    return Message(card(voice.on_top(params), asked.text), keyboard=asked.keyboard)


def go_on_kind(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """After the "yes": a way back into what somebody was filling in."""
    return Message(voice.say("consent.go_on"), keyboard=((voice.button("button.go_on", "consent.goon", 0),),))


def declined(*, voice: Voice) -> Message:
    """What a "no" means, and that everything can be erased by a press."""
    return Message(
        voice.say("consent.declined"),
        keyboard=(
            (voice.button("button.consent_yes", "consent.yes", voice.rules.consent_version),),
            (
                voice.button("button.export", "privacy.export", 0),
                voice.button("button.forget", "privacy.forget", 0),
            ),
        ),
    )


# --- what is held -------------------------------------------------------------------------------------------------------


def own_data(data: OwnData, *, voice: Voice) -> Message:
    """All of it in numbers, who sees it and for how long, and what can be done."""
    return Message(
        card(
            voice.say("privacy.title"),
            profile(data, voice=voice),
            counts(data, voice=voice),
            voice.say("privacy.who_sees"),
            how_long(voice=voice),
        ),
        keyboard=(
            (
                voice.button("button.export", "privacy.export", 0),
                voice.button("button.correct_own", "privacy.correct", 0),
            ),
            (voice.button("button.forget", "privacy.forget", 0),),
        ),
    )


def profile(data: OwnData, *, voice: Voice) -> Html:
    """Who they are to us, one line for each thing that is known."""
    nothing = voice.say("privacy.none")
    held = voice.say("list.comma").join(
        voice.say("privacy.role", role=voice.term("role", one.role), place=voice.place(one.place))
        for one in data.held[:MOST_PLACES]
    )
    lines = (
        (voice.say("label.name"), line(data.name, limit=64)),
        (voice.say("label.phone"), line(data.phone, limit=32) or nothing),
        (
            voice.say("privacy.home"),
            Html(f"{voice.place(data.place)} {line(data.flat, limit=40)}".strip()) or nothing,
        ),
        (voice.say("privacy.language"), voice.say("privacy.language_name")),
        (voice.say("privacy.telegram"), Html(f"<code>{data.telegram_id}</code>")),
        (voice.say("privacy.number"), line(data.number, limit=40)),
        (voice.say("privacy.proxy"), line(data.proxy, limit=64)),
        (voice.say("privacy.roles"), Html(held)),
        (voice.say("privacy.branch"), line(data.branch, limit=80)),
        (voice.say("privacy.skills"), _named(data.skills, voice.skill, voice)),
        (voice.say("privacy.tags"), _named(data.tags, voice.tag, voice)),
        (voice.say("privacy.muted"), _named(data.muted, voice.notice_kind, voice)),
        (voice.say("privacy.consent"), _consent(data, voice)),
    )
    return block(*(voice.say("check.line", label=label, value=value) for label, value in lines if value))


def _named(codes: tuple[str, ...], name: Callable[[str], Html], voice: Voice) -> Html:
    return line(voice.say("list.comma").join(plain(name(code)) for code in codes), limit=200)


def _consent(data: OwnData, voice: Voice) -> Html:
    if data.consent_version is None or data.consent_at is None:
        return voice.say("privacy.none")
    return voice.say("privacy.consented", version=data.consent_version, when=voice.when(data.consent_at))


def counts(data: OwnData, *, voice: Voice) -> Html:
    """How much of each kind there is."""
    return block(
        voice.say("privacy.requests", count=data.requests, running=data.open_requests),
        voice.say("privacy.words", count=data.words, files=data.files),
        voice.say("privacy.tasks", count=data.tasks, pairings=data.pairings),
        voice.say("privacy.points", honour=voice.points(data.honour), spendable=voice.points(data.spendable)),
        voice.say("privacy.waiting", count=data.waiting),
        voice.say("privacy.steps", count=data.steps),
    )


def how_long(*, voice: Voice) -> Html:
    """The retention that is set, in plain words."""
    kept = voice.rules.retention
    return voice.say(
        "privacy.how_long",
        words=span(kept.closed_request_words, voice=voice),
        answers=span(kept.notice_answers, voice=voice),
        leave=span(kept.leave_reasons, voice=voice),
        messages=span(kept.inbox_payloads, voice=voice),
        drafts=span(kept.drafts, voice=voice),
        trail=span(kept.audit, voice=voice),
    )


def span(days: int, *, voice: Voice) -> Html:
    """A number of days; 0 is for ever."""
    return voice.say("privacy.days", count=days) if days else voice.say("privacy.forever")


def exported(upload: Upload, *, voice: Voice) -> Message:
    """The file, and what it is."""
    return Message(voice.say("privacy.exported"), upload=upload)


def corrections(*, voice: Voice) -> Message:
    """What can be put right here."""
    return Message(
        voice.say("privacy.correct"),
        keyboard=(
            (
                voice.button("button.own_name", "privacy.put", 0, "name"),
                voice.button("button.own_phone", "privacy.put", 0, "phone"),
            ),
            (
                voice.button("button.own_home", "unit.pick", 0),
                voice.button("button.own_flat", "privacy.put", 0, "flat"),
            ),
            (voice.button("menu.language", "menu.open", 0, "language"),),
            (voice.button("button.back", "privacy.see", 0),),
        ),
    )


# --- forgetting ---------------------------------------------------------------------------------------------------------


def forget(data: OwnData, *, voice: Voice) -> Message:
    """The first question."""
    return Message(voice.say("privacy.forget"), keyboard=_two("button.forget_on", "privacy.surely", voice))


def forget_surely(data: OwnData, *, voice: Voice) -> Message:
    """The second: what goes, what stays, and that there is no way back."""
    return Message(
        card(
            voice.say("privacy.forget_surely"),
            voice.say("privacy.forget_goes", count=data.requests, files=data.files),
            voice.say("privacy.forget_running", count=data.open_requests) if data.open_requests else "",
            voice.say("privacy.forget_stays"),
        ),
        keyboard=_two("button.forget_yes", "privacy.forgetyes", voice),
    )


def _two(key: str, verb: str, voice: Voice) -> Keyboard:
    return ((voice.button("button.forget_no", "privacy.see", 0),), (voice.button(key, verb, 0),))
