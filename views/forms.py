"""Forms as people read them: each step's question with its buttons, and the summary before anything is passed on.

Which steps a form has, in what order, and what an answer may be, is the handlers'. Here is how each is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.base import Scalar
from domain.pairings import NEEDS
from domain.queries import Page, PersonRow, Place, UnitLevel, Words
from domain.rulebook import Category
from domain.unit_pages import UnitLine
from domain.units import BRANCH, kinds_below
from views import checkins, trail
from views.catalogue import LANGUAGES, Texts
from views.message import Button, Keyboard, Message
from views.pairings import cadence
from views.people import level_buttons
from views.safe import Html, line, plain, words
from views.units import ZONES
from views.voice import Voice, block, card, press, rows

MINUTES = (15, 30, 45, 60, 90, 120)
CADENCES = (7, 14, 30)
FIRST_DAYS = (0, 1, 3, 7)

_WORDS = {
    "skip": "button.skip",
    "back": "button.back",
    "cancel": "button.cancel",
    "done": "button.done_adding",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One step to be asked. ``version`` is the draft's, for the buttons; ``wrong`` why the last answer was not taken.

    ``first``: there is no step to go back to. ``choices``: what a query gave to choose from at this step.
    """

    form: str
    step: str
    version: int
    answers: Mapping[str, Any] = field(default_factory=dict)
    first: bool = False
    skippable: bool = False
    wrong: str = ""
    wrong_params: Mapping[str, Scalar] = field(default_factory=dict)
    choices: object = None


QUESTIONS: Mapping[tuple[str, str], str] = {
    ("request", "words"): "ask.words",
    ("request", "category"): "ask.category",
    ("request", "urgency"): "ask.urgency",
    ("request", "about"): "ask.about",
    ("request", "private"): "ask.private",
    ("request", "hide"): "ask.hide",
    ("request", "flat"): "ask.flat",
    ("request", "name"): "ask.name",
    ("request", "phone"): "ask.phone",
    ("proxy", "for_name"): "ask.proxy_name",
    ("proxy", "unit"): "ask.proxy_unit",
    ("proxy", "flat"): "ask.proxy_flat",
    ("proxy", "phone"): "ask.proxy_phone",
    ("proxy", "words"): "ask.proxy_words",
    ("proxy", "category"): "ask.category",
    ("proxy", "urgency"): "ask.urgency",
    ("proxy", "about"): "ask.about",
    ("proxy", "private"): "ask.private",
    ("proxy", "hide"): "ask.hide",
    ("decline", "reason"): "ask.decline_reason",
    ("ask_resident", "reason"): "ask.resident_question",
    ("add", "words"): "ask.add",
    ("unsolved", "reason"): "ask.unsolved_reason",
    ("letter", "words"): "ask.letter",
    ("release", "reason"): "ask.release_reason",
    ("report", "minutes"): "ask.minutes",
    ("report", "wellbeing"): "ask.wellbeing",
    ("report", "note"): "ask.note",
    ("own_name", "name"): "ask.own_name",
    ("own_phone", "phone"): "ask.own_phone",
    ("own_flat", "flat"): "ask.own_flat",
    ("pairing", "resident"): "ask.pairing_resident",
    ("pairing", "unit"): "ask.pairing_unit",
    ("pairing", "flat"): "ask.pairing_flat",
    ("pairing", "member"): "ask.pairing_member",
    ("pairing", "need"): "ask.pairing_need",
    ("pairing", "cadence"): "ask.pairing_cadence",
    ("pairing", "day"): "ask.pairing_day",
    ("pairing", "notes"): "ask.pairing_notes",
    ("unit", "unit_kind"): "ask.unit_kind",
    ("unit", "unit_name"): "ask.unit_name",
    ("unit", "unit_name_en"): "ask.unit_name_en",
    ("unit", "unit_code"): "ask.unit_code",
    ("unit_name", "unit_name"): "ask.unit_new_name",
    ("unit_name", "unit_name_en"): "ask.unit_new_name_en",
    ("unit_alias", "unit_alias"): "ask.unit_alias",
    ("unit_zone", "unit_zone"): "ask.unit_zone",
    ("trail", "who"): "ask.trail_who",
    ("trail", "request"): "ask.trail_request",
    ("trail", "where"): "ask.trail_where",
    ("trail", "what"): "ask.trail_what",
    ("trail", "on"): "ask.trail_on",
    ("checkin", "unit"): "ask.checkin_unit",
    ("checkin", "branch"): "ask.checkin_branch",
    ("checkin", "skills"): "ask.checkin_skills",
    ("checkin", "free"): "ask.checkin_free",
    ("checkin_branch", "branch"): "ask.checkin_branch",
    ("checkin_skills", "skills"): "ask.checkin_skills",
    ("checkin_joined", "joined"): "ask.checkin_joined",
    ("checkin_free", "free"): "ask.checkin_free",
    ("checkin_renew", "branch"): "ask.checkin_renew",
    ("checkin_return", "reason"): "ask.checkin_return",
    ("confirmation", "words"): "ask.confirmation",
    ("notice", "in_name"): "ask.notice_unit",
    ("notice", "text"): "ask.notice_words",
    ("notice", "words"): "ask.notice_files",
    ("notice_text", "text"): "ask.notice_text",
    ("lesson", "words"): "ask.notice_files",
    ("notice_files", "words"): "ask.notice_files",
    ("notice_time", "moment"): "ask.notice_time",
    ("notice_time", "repeat"): "ask.notice_repeat",
    ("notice_valid", "last_day"): "ask.notice_valid",
    ("notice_answer", "words"): "ask.notice_answer",
    ("notices", "sought"): "ask.notices_words",
    ("thread", "text"): "ask.thread",
    ("meeting_minutes", "words"): "ask.meeting_minutes",
    ("template", "name"): "ask.template_name",
    ("template_name", "name"): "ask.template_name",
}
"""How each step of each form is asked."""
_IN_A_LANGUAGE = frozenset({"ask.notice_text"})
"""What is asked for words in one language, by that language."""
_COLLECTING = frozenset({"words", "note"})


