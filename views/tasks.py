"""Tasks as helpers read them: the card, which shows more while one is at work on it, and the lists.

The same card hangs in the pool and with each helper; what it says follows from who reads it. A group sees its own,
with nothing of any person.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.queries import GroupTaskFacts, Page, TaskFacts, TaskRow
from domain.tasks import AT_WORK, ClaimState, TaskState
from views.desk import who_and_where
from views.message import Button, Keyboard, Message
from views.requests import stars_line
from views.safe import Html, line, plain, words
from views.voice import Voice, block, card, press, rows


def task_card(params: Mapping[str, Scalar], facts: TaskFacts, voice: Voice) -> Message:
    """What is to be done and where; for who is at work on it also for whom, and the buttons to go on."""
    at_work = facts.mine in AT_WORK
    return Message(
        card(
            voice.on_top(params),
            block(
                f"<b>{_title(facts, voice)}</b> · {voice.term('urgency', facts.urgency)}",
                _state(facts, voice),
                voice.say("task.due_on", day=voice.day(facts.due_on)) if facts.due_on else "",
                voice.say("task.skill", skill=facts.skill) if facts.skill else "",
            ),
            _where(facts, voice),
            block(
                voice.say("task.need", need=voice.term("need", facts.need)) if facts.need else "",
                voice.quote(facts.words, limit=1200),
                voice.say("task.notes", notes=words(facts.notes, limit=500)) if facts.notes else "",
                voice.say("task.private")
                if facts.private and not at_work and facts.state is TaskState.OFFERED
                else "",
                voice.say("task.sent_back", reason=words(facts.reason, limit=500)) if facts.reason else "",
            ),
        ),
        keyboard=_buttons(facts, voice),
    )


def _title(facts: TaskFacts, voice: Voice) -> Html:
    if facts.request_id is None:
        return voice.say("task.title_visit", number=facts.id)
    return voice.say("task.title", number=facts.request_id, category=voice.category(facts.category))


def _where(facts: TaskFacts, voice: Voice) -> Html:
    place = voice.place(facts.place)
    if facts.mine in AT_WORK:
        return who_and_where(facts.contact, place, voice=voice)
    return block(
        voice.say("contact.place", place=place),
        voice.say("task.places", taken=facts.taken, places=facts.places)
        if facts.places > 1 and facts.state is TaskState.OFFERED
        else "",
    )


def _state(facts: TaskFacts, voice: Voice) -> Html:
    match facts.mine:
        case ClaimState.CLAIMED | ClaimState.STARTED | ClaimState.REWORK:
            return voice.term("state.claim", facts.mine)
        case ClaimState.REPORTED:
            return voice.say("task.reported", span=voice.span(facts.minutes or 0))
        case ClaimState.ACCEPTED:
            return voice.term("state.claim", facts.mine)
        case _:
            return _pool_state(facts, voice)


def _pool_state(facts: TaskFacts, voice: Voice) -> Html:
    match facts.state:
        case TaskState.CANCELLED:
            return voice.say("task.cancelled")
        case TaskState.DONE | TaskState.CLOSED:
            return voice.say("task.is_over")
        case TaskState.OFFERED if facts.taken >= facts.places:
            return voice.say("task.is_taken")
        case TaskState.OFFERED:
            return voice.say("task.free", when=voice.when(facts.offered_at))


def _buttons(facts: TaskFacts, voice: Voice) -> Keyboard:
    number = facts.id
    if facts.mine not in AT_WORK:
        if facts.may_claim:
            return ((voice.button("button.claim", "task.claim", number, facts.version),),)
        return ()
    first = [voice.button("button.report", "task.done", number)]
    if facts.mine is not ClaimState.STARTED:
        first.insert(0, voice.button("button.start", "task.start", number))
    keyboard: list[tuple[Button, ...]] = [tuple(first)]
    if facts.request_id is not None:
        row = []
        if facts.can_write:
            row.append(voice.button("button.write_requester", "request.write", facts.request_id))
        if facts.words.parts:
            row.append(voice.button("button.contents", "request.photos", facts.request_id))
        if row:
            keyboard.append(tuple(row))
    category = voice.rules.category(facts.category)
    if category is None or not category.sensitive:
        keyboard.append((voice.button("button.release", "task.release", number),))
    return tuple(keyboard)


def task_group(params: Mapping[str, Scalar], facts: GroupTaskFacts, voice: Voice) -> Message:
    """For a group: what kind, where, how many places. Whoever takes it reads the rest in private."""
    free = facts.state is TaskState.OFFERED and facts.taken < facts.places
    over = "task.group_over" if facts.state is not TaskState.OFFERED else "task.group_taken"
    return Message(
        block(
            voice.say(
                "task.group",
                category=voice.category(facts.category),
                urgency=voice.term("urgency", facts.urgency),
                place=voice.place(facts.place),
            ),
            voice.say("task.places", taken=facts.taken, places=facts.places) if facts.places > 1 else "",
            voice.say("task.group_how" if free else over),
        ),
        keyboard=((voice.button("button.claim", "task.claim", facts.id, facts.version),),) if free else (),
    )


def confirmed(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For a helper: confirmed, rated, and what it earned."""
    return Message(_thanks("task.confirmed", params, voice))


def verified(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For a helper: nobody confirmed it, but it has been looked at, and what it earned."""
    return Message(_thanks("task.verified", params, voice))


def visit_confirmed(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For a helper: the visit is confirmed, and what it earned."""
    return Message(_thanks("visit.confirmed", params, voice))


def _thanks(key: str, params: Mapping[str, Scalar], voice: Voice) -> Html:
    stars, amount = int(params.get("stars") or 0), int(params.get("amount") or 0)
    return block(
        voice.say(key, number=params.get("number") or 0, stars=stars_line(stars)),
        voice.say("points.coming", points=voice.points(amount))
        if amount
        else voice.say("points.none_this_time"),
    )


# --- lists ----------------------------------------------------------------------------------------------------------


def pool(page: Page[TaskRow], *, voice: Voice) -> Message:
    """Open tasks that the reader could take."""
    return _listed(page, voice, none="tasks.none", title="tasks.title", verb="tasks.page")


def mine(page: Page[TaskRow], *, voice: Voice) -> Message:
    """Tasks on which the reader holds a place."""
    return _listed(page, voice, none="mytasks.none", title="mytasks.title", verb="mytasks.page")


def _listed(page: Page[TaskRow], voice: Voice, *, none: str, title: str, verb: str) -> Message:
    if not page.rows:
        return Message(voice.say(none))
    return Message(
        card(voice.say(title, count=page.total), *(_row(row, voice) for row in page.rows)),
        keyboard=(
            *rows((Button(_label(row, voice), press("task.see", row.id)) for row in page.rows), width=2),
            *voice.pages(page, verb),
        ),
    )


def _row(row: TaskRow, voice: Voice) -> Html:
    state = (
        voice.term("state.claim", row.mine)
        if row.mine is not None
        else voice.say("tasks.free", count=row.places - row.taken)
    )
    return block(
        f"<b>{voice.category(row.category)}</b> · {voice.term('urgency', row.urgency)} · {voice.place(row.place)}",
        voice.say("tasks.state", state=state, when=voice.when(row.offered_at)),
        line(row.text, limit=60),
    )


def _label(row: TaskRow, voice: Voice) -> str:
    return plain(f"{voice.category(row.category)} · {voice.place(row.place)}")
