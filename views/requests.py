"""Requests as who asked reads them: the card that goes along with one, the list, the questions before a change.

What staff read of the same request is ``desk.py``'s, what helpers read ``tasks.py``'s.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Purpose, Scalar
from domain.queries import (
    Contents,
    Helper,
    LetterFacts,
    Page,
    Part,
    RequestFacts,
    RequestNews,
    RequestRow,
    Step,
    Words,
)
from domain.requests import FINAL, RequestState
from domain.tasks import AT_WORK
from views.message import Button, Keyboard, Media, Message
from views.safe import Html, line, plain, visible_length, words
from views.voice import Voice, block, card, press, rows

STEPS_SHOWN = 10
ALBUM = 10
TEXT_ROOM = 3400
_TOGETHER = ("photo", "video")


def title(number: int, category: str, *, voice: Voice) -> Html:
    """How a request is called everywhere: its number and what kind it is."""
    return voice.say("request.title", number=number, category=voice.category(category))


def helper_name(helper: Helper, *, voice: Voice) -> Html:
    """A helper, and that they are of the same building when they are."""
    key = "request.helper_neighbour" if helper.neighbour else "request.helper"
    return voice.say(key, name=line(helper.name, limit=40) or voice.say("someone"))


def helper_names(helpers: tuple[Helper, ...], *, voice: Voice) -> Html:
    """The helpers, a few by name."""
    shown = [helper_name(helper, voice=voice) for helper in helpers[:3]]
    more = len(helpers) - len(shown)
    names = Html(voice.say("list.comma").join(shown))
    return voice.say("request.helpers_and_more", names=names, count=more) if more else names


# --- the card -------------------------------------------------------------------------------------------------------


def request_card(params: Mapping[str, Scalar], facts: RequestFacts, voice: Voice) -> Message:
    """Number, kind, where it stands, what happens next and when, who is on it, and its steps."""
    return Message(
        card(
            voice.on_top(params),
            block(
                f"<b>{title(facts.id, facts.category, voice=voice)}</b>",
                voice.say("request.for_whom", name=facts.for_name) if facts.for_name else "",
                f"<b>{voice.term('state.request', facts.state)}</b>",
                _next(facts, voice),
            ),
            _said(facts, voice),
            _steps(facts.steps, voice),
        ),
        keyboard=_buttons(facts, voice),
    )


def _next(facts: RequestFacts, voice: Voice) -> Html:
    match facts.state:
        case RequestState.SUBMITTED:
            late = facts.answer_due_at < voice.now
            key = "request.next_answer_late" if late else "request.next_answer"
            return voice.say(key, due=voice.when(facts.answer_due_at))
        case RequestState.OPEN:
            return block(voice.say("request.next_claim"), _by(facts, voice))
        case RequestState.IN_PROGRESS:
            if not facts.helpers:
                return block(voice.say("request.next_in_hand"), _by(facts, voice))
            names = helper_names(facts.helpers, voice=voice)
            return block(voice.say("request.next_work", names=names), _by(facts, voice))
        case RequestState.WAITING:
            return block(
                voice.say("request.next_answer_us"),
                voice.quote(Words(facts.question), limit=1200),
                voice.say("request.closes_unanswered", at=voice.when(facts.closes_at))
                if facts.closes_at
                else "",
            )
        case RequestState.DONE:
            return block(
                voice.say("request.next_confirm" if facts.may_confirm else "request.next_confirm_other"),
                voice.say("request.closes_silently", at=voice.when(facts.closes_at))
                if facts.closes_at
                else "",
            )
        case RequestState.CLOSED_SILENT:
            return voice.say("request.was_silent")
        case RequestState.CLOSED_NO_ANSWER:
            return voice.say("request.was_unanswered")
        case RequestState.CLOSED_CONFIRMED:
            return voice.say("request.rated", stars=stars_line(facts.stars or 0))
        case RequestState.DECLINED:
            return (
                voice.say("request.why", reason=words(facts.reason, limit=600)) if facts.reason else Html("")
            )
        case RequestState.WITHDRAWN:
            return voice.say("request.next_withdrawn")


def _by(facts: RequestFacts, voice: Voice) -> Html:
    due = facts.solve_due_at
    if due is None:
        return Html("")
    return voice.say("request.solve_late" if due < voice.now else "request.solve_by", due=voice.when(due))


def _said(facts: RequestFacts, voice: Voice) -> Html:
    hidden = voice.say("request.is_private") if facts.private else ""
    return block(
        voice.quote(facts.words),
        voice.say("request.added_label") if facts.added.text or facts.added.parts else "",
        voice.quote(facts.added, limit=400),
        voice.say("request.report_label") if facts.report.text or facts.report.parts else "",
        voice.quote(facts.report, limit=500),
        hidden,
        voice.say("request.name_is_hidden") if facts.name_hidden else "",
    )


def _steps(steps: tuple[Step, ...], voice: Voice) -> Html:
    shown = [
        voice.say("request.step", when=voice.when(step.at), what=_step(step, voice))
        for step in steps[-STEPS_SHOWN:]
    ]
    return block(voice.say("request.steps_label"), *shown) if shown else Html("")


def _step(step: Step, voice: Voice) -> Html:
    who = line(step.who, limit=40) or voice.say("someone")
    return voice.texts.say(voice.reader.language, f"step.{step.event}", who=who, stars=step.stars or 0)


def stars_line(stars: int) -> Html:
    """Stars as people see them."""
    return Html("★" * stars + "☆" * (5 - stars))


def _buttons(facts: RequestFacts, voice: Voice) -> Keyboard:
    number = facts.id
    keyboard: list[tuple[Button, ...]] = []
    if facts.state is RequestState.DONE and facts.may_confirm:
        keyboard.append(
            (
                voice.button("button.solved", "request.solved", number),
                voice.button("button.unsolved", "request.unsolved", number),
            )
        )
    if facts.state not in FINAL:
        waits = facts.state is RequestState.WAITING
        row = [voice.button("button.answer_us" if waits else "button.add", "request.add", number)]
        if any(helper.state in AT_WORK for helper in facts.helpers):
            row.append(voice.button("button.write_helper", "request.write", number))
        keyboard.append(tuple(row))
    row = []
    if facts.words.parts or facts.added.parts or facts.report.parts:
        row.append(voice.button("button.contents", "request.photos", number))
    if facts.state not in FINAL and facts.state is not RequestState.DONE:
        row.append(voice.button("button.withdraw", "request.withdraw", number))
    if row:
        keyboard.append(tuple(row))
    return tuple(keyboard)


# --- short words on the way -----------------------------------------------------------------------------------------


def _news(key: str, facts: RequestNews, voice: Voice, *, say: Mapping[str, object] | None = None) -> Message:
    return Message(
        voice.say(key, title=title(facts.id, facts.category, voice=voice), **(say or {})),
        keyboard=((voice.button("button.see_request", "request.see", facts.id),),),
    )


def accepted(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """Accepted: somebody is being looked for, or it is in the hands of who accepted it."""
    return _news("request.accepted_in_hand" if facts.sensitive else "request.accepted", facts, voice)


def declined(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """Declined, with the reason word for word."""
    return _news("request.declined", facts, voice, say={"reason": words(facts.reason, limit=2000)})


def _member(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Html:
    name = str(params.get("member") or "")
    known = next((helper for helper in facts.helpers if helper.name == name), None)
    if known is not None:
        return helper_name(known, voice=voice)
    return voice.say("request.helper", name=line(name, limit=40) or voice.say("someone"))


def claimed(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """Somebody has taken it on."""
    return _news("request.claimed", facts, voice, say={"member": _member(params, facts, voice)})


def started(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """Somebody is on the way."""
    return _news("request.started", facts, voice, say={"member": _member(params, facts, voice)})


def released(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """Somebody cannot come after all; others still can, or it is offered anew."""
    key = "request.released_others" if facts.helpers else "request.released"
    return _news(key, facts, voice, say={"member": _member(params, facts, voice)})


def expired(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """Somebody took it on and never set out: others still come, or it is offered anew."""
    key = "request.expired_others" if facts.helpers else "request.expired"
    return _news(key, facts, voice, say={"member": _member(params, facts, voice)})


def added(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """For who works on it or will decide on it: the resident has added something."""
    return Message(
        card(
            voice.say("request.added", title=title(facts.id, facts.category, voice=voice)),
            voice.quote(facts.added, limit=1500),
        ),
        keyboard=(
            (
                voice.button("button.see_request", "request.see", facts.id),
                *(
                    (voice.button("button.contents", "request.photos", facts.id),)
                    if facts.added.parts
                    else ()
                ),
            ),
        ),
    )


def withdrawn_helper(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """For a helper: no need to come any more."""
    return Message(voice.say("request.withdrawn_helper", title=title(facts.id, facts.category, voice=voice)))


def confirmed_other(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """For who asked together with the one that confirmed it."""
    stars = params.get("stars")
    return _news(
        "request.confirmed_other",
        facts,
        voice,
        say={"stars": stars_line(stars if isinstance(stars, int) else 0)},
    )


def letter(params: Mapping[str, Scalar], facts: LetterFacts, voice: Voice) -> Message:
    """A line from the other side; numbers stay hidden."""
    key = "letter.from_helper" if params.get("from_helper") else "letter.from_requester"
    kind, text = str(params.get("kind", "text")), str(params.get("text") or "")
    return Message(
        card(
            voice.say(key, title=title(facts.request_id, facts.category, voice=voice)),
            voice.quote(Words(text), limit=3000) if text else "",
        ),
        keyboard=((voice.button("button.answer_letter", "request.write", facts.request_id),),),
        media=()
        if kind == "text"
        else (
            Media(
                kind,
                str(params.get("file_id") or ""),
                _degrees(params.get("latitude")),
                _degrees(params.get("longitude")),
            ),
        ),
    )


def _degrees(value: Scalar) -> float | None:
    return None if value is None else float(value)


# --- questions and lists --------------------------------------------------------------------------------------------


def sure_to_withdraw(request_id: int, *, voice: Voice) -> Message:
    """Asked before a request is withdrawn."""
    return Message(
        voice.say("request.sure_to_withdraw", number=request_id),
        keyboard=(
            (
                voice.button("button.withdraw_yes", "request.withdrawyes", request_id),
                voice.button("button.withdraw_no", "request.keep", request_id),
            ),
        ),
    )


def stars(request_id: int, *, voice: Voice) -> Message:
    """Solved: how was it?"""
    return Message(
        voice.say("request.how_many_stars", number=request_id),
        keyboard=(
            *star_buttons("request.rate", request_id),
            (voice.button("button.back", "request.keep", request_id),),
        ),
    )


def star_buttons(verb: str, subject: int) -> Keyboard:
    """Five buttons, the best first."""
    return rows((Button("★" * number, press(verb, subject, number)) for number in range(5, 0, -1)), width=3)


def really_solved(request_id: int, *, stars: int, voice: Voice) -> Message:
    """Solved, and yet one or two stars: asked once more, for it may not be solved at all."""
    return Message(
        voice.say("request.really_solved", stars=stars_line(stars)),
        keyboard=(
            (voice.button("button.surely_solved", "request.surely", request_id, stars),),
            (voice.button("button.unsolved", "request.unsolved", request_id),),
        ),
    )


def mine(page: Page[RequestRow], *, voice: Voice) -> Message:
    """Own requests, the newest first."""
    if not page.rows:
        return Message(
            voice.say("mine.none"),
            keyboard=((voice.button("button.new_request", "menu.open", 0, "request"),),),
        )
    shown = [
        block(
            f"<b>{title(row.id, row.category, voice=voice)}</b>",
            voice.say(
                "mine.state", state=voice.term("state.request", row.state), when=voice.when(row.raised_at)
            ),
            voice.say("request.for_whom", name=row.for_name) if row.for_name else "",
            words(row.text, limit=60).replace("\n", " "),
        )
        for row in page.rows
    ]
    numbers = (
        Button(plain(voice.say("number", number=row.id)), press("request.see", row.id)) for row in page.rows
    )
    return Message(
        card(voice.say("mine.title", count=page.total), *shown),
        keyboard=(
            *rows(numbers, width=3),
            *voice.pages(page, "mine.page"),
            (voice.button("button.new_request", "menu.open", 0, "request"),),
        ),
    )


_PURPOSES = {
    Purpose.DESCRIPTION: "purpose.description",
    Purpose.ADDITION: "purpose.addition",
    Purpose.QUESTION: "purpose.question",
    Purpose.UNSOLVED_REASON: "purpose.unsolved_reason",
    Purpose.REPORT: "purpose.report",
    Purpose.ANSWER: "purpose.answer",
}


def contents(contents: Contents, *, voice: Voice) -> tuple[Message, ...]:
    """All words in as few messages as they fit, then pictures in albums, then everything else one by one."""
    if not contents.parts:
        return (Message(voice.say("contents.none", number=contents.request_id)),)
    return (*_words_of(contents, voice), *files(contents.parts, voice=voice))


def _label(part: Part, voice: Voice) -> Html:
    what = voice.say(_PURPOSES.get(part.purpose, "purpose.description"))
    return voice.say("contents.part", what=what, when=voice.when(part.at)) if part.at else what


def _words_of(contents: Contents, voice: Voice) -> tuple[Message, ...]:
    messages: list[Message] = []
    text: str = voice.say("contents.title", number=contents.request_id)
    for part in contents.parts:
        if not part.text:
            continue
        piece = block(_label(part, voice), f"<blockquote>{words(part.text, limit=TEXT_ROOM)}</blockquote>")
        if visible_length(text) + visible_length(piece) > TEXT_ROOM + 300:
            messages.append(Message(text))
            text = piece
        else:
            text = card(text, piece)
    return (*messages, Message(text))


def files(parts: tuple[Part, ...], *, voice: Voice) -> tuple[Message, ...]:
    """Pictures in albums, then everything else that is not words, one by one."""
    others = [part for part in parts if part.kind != "text"]
    together = [part for part in others if part.kind in _TOGETHER]
    albums = tuple(
        Message(
            _label(together[start], voice),
            media=tuple(_media(part) for part in together[start : start + ALBUM]),
        )
        for start in range(0, len(together), ALBUM)
    )
    alone = tuple(
        Message(_label(part, voice), media=(_media(part),)) for part in others if part.kind not in _TOGETHER
    )
    return (*albums, *alone)


def _media(part: Part) -> Media:
    return Media(part.kind, part.file_id, part.latitude, part.longitude)
