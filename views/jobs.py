"""The jobs of the clock as admins read them: a line each in plain words, and what is told when one fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.base import Scalar
from domain.clock import Daily, Every, Monthly, Weekly, cadence_of
from domain.jobs import NAMES, JobRow
from domain.spare_time import DAYS
from views.message import Button, Message
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press, rows


def jobs(found: Sequence[JobRow], *, voice: Voice) -> Message:
    """All of them: what is wrong stands out, and each can be opened."""
    wrong = sum(bool(row.failures or row.late) for row in found)
    total = voice.say("job.some_wrong", count=wrong) if wrong else voice.say("job.all_well")
    opening = [Button(plain(_name(row.name, voice)), press("jobs.see", row.id)) for row in found]
    return Message(
        card(block(voice.say("job.title"), total), *(_lines(row, voice) for row in found)),
        keyboard=(*rows(opening, width=2), (voice.button("button.jobs_again", "jobs.list", 0),)),
    )


def job(row: JobRow, *, voice: Voice) -> Message:
    """One of them, with the question whether to run it now."""
    ask = voice.say("job.asked_already") if row.asked else voice.say("job.run_it")
    run = () if row.asked else ((voice.button("button.job_run", "jobs.run", row.id),),)
    return Message(
        card(_lines(row, voice), voice.term("job_does", row.name), ask),
        keyboard=(*run, (voice.button("button.jobs_back", "jobs.list", 0),)),
    )


def _name(name: str, voice: Voice) -> Html:
    return voice.term("job", name) if name in NAMES else line(name, limit=40)


def _lines(row: JobRow, voice: Voice) -> Html:
    """ "✅ name · when", and below it what was last and what comes."""
    last = (
        voice.say("job.never") if row.last_at is None else voice.say("job.last", when=voice.when(row.last_at))
    )
    if row.last_count:
        last = Html(f"{last}{voice.say('job.did', count=row.last_count)}")
    if row.failures:
        sign, state = "❌", voice.say("job.fails", count=row.failures, when=voice.when(row.next_at))
    elif row.late:
        sign, state = "⚠️", voice.say("job.late", when=voice.when(row.next_at))
    elif isinstance(cadence_of(row.cadence), Every):
        sign, state = "✅", Html("")
    else:
        sign, state = "✅", voice.say("job.next", when=voice.when(row.next_at))
    return block(
        voice.say("job.line", sign=sign, job=_name(row.name, voice), cadence=_cadence(row.cadence, voice)),
        Html(" · ".join(part for part in (last, state) if part)),
    )


def _cadence(text: str, voice: Voice) -> Html:
    cadence = cadence_of(text)
    if isinstance(cadence, Every):
        return voice.say("cadence.every", span=voice.span(int(cadence.span.total_seconds()) // 60))
    at = f"{cadence.at:%H:%M}"
    match cadence:
        case Daily():
            return voice.say("cadence.daily", at=at)
        case Weekly(weekday=weekday):
            return voice.say("cadence.weekly", day=voice.term("weekday", DAYS[weekday - 1]), at=at)
        case Monthly(day=day):
            return voice.say("cadence.monthly", day=day, at=at)
    return voice.say("cadence.yearly", month=cadence.month, day=cadence.day, at=at)


# --- messages -------------------------------------------------------------------------------------------------------


def asked(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """To who asked for it: it is under way."""
    return _told("job.asked_for", params, voice)


def failing(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """To the admins, once: it is tried again, and where to look."""
    return _told("job.failing", params, voice)


def recovered(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """To who was told of the failure: it is over."""
    return _told("job.recovered", params, voice)


def _told(key: str, params: Mapping[str, Scalar], voice: Voice) -> Message:
    return Message(
        voice.say(key, job=_name(str(params["job"]), voice)),
        keyboard=((voice.button("button.jobs_see", "jobs.list", 0),),),
    )