def prompt(asked: Prompt, *, voice: Voice) -> Message:
    """The question of one step. Raises KeyError for a step no form here has."""
    key = QUESTIONS[asked.form, asked.step]
    own_phone = (asked.form, asked.step) == ("request", "phone")
    got = _collected(asked, voice) if asked.step in _COLLECTING else Html("")
    if key in _IN_A_LANGUAGE:
        said = voice.term(key, f"in_{asked.answers.get('language', 'zh')}")
    else:
        said = voice.say(key, number=asked.answers.get("request_id") or asked.answers.get("task_id") or 0)
    text = card(f"<b>{voice.say(asked.wrong, **asked.wrong_params)}</b>" if asked.wrong else "", got or said)
    if own_phone:
        # A message has one keyboard only, and the button that shares a number lives on the other one.
        turns = _turns(asked)
        return Message(
            text,
            contact_button=plain(voice.say("button.share_phone")),
            word_buttons=tuple(plain(voice.say(_WORDS[turn])) for turn in turns),
        )
    choices = _CHOICES.get(asked.step)
    return Message(
        text,
        keyboard=(*(choices(asked, voice) if choices else ()), *turning(asked, voice, collected=bool(got))),
        remove_keyboard=False,
    )


def _turns(asked: Prompt) -> tuple[str, ...]:
    return (
        *(("skip",) if asked.skippable else ()),
        *(() if asked.first else ("back",)),
        "cancel",
    )


def turning(asked: Prompt, voice: Voice, *, collected: bool = False) -> Keyboard:
    """The row under every question: on without an answer, back, give up."""
    done = ((voice.button("button.done_adding", "form.done", asked.version),),) if collected else ()
    turns = [turn for turn in _turns(asked) if not (collected and turn == "skip")]
    return (*done, tuple(voice.button(_WORDS[turn], f"form.{turn}", asked.version) for turn in turns))


def _collected(asked: Prompt, voice: Voice) -> Html:
    said = said_in(asked.answers.get("contents") or ())
    if not (said.text or said.parts):
        return Html("")
    return card(voice.quote(said, limit=1500), voice.say("ask.more"))


