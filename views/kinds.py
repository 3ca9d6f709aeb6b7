"""Every kind of message there is, one row each: who renders it, whether it needs facts, and what if it may be lost.

A kind with facts is rendered from what the store says at the moment it leaves, in its reader's eyes; without facts
any more, it is not sent. The others say what their parameters say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.base import OLDER_COPY, Scalar
from domain.rulebook import Rulebook
from views import (
    agreed,
    alarms,
    appointments,
    backup,
    checkins,
    desk,
    digests,
    forms,
    imports,
    jobs,
    lesson_audience,
    lesson_desk,
    lesson_questions,
    lesson_series,
    lessons,
    meeting_desk,
    meeting_duties,
    meeting_guests,
    meetings,
    notice_audience,
    notice_lists,
    notice_readers,
    notices,
    pairings,
    people,
    points,
    privacy,
    requests,
    roster,
    tags,
    tasks,
    threads,
    units,
)
from views.catalogue import Texts
from views.message import Message, OnUnknown, Reader
from views.voice import Voice, card

Render = Callable[[Mapping[str, Scalar], Any, Voice], Message]


@dataclass(frozen=True, slots=True)
class Kind:
    """``facts``: the store must load some for the subject. ``on_unknown``: when nobody knows whether it arrived.

    ``beside``: the facts may take long to find, so they are read while others are sent.
    """

    render: Render
    facts: bool
    on_unknown: OnUnknown = OnUnknown.RESEND
    beside: bool = False


def said(key: str, *, voice: Voice, **params: Any) -> Message:
    """Any text as a message of its own."""
    return Message(voice.say(key, **params))


def _said(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    rest = {name: value for name, value in params.items() if name != "key"}
    return said(str(params["key"]), voice=voice, **rest)


def _refused(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    # A refusal stored before an upgrade may carry a key that is no longer there; "not found" is always true enough.
    known = params.get("key") in voice.texts
    note = _said(params, facts, voice).text if known else voice.say("refused.not_found")
    return Message(card(note))


KINDS: Mapping[str, Kind] = {
    # cards
    "request.card": Kind(requests.request_card, facts=True),
    "desk.card": Kind(desk.desk_card, facts=True),
    "task.card": Kind(tasks.task_card, facts=True),
    # Twice in a group is worse than once too few: the members of the circle have their own cards.
    "task.group": Kind(tasks.task_group, facts=True, on_unknown=OnUnknown.ASK),
    "visit.confirm": Kind(pairings.visit_confirm, facts=True),
    "alarm.card": Kind(alarms.alarm_card, facts=True),
    # words about a request
    "request.accepted": Kind(requests.accepted, facts=True),
    "request.declined": Kind(requests.declined, facts=True),
    "request.claimed": Kind(requests.claimed, facts=True),
    "request.started": Kind(requests.started, facts=True),
    "request.released": Kind(requests.released, facts=True),
    "request.expired": Kind(requests.expired, facts=True),
    "request.added": Kind(requests.added, facts=True),
    "request.withdrawn_helper": Kind(requests.withdrawn_helper, facts=True),
    "request.confirmed_other": Kind(requests.confirmed_other, facts=True),
    "letter.arrived": Kind(requests.letter, facts=True),
    "desk.returned": Kind(desk.returned, facts=True),
    "task.confirmed": Kind(tasks.confirmed, facts=False),
    "task.agreed": Kind(agreed.agreed, facts=False),
    "task.verified": Kind(tasks.verified, facts=False),
    # words about visits and pairings
    "visit.claimed": Kind(pairings.visit_claimed, facts=False),
    "visit.started": Kind(pairings.visit_started, facts=False),
    "visit.released": Kind(pairings.visit_released, facts=False),
    "visit.confirmed": Kind(tasks.visit_confirmed, facts=False),
    "pairing.made_member": Kind(pairings.made_member, facts=True),
    "pairing.made_resident": Kind(pairings.made_resident, facts=True),
    # people
    "person.appointed": Kind(people.appointed, facts=True),
    "unit.card": Kind(units.unit_card, facts=True),
    "group.left": Kind(units.group_left, facts=True),
    "person.card": Kind(roster.person_card, facts=True),
    "person.tags": Kind(tags.person_tags, facts=True),
    "person.work": Kind(roster.person_work, facts=True),
    "person.suspended": Kind(roster.suspended, facts=False),
    "person.restored": Kind(roster.restored, facts=False),
    "person.corrected": Kind(roster.corrected, facts=False),
    "person.proxy": Kind(roster.proxy_named, facts=False),
    "person.recognised": Kind(roster.recognised, facts=False),
    "person.merged": Kind(roster.merged, facts=False),
    "person.merged_away": Kind(roster.merged_away, facts=False),
    "person.maybe_same": Kind(roster.maybe_same, facts=True),
    "appointment.told": Kind(appointments.told, facts=True),
    "home.picker": Kind(people.home_picker_kind, facts=True),
    "menu": Kind(people.menu_kind, facts=False),
    "hello": Kind(people.hello_kind, facts=False),
    "request.pass_on": Kind(forms.pass_on_kind, facts=False),
    # check-ins
    "checkin.card": Kind(checkins.checkin_card, facts=True),
    "checkin.mine": Kind(checkins.own_card, facts=True),
    "checkin.approved": Kind(checkins.approved, facts=True),
    "checkin.returned": Kind(checkins.returned, facts=True),
    "checkin.ending": Kind(checkins.ending, facts=True),
    "checkin.greeting": Kind(checkins.greeting, facts=True),
    "checkin.lapsed": Kind(checkins.lapsed, facts=True),
    "checkin.renewed": Kind(checkins.renewed, facts=True),
    "checkin.left": Kind(checkins.left, facts=True),
    "checkin.lapsed_member": Kind(checkins.lapsed_member, facts=True),
    # notices: a second copy is a nuisance, one that never came is worse
    "notice.card": Kind(notices.notice_card, facts=True),
    "notice.second": Kind(notices.second, facts=True),
    "notice.whom": Kind(notice_audience.whom_again, facts=True),
    "notice.copy": Kind(notices.notice_copy, facts=True),
    "notice.reminder": Kind(notices.reminder, facts=True),
    "notice.reminded": Kind(notices.reminded, facts=True),
    "notice.again": Kind(notices.again, facts=True),
    "notice.gone": Kind(notices.gone, facts=False),
    "notice.group": Kind(notices.in_group, facts=True, on_unknown=OnUnknown.ASK),
    "notice.waiting": Kind(notice_readers.waiting, facts=True),
    "notice.mutes": Kind(notice_readers.mutes, facts=True),
    "notice.calls": Kind(notice_lists.calls_again, facts=True),
    "thread.card": Kind(threads.thread_card, facts=True),
    "thread.mine": Kind(threads.mine, facts=True),
    "desk.calls": Kind(desk.calls_again, facts=True),
    # digests: one that may have arrived is not sent twice, and nobody is asked about it
    "digest.home": Kind(digests.home_digest, facts=True, on_unknown=OnUnknown.ASK, beside=True),
    "digest.desk": Kind(digests.desk_digest, facts=True, on_unknown=OnUnknown.ASK, beside=True),
    "digest.settings": Kind(digests.settings_kind, facts=True),
    # lessons
    "lesson.card": Kind(lesson_desk.lesson_card, facts=True),
    "lesson.whom": Kind(lesson_audience.whom, facts=True),
    "lesson.questions": Kind(lesson_questions.questions, facts=True),
    "lesson.copy": Kind(lessons.copy, facts=True),
    "lesson.nudge": Kind(lessons.nudge, facts=True),
    "lesson.page": Kind(lessons.page, facts=True),
    "lesson.quiz": Kind(lessons.quiz, facts=True),
    "lesson.due": Kind(lessons.due_soon, facts=True),
    "series.page": Kind(lesson_series.series, facts=True),
    "lesson.capped": Kind(lessons.capped, facts=False),
    "points.capped": Kind(points.capped, facts=False),
    # meetings
    "meeting.card": Kind(meeting_desk.meeting_card, facts=True),
    "meeting.close": Kind(meeting_desk.to_close, facts=True),
    "meeting.present": Kind(meeting_guests.list_again, facts=True),
    "meeting.absent": Kind(meeting_guests.list_again, facts=True),
    "meeting.follows": Kind(meeting_desk.follows_again, facts=True),
    "meeting.duty": Kind(meeting_duties.duty_told, facts=True),
    "meeting.mine": Kind(meetings.mine, facts=True),
    "meeting.copy": Kind(meetings.copy, facts=True),
    "meeting.moved": Kind(meetings.moved, facts=True),
    "meeting.corrected": Kind(meetings.corrected, facts=True),
    "meeting.list": Kind(meetings.list_again, facts=True),
    "meeting.cancelled": Kind(meetings.cancelled, facts=True),
    "meeting.reminder": Kind(meetings.reminder, facts=True),
    "followup.given": Kind(meetings.followup_given, facts=True),
    "followup.due": Kind(meetings.followup_due, facts=True),
    "followup.late": Kind(meetings.followup_late, facts=True),
    "followup.finished": Kind(meetings.followup_done, facts=True),
    # imports
    "import.card": Kind(imports.import_card, facts=True),
    "import.refused": Kind(imports.refused, facts=False),
    # the clock
    "job.asked": Kind(jobs.asked, facts=False),
    "job.failing": Kind(jobs.failing, facts=False),
    "job.recovered": Kind(jobs.recovered, facts=False),
    "consent": Kind(privacy.consent_kind, facts=False),
    "consent.go_on": Kind(privacy.go_on_kind, facts=False),
    # the server
    "trouble.told": Kind(backup.told, facts=False),
    # danger, and everything that is a text and nothing more
    "alarm.acknowledged": Kind(alarms.acknowledged, facts=False),
    "danger": Kind(alarms.danger_kind, facts=False),
    "said": Kind(_said, facts=False),
    "refused": Kind(_refused, facts=False),
}


def render(
    kind: str,
    params: Mapping[str, Scalar],
    facts: object | None,
    *,
    reader: Reader,
    rules: Rulebook,
    texts: Texts,
    now: datetime,
) -> Message | None:
    """The message of ``kind`` for ``reader`` at ``now``; None when its facts are gone. Raises KeyError if unknown."""
    row = KINDS[kind]
    if row.facts and facts is None:
        return None
    voice = Voice(texts, reader, rules, now)
    message = row.render(params, facts, voice)
    if params.get(OLDER_COPY):
        return replace(message, text=card(voice.say("card.older_copy"), message.text), keyboard=())
    return message
