"""Check-ins as the member and the secretary read them: the form's choices, both cards, news, and the branch's letter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from domain.base import Role, Scalar
from domain.checkins.shapes import UNDER_WAY, CheckinState
from domain.checkins.shown import CheckinFacts
from domain.queries import Appointed, Part, Place, Words
from domain.spare_time import DAYS, PARTS, SETS, in_short
from views.desk import who_and_where
from views.message import Button, Keyboard, Media, Message
from views.rights import rights_and_duty
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press, rows

BRANCH_SHOWN = 64

# --- the form -------------------------------------------------------------------------------------------------------


def branch_buttons(present: str | None, *, version: int, voice: Voice) -> Keyboard:
    """The branch as it was, and "right here"."""
    here = (voice.button("button.checkin_here", "checkin.branch", version, "here"),)
    if present is None:
        return (here,)
    label = plain(voice.say("checkin.keep_branch", branch=branch(present, voice=voice)))
    kept = (Button(label, press("checkin.branch", version, "keep")),)
    return (kept, here) if present else (kept,)


def joined_buttons(*, known: bool, version: int, voice: Voice) -> Keyboard:
    """The way to take the day back, for who has told it."""
    return ((voice.button("button.checkin_unjoined", "checkin.joined", version, "none"),),) if known else ()


def _marked(label: str, *, chosen: bool) -> str:
    return f"✓ {label}" if chosen else label


def skill_buttons(chosen: Collection[str], *, version: int, voice: Voice) -> Keyboard:
    """All there are, those chosen marked, and one button that goes on."""
    buttons = (
        Button(
            _marked(plain(voice.skill(skill.code)), chosen=skill.code in chosen),
            press("checkin.skill", version, skill.code),
        )
        for skill in voice.rules.skills
    )
    return (*rows(buttons, width=2), (voice.button("button.checkin_enough", "checkin.enough", version),))


def free_buttons(chosen: Collection[str], *, by_day: bool, version: int, voice: Voice) -> Keyboard:
    """The usual sets, or every part of every day."""
    go_on = (voice.button("button.checkin_enough", "checkin.enough", version),)
    if by_day:
        slots = (
            Button(
                _marked(plain(_slot(slot, voice)), chosen=slot in chosen),
                press("checkin.free", version, slot),
            )
            for slot in (f"{day}_{part}" for day in DAYS for part in PARTS)
        )
        turn = (voice.button("button.checkin_sets", "checkin.free", version, "sets"),)
        return (*rows(slots, width=len(PARTS)), turn, go_on)
    whole, _ = in_short(chosen)
    sets = (
        Button(
            _marked(plain(voice.term("free", name)), chosen=name in whole),
            press("checkin.free", version, name),
        )
        for name in SETS
    )
    return (
        *rows(sets, width=2),
        (voice.button("button.checkin_days", "checkin.free", version, "days"),),
        go_on,
    )


def check(answers: Mapping[str, Any], *, version: int, voice: Voice) -> Message:
    """Everything answered, before it goes to the secretary."""
    place = Place(str(answers.get("unit_zh") or ""), str(answers.get("unit_en") or ""))
    return Message(
        card(
            voice.say("check.checkin"),
            _lines(
                voice.place(place),
                str(answers.get("branch") or ""),
                answers.get("skills") or (),
                answers.get("free") or (),
                voice,
            ),
            voice.say("check.checkin_next"),
        ),
        keyboard=(
            (voice.button("button.checkin_submit", "form.submit", version),),
            (
                voice.button("button.back", "form.back", version),
                voice.button("button.cancel", "form.cancel", version),
            ),
        ),
    )


# --- pieces -----------------------------------------------------------------------------------------------------------


def branch(words: str, *, voice: Voice) -> Html:
    """The member's own branch or workplace."""
    return line(words, limit=BRANCH_SHOWN) if words else voice.say("checkin.branch_here")


def skills(codes: Collection[str], *, voice: Voice) -> Html:
    """Skills by name."""
    return _joined([voice.skill(code) for code in codes], voice)


def free(slots: Collection[str], *, voice: Voice) -> Html:
    """When somebody is free, in few words."""
    whole, others = in_short(slots)
    return _joined(
        [voice.term("free", name) for name in whole] + [_slot(slot, voice) for slot in others], voice
    )


def _joined(names: Sequence[Html], voice: Voice) -> Html:
    return Html(voice.say("list.comma").join(names)) if names else voice.say("checkin.none_named")


def _slot(slot: str, voice: Voice) -> Html:
    day, part = slot.split("_")
    return voice.say("checkin.slot", day=voice.term("weekday", day), part=voice.term("daypart", part))


def _lines(
    place: Html, its_branch: str, its_skills: Collection[str], its_free: Collection[str], voice: Voice
) -> Html:
    return block(
        voice.say("check.line", label=voice.say("label.checkin_place"), value=place) if place else "",
        voice.say("check.line", label=voice.say("label.branch"), value=branch(its_branch, voice=voice)),
        voice.say("check.line", label=voice.say("label.skills"), value=skills(its_skills, voice=voice)),
        voice.say("check.line", label=voice.say("label.free"), value=free(its_free, voice=voice)),
    )