def said_in(contents: Sequence[Mapping[str, Any]]) -> Words:
    """The words among the parts of a draft, and how many other parts there are."""
    text = "\n".join(str(part["text"]) for part in contents if part.get("text"))
    return Words(text, sum(part.get("kind") != "text" for part in contents))


def word_of(text: str, *, texts: Texts) -> str | None:
    """ "skip", "back", "cancel" or "done" when ``text`` is that button's label in either language, else None."""
    folded = text.strip().casefold()
    for meaning, key in _WORDS.items():
        if any(folded == plain(texts.say(language, key)).casefold() for language in LANGUAGES):
            return meaning
    return None


# --- what there is to choose from -----------------------------------------------------------------------------------


def _categories(asked: Prompt, voice: Voice) -> Keyboard:
    return rows(
        (
            Button(plain(voice.category(found.code)), press("request.category", asked.version, found.code))
            for found in voice.rules.categories
        ),
        width=2,
    )


def _chosen_category(asked: Prompt, voice: Voice) -> Category | None:
    return voice.rules.category(str(asked.answers.get("category", "")))


def _urgencies(asked: Prompt, voice: Voice) -> Keyboard:
    category = _chosen_category(asked, voice)
    codes = category.urgencies if category else tuple(voice.rules.answer_hours)
    return tuple(
        (Button(plain(voice.term("urgency_why", code)), press("request.urgency", asked.version, code)),)
        for code in codes
    )


def _yes_no(verb: str, *, yes: str, no: str) -> Callable[[Prompt, Voice], Keyboard]:
    def choices(asked: Prompt, voice: Voice) -> Keyboard:
        return (
            (voice.button(no, verb, asked.version, "no"),),
            (voice.button(yes, verb, asked.version, "yes"),),
        )

    return choices


def _about(asked: Prompt, voice: Voice) -> Keyboard:
    return tuple(
        (Button(plain(voice.term("about", whom)), press("request.about", asked.version, whom)),)
        for whom in ("leader", "secretary")
    )


def _minutes(asked: Prompt, voice: Voice) -> Keyboard:
    return rows(
        (Button(plain(voice.span(count)), press("task.minutes", asked.version, count)) for count in MINUTES),
        width=3,
    )


def _wellbeing(asked: Prompt, voice: Voice) -> Keyboard:
    return tuple(
        (Button(plain(voice.term("wellbeing", how)), press("task.wellbeing", asked.version, how)),)
        for how in range(4, -1, -1)
    )


def _people(verb: str, *, turns: bool) -> Callable[[Prompt, Voice], Keyboard]:
    def choices(asked: Prompt, voice: Voice) -> Keyboard:
        page = asked.choices
        if not isinstance(page, Page):
            return ()
        buttons = tuple(
            (Button(_person(row, voice), press(verb, asked.version, row.id)),) for row in page.rows
        )
        turning = tuple(
            voice.button(key, "pairing.members", asked.version, number)
            for key, number in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
            if 1 <= number <= page.pages
        )
        return (*buttons, turning) if turns and turning else buttons

    return choices


def _person(row: PersonRow, voice: Voice) -> str:
    return plain(
        f"{line(row.name, limit=30)} · {voice.place(row.place)} {line(row.flat, limit=16)}".strip(" ·")
    )


def _units(asked: Prompt, voice: Voice) -> Keyboard:
    level = asked.choices
    if not isinstance(level, UnitLevel):
        return ()
    above = level.above
    here = (
        ((voice.button("button.here", f"{asked.form}.here", asked.version, above.id),),)
        if above and above.has_homes
        else ()
    )
    up = (
        ((voice.button("button.up", f"{asked.form}.unit", asked.version, level.parent_id),),) if above else ()
    )
    return (*level_buttons(level, f"{asked.form}.unit", voice=voice, version=asked.version), *here, *up)


def _needs(asked: Prompt, voice: Voice) -> Keyboard:
    return rows(
        (
            Button(plain(voice.term("need", need)), press("pairing.need", asked.version, need))
            for need in NEEDS
        ),
        width=2,
    )


