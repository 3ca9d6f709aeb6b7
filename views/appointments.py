"""Appointments as people read them: the form that grants one, the one that names a deputy, and what is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain.base import Role, Scalar
from domain.people_seen import AppointmentFacts
from views.forms import Prompt
from views.message import Button, Keyboard, Message
from views.rosterforms import labelled, place_in, question
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press

AWAY_DAYS = (7, 14, 30)


def roles(asked: Prompt, voice: Voice) -> Keyboard:
    """The roles that this reader may give somewhere."""
    codes = asked.choices if isinstance(asked.choices, tuple) else ()
    return tuple(
        (Button(plain(voice.term("role", Role(code))), press("appoint.role", asked.version, code)),)
        for code in codes
    )


def starts(asked: Prompt, voice: Voice) -> Keyboard:
    """From today, from tomorrow; any other day is typed."""
    return (
        tuple(
            voice.button(key, f"{asked.form}.from", asked.version, days)
            for key, days in (("button.from_today", 0), ("button.from_tomorrow", 1))
        ),
    )


def ends(asked: Prompt, voice: Voice) -> Keyboard:
    """For good, or for the usual terms; any other day is typed."""
    return (
        (voice.button("button.until_ended", "appoint.until", asked.version, "none"),),
        (
            voice.button("button.one_year", "appoint.until", asked.version, "1y"),
            voice.button("button.three_years", "appoint.until", asked.version, "3y"),
        ),
    )


def away_until(asked: Prompt, voice: Voice) -> Keyboard:
    """For how long one is away."""
    return (
        tuple(
            voice.button("button.days", "deputy.until", asked.version, days, count=days) for days in AWAY_DAYS
        ),
    )


def summary(asked: Prompt, voice: Voice) -> Message:
    """The appointment, before it is made."""
    answers = asked.answers
    role = answers.get("role")
    lines = labelled(
        voice,
        ("label.name", line(str(answers.get("who") or ""), limit=64)),
        ("label.role", voice.term("role", role) if role else ""),
        ("label.place", place_in(answers, voice)),
        ("label.from", _day(answers.get("from"), voice) or voice.say("term.now")),
        ("label.until", _day(answers.get("until"), voice) or voice.say("term.open")),
    )
    return question(
        asked,
        card(voice.say("check.appointment"), block(*lines)),
        voice,
        ((voice.button("button.appoint", "form.submit", asked.version),),),
    )


def deputy_summary(asked: Prompt, voice: Voice) -> Message:
    """Who stands in, and until when."""
    answers = asked.answers
    lines = labelled(
        voice,
        ("label.deputy", line(str(answers.get("deputy") or ""), limit=64)),
        ("label.from", _day(answers.get("from"), voice) or voice.say("term.now")),
        ("label.until", _day(answers.get("until"), voice)),
    )
    return question(
        asked,
        card(voice.say("check.deputy"), block(*lines)),
        voice,
        ((voice.button("button.name_deputy", "form.submit", asked.version),),),
    )


def _day(day: object, voice: Voice) -> Html:
    return voice.day(date.fromisoformat(str(day))) if day else Html("")


def sure_to_end(facts: AppointmentFacts, *, voice: Voice) -> Message:
    """Ended at once, and what becomes of open work."""
    return Message(
        voice.say(
            "appoint.sure_to_end",
            name=line(facts.name, limit=40),
            role=voice.term("role", facts.role),
            place=voice.place(facts.place),
        ),
        keyboard=(
            (voice.button("button.end_yes", "person.endyes", facts.id),),
            (voice.button("button.end_no", "person.see", facts.person_id),),
        ),
    )


def told(params: Mapping[str, Scalar], facts: AppointmentFacts, voice: Voice) -> Message:
    """One of the things that are told of an appointment."""
    what = str(params.get("what") or "granted")
    said = voice.texts.say(
        voice.reader.language,
        f"appointment_told.{what}",
        name=line(facts.name, limit=40),
        role=voice.term("role", facts.role),
        place=voice.place(facts.place),
        starts=voice.day(facts.starts_on),
        ends=voice.day(facts.ends_on) if facts.ends_on else voice.say("term.open"),
        absent=line(facts.stands_in_for, limit=40),
    )
    until = what in ("granted", "coming") and facts.ends_on is not None
    return Message(
        block(
            said,
            voice.say("term.told_until", ends=voice.day(facts.ends_on)) if until and facts.ends_on else "",
        ),
        keyboard=_buttons(what, facts, voice),
    )


def _buttons(what: str, facts: AppointmentFacts, voice: Voice) -> Keyboard:
    if what in ("granted", "deputy"):
        return ((voice.button("button.menu", "menu.open", 0, "menu"),),)
    if what in ("ended_other", "ending_other"):
        return ((voice.button("button.see_person", "person.see", facts.person_id),),)
    return ()