def _answers(facts: CheckinFacts, voice: Voice) -> Html:
    joined = voice.written_day(facts.joined_on) if facts.joined_on else Html("")
    return block(
        _lines(voice.place(facts.place), facts.branch, facts.skills, facts.free, voice),
        voice.say("check.line", label=voice.say("label.joined"), value=joined) if joined else "",
    )


def _term(facts: CheckinFacts, voice: Voice) -> Html:
    if facts.since is None or facts.valid_until is None:
        return Html("")
    return voice.say(
        "checkin.term", since=voice.day(voice.local_day(facts.since)), until=voice.day(facts.valid_until)
    )


def _papers(facts: CheckinFacts, voice: Voice) -> Html:
    return voice.say("checkin.papers", count=facts.papers) if facts.papers else Html("")


def _see_papers(facts: CheckinFacts, voice: Voice) -> Keyboard:
    return ((voice.button("button.checkin_papers", "checkin.papers", facts.id),),) if facts.papers else ()


# --- the member's -----------------------------------------------------------------------------------------------------


def own_card(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """Where one's own check-in stands, and what can be done about it."""
    return Message(
        card(
            voice.on_top(params),
            block(
                f"<b>{voice.term('state.checkin', facts.state)}</b>",
                _next(facts, voice),
                _term(facts, voice) if facts.serving else "",
            ),
            voice.quote(Words(facts.question), limit=1000) if facts.state is CheckinState.RETURNED else "",
            _answers(facts, voice),
            _papers(facts, voice),
        ),
        keyboard=_own_buttons(facts, voice),
    )


def _next(facts: CheckinFacts, voice: Voice) -> Html:
    match facts.state:
        case CheckinState.ASKED:
            return voice.say("checkin.next_renewal" if facts.serving else "checkin.next_asked")
        case CheckinState.RETURNED:
            return voice.say("checkin.next_returned")
        case CheckinState.APPROVED if not facts.serving:
            return voice.say("checkin.next_ended")
        case CheckinState.APPROVED if facts.may_renew:
            return voice.say("checkin.next_renew")
        case _:
            return Html("")


def _own_buttons(facts: CheckinFacts, voice: Voice) -> Keyboard:
    number = facts.id
    leave = (voice.button("button.checkin_leave", "checkin.leave", number),)
    paper = (voice.button("button.checkin_hand_in", "checkin.confirm", number),)
    again = (voice.button("button.checkin_again", "menu.open", 0, "checkin"),)
    match facts.state:
        case CheckinState.ASKED | CheckinState.RETURNED:
            answer = (voice.button("button.checkin_answer", "menu.open", 0, "checkin"),)
            return (
                *((answer,) if facts.state is CheckinState.RETURNED else ()),
                paper,
                *_see_papers(facts, voice),
                (voice.button("button.checkin_withdraw", "checkin.withdraw", number),),
                *((leave,) if facts.serving else ()),
            )
        case CheckinState.APPROVED if facts.serving:
            changes = tuple(
                (voice.button(label, "checkin.change", number, what),)
                for label, what in (
                    ("button.checkin_skills", "skills"),
                    ("button.checkin_free", "free"),
                    ("button.checkin_branch", "branch"),
                    ("button.checkin_joined", "joined"),
                )
            )
            renew = ((voice.button("button.checkin_renew", "checkin.renew", number),),)
            letter = ((voice.button("button.checkin_letter", "checkin.letter", number),), paper)
            return (
                *(renew if facts.may_renew else ()),
                *changes,
                *(letter if facts.branch else ()),
                *_see_papers(facts, voice),
                leave,
            )
    return (again,)


def sure_to_leave(facts: CheckinFacts, *, voice: Voice) -> Message:
    """Asked once more, with what follows."""
    return Message(
        voice.say("checkin.leave_sure", place=voice.place(facts.place)),
        keyboard=(
            (
                voice.button("button.checkin_leave_yes", "checkin.leaveyes", facts.id),
                voice.button("button.checkin_stay", "checkin.stay", facts.id),
            ),
        ),
    )


def approved(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """For the new member: welcome, until when, what they may do now and what is asked of them."""
    return Message(
        card(
            voice.say("checkin.approved", place=voice.place(facts.place)),
            _term(facts, voice),
            rights_and_duty(Appointed(Role.MEMBER, facts.place), voice=voice),
        ),
        keyboard=(
            (voice.button("button.checkin_tasks", "menu.open", 0, "tasks"),),
            (voice.button("button.menu", "menu.open", 0, "menu"),),
        ),
    )


def returned(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """For the person: what is missing, word for word, and the way to answer."""
    return Message(
        card(voice.say("checkin.returned"), voice.quote(Words(facts.question), limit=1500)),
        keyboard=((voice.button("button.checkin_answer", "menu.open", 0, "checkin"),),)
        if facts.state is CheckinState.RETURNED
        else (),
    )


def ending(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """For the member: the last day is near."""
    until = voice.day(facts.valid_until) if facts.valid_until else Html("")
    return Message(
        voice.say("checkin.ending", place=voice.place(facts.place), day=until),
        keyboard=((voice.button("button.checkin_renew", "checkin.renew", facts.id),),)
        if facts.may_renew
        else (),
    )


def greeting(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """For the member, on their political birthday."""
    return Message(
        voice.say(
            "checkin.greeting",
            name=_name(facts),
            place=voice.place(facts.place),
            count=int(params.get("count") or 0),
        )
    )


def lapsed(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """For who was a member: it is over, what becomes of work in hand, and how to come back."""
    count = int(params.get("count") or 0)
    return Message(
        card(
            voice.say("checkin.lapsed", place=voice.place(facts.place)),
            voice.say("checkin.lapsed_tasks", count=count) if count else "",
        ),
        keyboard=((voice.button("button.checkin_again", "menu.open", 0, "checkin"),),),
    )


# --- the secretary's --------------------------------------------------------------------------------------------------


def checkin_card(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """Who it is, where they live, what they say of themselves; approve, or ask back."""
    return Message(
        card(
            voice.on_top(params),
            block(f"<b>{voice.say('checkin.title', number=facts.id)}</b>", _state(facts, voice)),
            who_and_where(facts.contact, voice.place(facts.home), voice=voice),
            _answers(facts, voice),
            _papers(facts, voice),
        ),
        keyboard=_card_buttons(facts, voice),
    )


def _state(facts: CheckinFacts, voice: Voice) -> Html:
    by = line(facts.decided_by, limit=40) or voice.say("someone")
    match facts.state:
        case CheckinState.ASKED:
            return block(
                voice.say("checkin.asked", when=voice.when(facts.asked_at)),
                voice.say("checkin.is_renewal") if facts.serving else "",
                voice.say("checkin.asked_before", question=line(facts.question, limit=300))
                if facts.question
                else "",
            )
        case CheckinState.RETURNED:
            return voice.say("checkin.returned_by", name=by, question=line(facts.question, limit=300))
        case CheckinState.APPROVED:
            return block(voice.say("checkin.approved_by", name=by), _term(facts, voice))
    return voice.term("state.checkin", facts.state)


def _card_buttons(facts: CheckinFacts, voice: Voice) -> Keyboard:
    papers = _see_papers(facts, voice) if facts.state in UNDER_WAY else ()
    if facts.state is not CheckinState.ASKED:
        return papers
    return (
        (
            voice.button("button.checkin_approve", "checkin.approve", facts.id, facts.version),
            voice.button("button.checkin_return", "checkin.sendback", facts.id, facts.version),
        ),
        *papers,
    )


def renewed(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """For the secretary: one line."""
    until = voice.day(facts.valid_until) if facts.valid_until else Html("")
    return Message(voice.say("checkin.renewed", name=_name(facts), place=voice.place(facts.place), day=until))


def left(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """For the secretary: who is no longer a member here, and whether somebody they looked after is without a helper."""
    return Message(_gone("checkin.left", params, facts, voice))


def lapsed_member(params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Message:
    """The same for one whose time ran out."""
    return Message(_gone("checkin.lapsed_member", params, facts, voice))


def _gone(key: str, params: Mapping[str, Scalar], facts: CheckinFacts, voice: Voice) -> Html:
    pairs = int(params.get("pairs") or 0)
    return block(
        voice.say(key, name=_name(facts), place=voice.place(facts.place)),
        voice.say("checkin.pairs_left", count=pairs) if pairs else "",
    )


def _name(facts: CheckinFacts) -> Html:
    return line(facts.name, limit=40)


def papers(parts: Sequence[Part], *, voice: Voice) -> tuple[Message, ...]:
    """The confirmations handed in, one message each, as they came."""
    if not parts:
        return (Message(voice.say("checkin.no_papers")),)
    return tuple(
        Message(
            voice.say("checkin.paper", when=voice.when(part.at) if part.at else ""),
            media=(Media(part.kind, part.file_id),),
        )
        for part in parts
    )


# --- for the home branch ----------------------------------------------------------------------------------------------


def confirmation_lines(facts: CheckinFacts, *, voice: Voice) -> tuple[str, ...]:
    """A letter to the member's own branch as plain lines, "" for an empty one: to be printed, signed and sent back."""
    day = voice.written_day(voice.today)
    return tuple(
        plain(text)
        for text in (
            voice.say("letter.title"),
            "",
            voice.say("letter.to", branch=line(facts.branch, limit=BRANCH_SHOWN)),
            "",
            voice.say(
                "letter.body",
                name=_name(facts),
                community=voice.place(facts.community),
                place=voice.place(facts.place),
                since=voice.written_day(voice.local_day(facts.since)) if facts.since else "",
                until=voice.written_day(facts.valid_until) if facts.valid_until else "",
            ),
            voice.say("letter.skills", skills=skills(facts.skills, voice=voice)),
            voice.say("letter.free", free=free(facts.free, voice=voice)),
            "",
            voice.say("letter.please"),
            "",
            voice.say("letter.from", community=voice.place(facts.community)),
            day,
            "",
            voice.say("letter.seal"),
            voice.say("letter.sealed_on"),
            "",
            voice.say("letter.number", number=facts.id),
        )
    )