def _cadences(asked: Prompt, voice: Voice) -> Keyboard:
    buttons = (
        Button(plain(cadence(days, voice=voice)), press("pairing.cadence", asked.version, days))
        for days in CADENCES
    )
    return (tuple(buttons),)


def _days(asked: Prompt, voice: Voice) -> Keyboard:
    buttons = (
        Button(
            plain(voice.day(date.fromordinal(voice.today.toordinal() + days))),
            press("pairing.day", asked.version, days),
        )
        for days in FIRST_DAYS
    )
    return rows(buttons, width=2)


def _unit_kinds(asked: Prompt, voice: Voice) -> Keyboard:
    kinds = kinds_below(str(asked.answers.get("parent_kind") or BRANCH))
    return tuple(
        (Button(plain(voice.term("unit_kind", kind)), press("org.kind", asked.version, kind)),)
        for kind in kinds
    )


def _zones(asked: Prompt, voice: Voice) -> Keyboard:
    # A zone's name holds a stroke, which callback data does not: the place in the list stands for it.
    named = rows(
        (Button(zone, press("org.pickzone", asked.version, number)) for number, zone in enumerate(ZONES)),
        width=2,
    )
    return (*named, (voice.button("button.org_inherit", "org.pickzone", asked.version, "above"),))


def _branches(asked: Prompt, voice: Voice) -> Keyboard:
    return checkins.branch_buttons(asked.answers.get("branch"), version=asked.version, voice=voice)


def _joined(asked: Prompt, voice: Voice) -> Keyboard:
    known = bool(asked.answers.get("joined"))
    return checkins.joined_buttons(known=known, version=asked.version, voice=voice)


def _skills(asked: Prompt, voice: Voice) -> Keyboard:
    return checkins.skill_buttons(asked.answers.get("skills") or (), version=asked.version, voice=voice)


def _free(asked: Prompt, voice: Voice) -> Keyboard:
    by_day = bool(asked.answers.get("by_day"))
    chosen = asked.answers.get("free") or ()
    return checkins.free_buttons(chosen, by_day=by_day, version=asked.version, voice=voice)


def _in_name(asked: Prompt, voice: Voice) -> Keyboard:
    rows_ = asked.choices if isinstance(asked.choices, tuple) else ()
    return rows(
        (
            Button(plain(voice.place(row.place)), press("notice.unit", asked.version, row.id))
            for row in rows_
            if isinstance(row, UnitLine)
        ),
        width=2,
    )


def _at_once(asked: Prompt, voice: Voice) -> Keyboard:
    return ((voice.button("button.notice_now", "notice.now", asked.version),),)


def _repeats(asked: Prompt, voice: Voice) -> Keyboard:
    return tuple(
        (voice.button(key, "notice.repeat", asked.version, how),)
        for key, how in (
            ("button.notice_once", "once"),
            ("button.notice_weekly", "weekly"),
            ("button.notice_monthly", "monthly"),
        )
    )


def _spans(asked: Prompt, voice: Voice) -> Keyboard:
    return tuple(
        (voice.button(key, "notice.validfor", asked.version, days),)
        for key, days in (
            ("button.notice_week", 7),
            ("button.notice_month", 30),
            ("button.notice_always", 0),
        )
    )


_CHOICES: Mapping[str, Callable[[Prompt, Voice], Keyboard]] = {
    "category": _categories,
    "urgency": _urgencies,
    "about": _about,
    "private": _yes_no("request.private", yes="button.private_yes", no="button.private_no"),
    "hide": _yes_no("request.hide", yes="button.hide_yes", no="button.hide_no"),
    "minutes": _minutes,
    "wellbeing": _wellbeing,
    "resident": _people("pairing.resident", turns=False),
    "member": _people("pairing.member", turns=True),
    "unit": _units,
    "need": _needs,
    "cadence": _cadences,
    "day": _days,
    "unit_kind": _unit_kinds,
    "unit_zone": _zones,
    "in_name": _in_name,
    "moment": _at_once,
    "repeat": _repeats,
    "last_day": _spans,
    "who": lambda asked, voice: trail.people(asked.choices, version=asked.version, voice=voice),
    "where": lambda asked, voice: trail.units(asked.choices, version=asked.version, voice=voice),
    "what": lambda asked, voice: trail.kinds(version=asked.version, voice=voice),
    "on": lambda asked, voice: trail.days(version=asked.version, voice=voice),
    "branch": _branches,
    "joined": _joined,
    "skills": _skills,
    "free": _free,
}


# --- before it is passed on -----------------------------------------------------------------------------------------


def check(form: str, answers: Mapping[str, Any], *, version: int, voice: Voice) -> Message:
    """The summary: everything that will be passed on, and one button that does it."""
    lines = _pairing_lines(answers, voice) if form == "pairing" else _request_lines(answers, voice)
    submit = ("button.pair", "form.submit") if form == "pairing" else ("button.submit", "request.submit")
    said = said_in(answers.get("contents") or ())
    return Message(
        card(
            voice.say("check.pairing" if form == "pairing" else "check.request"),
            voice.quote(said, limit=1500),
            block(*lines),
            voice.say("check.what_next") if form != "pairing" else "",
        ),
        keyboard=(
            (voice.button(*submit, version),),
            (
                voice.button("button.back", "form.back", version),
                voice.button("button.cancel", "form.cancel", version),
            ),
        ),
    )


def _labelled(voice: Voice, *pairs: tuple[str, Html | str]) -> list[Html]:
    return [voice.say("check.line", label=voice.say(key), value=value) for key, value in pairs if value]


def _place(answers: Mapping[str, Any], voice: Voice) -> Html:
    return voice.place(Place(str(answers.get("unit_zh") or ""), str(answers.get("unit_en") or "")))


def _request_lines(answers: Mapping[str, Any], voice: Voice) -> list[Html]:
    code = str(answers.get("category") or "")
    category = voice.rules.category(code)
    always = category is not None and category.always_private
    about = answers.get("about")
    return _labelled(
        voice,
        ("label.category", voice.category(code) if code else ""),
        ("label.urgency", voice.term("urgency", answers["urgency"]) if answers.get("urgency") else ""),
        ("label.about", voice.term("about", about) if about else ""),
        ("label.who_sees", voice.say("check.private" if always or answers.get("private") else "check.open")),
        ("label.name_hidden", voice.say("check.name_hidden") if answers.get("name_hidden") else ""),
        ("label.name", line(str(answers.get("name") or ""), limit=64)),
        ("label.place", _place(answers, voice)),
        ("label.flat", line(str(answers.get("flat") or ""), limit=40)),
        ("label.phone", line(str(answers.get("phone") or ""), limit=32)),
    )


def _pairing_lines(answers: Mapping[str, Any], voice: Voice) -> list[Html]:
    day = answers.get("first_due_on")
    return _labelled(
        voice,
        ("label.resident", line(str(answers.get("resident_name") or ""), limit=64)),
        ("label.place", _place(answers, voice)),
        ("label.flat", line(str(answers.get("flat") or ""), limit=40)),
        ("label.member", line(str(answers.get("member_name") or ""), limit=64)),
        ("label.need", voice.term("need", answers["need"]) if answers.get("need") else ""),
        (
            "label.cadence",
            cadence(int(answers["cadence_days"]), voice=voice) if answers.get("cadence_days") else "",
        ),
        ("label.first_day", voice.day(date.fromisoformat(str(day))) if day else ""),
        ("label.notes", words(str(answers.get("notes") or ""), limit=500)),
    )


def pass_on(answers: Mapping[str, Any], *, version: int, voice: Voice) -> Message:
    """Something was sent out of the blue: shall it be passed on?"""
    return _offer(
        card(voice.say("ask.pass_on"), voice.quote(said_in(answers.get("contents") or ()), limit=1500)),
        version,
        voice,
    )


def pass_on_kind(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """The same for words that were kept while somebody arrived; as a stored message it cannot repeat them."""
    return _offer(voice.say("ask.pass_on_kept"), int(params["version"] or 0), voice)


def _offer(text: Html, version: int, voice: Voice) -> Message:
    return Message(
        text,
        keyboard=(
            (
                voice.button("button.pass_on", "request.pass", version),
                voice.button("button.not_now", "form.cancel", version),
            ),
        ),
    )
