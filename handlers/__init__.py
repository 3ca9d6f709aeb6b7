"""Who answers what: one visible, ordered list. The first entry that matches an update answers it.

Knows how Telegram's updates are told apart and nothing of what is answered. ``build`` makes the handlers of
python-telegram-bot out of the list, and each hands what became of its update to whoever runs them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from telegram import Update
from telegram.ext import (
    BaseHandler,
    CallbackContext,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

from domain.base import NOT_FOUND, Refused
from domain.limits import Rates
from domain.permissions import Permission
from domain.rulebook import Rulebook
from handlers import (
    agreed,
    alarms,
    appointments,
    blocks,
    checkins,
    desk,
    digests,
    gate,
    groups,
    imports,
    jobs,
    lesson_audience,
    lesson_desk,
    lesson_questions,
    lesson_series,
    lesson_templates,
    lesson_terms,
    lesson_years,
    lessons,
    meeting_desk,
    meeting_door,
    meeting_records,
    meetings,
    notice_audience,
    notice_readers,
    notice_terms,
    notices,
    pairings,
    people,
    persons,
    points,
    posters,
    privacy,
    requests,
    roster,
    strays,
    tags,
    talk,
    tasks,
    templates,
    threads,
    trail,
    units,
)
from handlers.limits import OFF, Limits
from handlers.runner import Runner
from handlers.speaker import Speaker
from handlers.turn import ARGUMENTS, Answer, Do, Handler, Turn, no_files
from handlers.updates import Outcomes, Surroundings, turn_of
from storage.unit import Store
from views.catalogue import Texts

PRIVATE = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
GROUPS = filters.ChatType.GROUPS & filters.UpdateType.MESSAGE


class Other(Enum):
    """Updates that are not told apart by a message's filters."""

    PRESS = "callback_query"
    MEMBERSHIP = "my_chat_member"
    UPDATE = "update"


class Anyone:
    """In place of a permission: whoever it is, because nothing is changed, or because the form's own action says."""


ANYONE = Anyone()


@dataclass(frozen=True, slots=True)
class Command:
    """``/name`` in the chats that ``where`` lets through."""

    name: str
    handler: Handler
    permission: Permission | Anyone
    where: filters.BaseFilter = PRIVATE


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button whose data begins with ``feature.verb:``. Only those of ``in_groups`` work where others read along."""

    name: str
    handler: Handler
    permission: Permission | Anyone
    in_groups: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Any other update: messages that ``what`` lets through, or changes of the bot's own membership."""

    what: filters.BaseFilter | Other
    handler: Handler
    permission: Permission | Anyone = ANYONE


Registration = Command | Pressed | Seen

MENU: dict[str, tuple[Handler, Permission]] = {
    "request": (talk.request, Permission.RAISE_REQUEST),
    "mine": (requests.mine, Permission.RAISE_REQUEST),
    "notices": (notice_readers.received, Permission.SEE_NOTICES),
    "desk": (desk.desk, Permission.SEE_DESK),
    "tasks": (tasks.pool, Permission.SEE_TASKS),
    "mytasks": (tasks.mine, Permission.SEE_TASKS),
    "pairs": (pairings.pairs, Permission.SEE_PAIRINGS),
    "study": (lessons.study, Permission.STUDY),
    "meetings": (meetings.meetings, Permission.ATTEND_MEETING),
    "points": (points.points, Permission.SEE_OWN_POINTS),
    "notice": (notices.notice, Permission.SEND_NOTICE),
    "people": (roster.people, Permission.SEE_PEOPLE),
    "org": (units.org, Permission.SEE_UNITS),
    "audit": (trail.audit, Permission.SEE_AUDIT),
    "jobs": (jobs.jobs, Permission.MANAGE_JOBS),
    "menu": (people.menu, Permission.ARRIVE),
    "checkin": (checkins.checkin, Permission.CHECK_IN),
    "rights": (people.rights, Permission.KEEP_OWN_SETTINGS),
    "privacy": (privacy.privacy, Permission.KEEP_OWN_DATA),
    "language": (people.language, Permission.ARRIVE),
    "help": (people.help_me, Permission.ARRIVE),
    "start": (people.start, Permission.ARRIVE),
    "cancel": (people.cancel, Permission.ARRIVE),
}
"""The commands of ``domain.permissions.COMMANDS``, and what the buttons of the menu open."""


WITHOUT_AGREEING = frozenset({"privacy", "language", "cancel"})
"""What somebody may still open whom the changed terms have not been agreed with."""


def from_menu(name: str) -> Handler:
    """What a command of the menu opens, for who has agreed to the terms in force."""
    handler, _ = MENU[name]
    return handler if name in WITHOUT_AGREEING else privacy.agreed_first(handler)


async def open_from_menu(turn: Turn) -> Answer:
    """``menu.open:0:<command>``."""
    if turn.pressed.arg not in MENU:
        raise Refused(NOT_FOUND)
    return await from_menu(turn.pressed.arg)(turn)


FORM_PRESSES = tuple(
    dict.fromkeys(
        (
            *("form.skip", "form.back", "form.cancel", "form.submit", "form.done"),
            *(
                name
                for form in talk.FORMS.values()
                for step in form.steps
                for name in (*step.verbs, *step.goes_on, *step.submits)
            ),
        )
    )
)
"""Every press that belongs to an open form; the action it may end in names its own permission."""

REGISTRATIONS: tuple[Registration, ...] = (
    # What many press at once stands first.
    Pressed("task.claim", tasks.claim, Permission.CLAIM_TASK, in_groups=True),
    Pressed("task.start", tasks.start, Permission.WORK_CLAIM),
    Pressed("request.rate", requests.rate, Permission.CONFIRM_REQUEST),
    *(Pressed(name, privacy.agreed_first(talk.form_press), ANYONE) for name in FORM_PRESSES),
    # one's own requests
    Pressed("request.see", requests.see, ANYONE),
    Pressed("request.add", requests.add, Permission.FOLLOW_OWN_REQUEST),
    Pressed("request.write", requests.write, Permission.WRITE_LETTER),
    Pressed("request.photos", requests.photos, ANYONE),
    Pressed("request.withdraw", requests.withdraw, Permission.FOLLOW_OWN_REQUEST),
    Pressed("request.withdrawyes", requests.withdraw_yes, Permission.FOLLOW_OWN_REQUEST),
    Pressed("request.keep", requests.keep, ANYONE),
    Pressed("request.solved", requests.solved, Permission.CONFIRM_REQUEST),
    Pressed("request.surely", requests.surely, Permission.CONFIRM_REQUEST),
    Pressed("request.unsolved", requests.unsolved, Permission.CONFIRM_REQUEST),
    Pressed("mine.page", requests.mine_page, Permission.RAISE_REQUEST),
    Pressed("proxy.new", talk.proxy, Permission.RAISE_FOR_OTHER),
    # the desk
    Pressed("desk.page", desk.desk_page, Permission.SEE_DESK),
    Pressed("desk.answers", threads.waiting, Permission.SEND_NOTICE),
    Pressed("desk.calls", desk.calls, Permission.SEND_NOTICE),
    Pressed("desk.called", desk.called, Permission.SEND_NOTICE),
    Pressed("desk.open", desk.see, Permission.TRIAGE_REQUEST),
    Pressed("request.accept", desk.accept, Permission.TRIAGE_REQUEST),
    Pressed("request.correct", desk.correct, Permission.TRIAGE_REQUEST),
    Pressed("request.setcat", desk.set_category, Permission.TRIAGE_REQUEST),
    Pressed("request.seturg", desk.set_urgency, Permission.TRIAGE_REQUEST),
    Pressed("request.places", desk.places, Permission.TRIAGE_REQUEST),
    Pressed("request.decline", desk.decline, Permission.DECLINE_REQUEST),
    Pressed("request.hours", agreed.hours, Permission.TRIAGE_REQUEST),
    Pressed("request.ask", desk.ask, Permission.TRIAGE_REQUEST),
    Pressed("request.verify", desk.verify, Permission.VERIFY_REQUEST),
    Pressed("alarm.seen", alarms.seen, Permission.ACKNOWLEDGE_ALARM),
    Pressed("alarm.see", alarms.see, Permission.ACKNOWLEDGE_ALARM),
    # tasks, pairings and visits
    Pressed("tasks.page", tasks.pool_page, Permission.SEE_TASKS),
    Pressed("mytasks.page", tasks.mine_page, Permission.SEE_TASKS),
    Pressed("task.see", tasks.see, ANYONE),
    Pressed("task.done", tasks.done, Permission.WORK_CLAIM),
    Pressed("task.release", tasks.release, Permission.WORK_CLAIM),
    Pressed("pairs.page", pairings.pairs_page, Permission.SEE_PAIRINGS),
    Pressed("pairing.new", pairings.new, Permission.PAIR),
    Pressed("visit.see", pairings.see_visit, Permission.CONFIRM_VISIT),
    Pressed("visit.rate", pairings.rate, Permission.CONFIRM_VISIT),
    # people
    Pressed("menu.open", open_from_menu, ANYONE),
    Pressed("language.pick", people.pick_language, Permission.KEEP_OWN_SETTINGS),
    Pressed("consent.yes", people.consent_yes, Permission.ARRIVE),
    Pressed("consent.no", people.consent_no, ANYONE),
    Pressed("unit.pick", people.pick_unit, Permission.KEEP_OWN_SETTINGS),
    Pressed("unit.here", people.take_home, Permission.KEEP_OWN_SETTINGS),
    Pressed("group.bind", groups.bound, Permission.BIND_GROUP, in_groups=True),
    # units
    Pressed("org.top", units.top, Permission.SEE_UNITS),
    Pressed("org.see", units.see, Permission.SEE_UNITS),
    Pressed("org.below", units.below, Permission.SEE_UNITS),
    Pressed("org.gaps", units.gaps, Permission.SEE_UNITS),
    Pressed("org.add", units.add, Permission.MANAGE_UNITS),
    Pressed("org.rename", units.rename, Permission.MANAGE_UNITS),
    Pressed("org.aliases", units.aliases, Permission.MANAGE_UNITS),
    Pressed("org.alias", units.alias, Permission.MANAGE_UNITS),
    Pressed("org.unalias", units.unalias, Permission.MANAGE_UNITS),
    Pressed("org.zone", units.zone, Permission.MANAGE_UNITS),
    Pressed("org.calendar", units.calendar, Permission.MANAGE_UNITS),
    Pressed("org.setcal", units.set_calendar, Permission.MANAGE_UNITS),
    Pressed("org.move", units.move, Permission.MANAGE_UNITS),
    Pressed("org.movein", units.move_in, Permission.MANAGE_UNITS),
    Pressed("org.moveto", units.move_to, Permission.MANAGE_UNITS),
    Pressed("org.moveyes", units.move_yes, Permission.MANAGE_UNITS),
    Pressed("org.merge", units.merge, Permission.MANAGE_UNITS),
    Pressed("org.mergein", units.merge_in, Permission.MANAGE_UNITS),
    Pressed("org.mergeto", units.merge_to, Permission.MANAGE_UNITS),
    Pressed("org.mergeyes", units.merge_yes, Permission.MANAGE_UNITS),
    Pressed("org.close", units.close, Permission.MANAGE_UNITS),
    Pressed("org.closeyes", units.close_yes, Permission.MANAGE_UNITS),
    Pressed("group.at", groups.browse, Permission.BIND_GROUP, in_groups=True),
    # imports and exports, and what is printed
    Pressed("poster.unit", posters.poster, Permission.SEE_UNITS),
    Pressed("import.confirm", imports.confirm, Permission.IMPORT_ROWS),
    Pressed("import.cancel", imports.cancel, Permission.IMPORT_ROWS),
    Pressed("import.begin", imports.begin, Permission.IMPORT_ROWS),
    Pressed("import.template", imports.template, Permission.IMPORT_ROWS),
    Pressed("export.units", imports.export_units, Permission.EXPORT_ROWS),
    Pressed("export.people", imports.export_people, Permission.EXPORT_ROWS),
    # check-ins
    Pressed("checkin.see", checkins.see, Permission.APPROVE_CHECK_IN),
    Pressed("checkin.approve", checkins.approve, Permission.APPROVE_CHECK_IN),
    Pressed("checkin.sendback", checkins.send_back, Permission.APPROVE_CHECK_IN),
    Pressed("checkin.papers", checkins.papers, ANYONE),
    Pressed("checkin.change", checkins.change, Permission.CHECK_IN),
    Pressed("checkin.renew", checkins.renew, Permission.CHECK_IN),
    Pressed("checkin.withdraw", checkins.withdraw, Permission.CHECK_IN),
    Pressed("checkin.leave", checkins.leave, Permission.CHECK_IN),
    Pressed("checkin.leaveyes", checkins.leave_yes, Permission.CHECK_IN),
    Pressed("checkin.stay", checkins.stay, Permission.CHECK_IN),
    Pressed("checkin.letter", checkins.letter, Permission.CHECK_IN),
    Pressed("checkin.confirm", checkins.hand_in, Permission.CHECK_IN),
    # appointments
    Pressed("person.appoint", appointments.appoint, Permission.APPOINT),
    Pressed("person.end", appointments.end, Permission.APPOINT),
    Pressed("person.endyes", appointments.end_yes, Permission.APPOINT),
    Pressed("person.away", appointments.away, Permission.NAME_DEPUTY),
    Pressed("person.recall", appointments.recall, Permission.NAME_DEPUTY),
    # people as staff see them
    Pressed("person.see", roster.see, Permission.SEE_PEOPLE),
    Pressed("people.close", roster.close, ANYONE),
    Pressed("person.new", persons.new, Permission.ENTER_PERSON),
    Pressed("person.correct", persons.correct, Permission.ENTER_PERSON),
    Pressed("person.tags", tags.see, Permission.TAG_PERSON),
    Pressed("person.tag", tags.put, Permission.TAG_PERSON),
    Pressed("person.untag", tags.take_off, Permission.TAG_PERSON),
    Pressed("person.back", tags.back, Permission.TAG_PERSON),
    Pressed("person.suspend", persons.suspend, Permission.SUSPEND_PERSON),
    Pressed("person.restore", persons.restore, Permission.SUSPEND_PERSON),
    Pressed("person.merge", persons.merge, Permission.MERGE_PEOPLE),
    # lessons: those who learn, then those who assign them
    Pressed("study.page", lessons.page, Permission.STUDY),
    Pressed("study.done", lessons.done_page, Permission.STUDY),
    Pressed("lesson.open", lessons.open_lesson, Permission.STUDY),
    Pressed("lesson.done", lessons.finish, Permission.STUDY),
    Pressed("lesson.answer", lessons.answer, Permission.STUDY),
    Pressed("lesson.again", lessons.again, Permission.STUDY),
    Pressed("lessons.page", lesson_desk.assigned, Permission.ASSIGN_LESSON),
    Pressed("lesson.new", lesson_desk.new, Permission.ASSIGN_LESSON),
    Pressed("lesson.see", lesson_desk.see, Permission.ASSIGN_LESSON),
    Pressed("lesson.card", lesson_desk.show_card, Permission.ASSIGN_LESSON),
    Pressed("lesson.preview", lesson_desk.preview, Permission.ASSIGN_LESSON),
    Pressed("lesson.quiz", lesson_questions.questions, Permission.ASSIGN_LESSON),
    Pressed("lesson.text", lesson_desk.text, Permission.ASSIGN_LESSON),
    Pressed("lesson.due", lesson_terms.due, Permission.ASSIGN_LESSON),
    Pressed("lesson.points", lesson_terms.points, Permission.ASSIGN_LESSON),
    Pressed("lesson.passing", lesson_terms.passing, Permission.ASSIGN_LESSON),
    Pressed("lesson.ask", lesson_questions.ask, Permission.ASSIGN_LESSON),
    Pressed("lesson.bank", lesson_questions.bank, Permission.ASSIGN_LESSON),
    Pressed("lesson.question", lesson_questions.see, Permission.ASSIGN_LESSON),
    Pressed("lesson.reword", lesson_questions.reword, Permission.ASSIGN_LESSON),
    Pressed("lesson.unask", lesson_questions.unask, Permission.ASSIGN_LESSON),
    Pressed("lesson.template", lesson_questions.template, Permission.ASSIGN_LESSON),
    Pressed("lesson.noquiz", lesson_questions.no_quiz, Permission.ASSIGN_LESSON),
    Pressed("lesson.confirm", lesson_desk.confirm, Permission.ASSIGN_LESSON),
    Pressed("lesson.withdraw", lesson_desk.withdraw, Permission.ASSIGN_LESSON),
    Pressed("lesson.withdrawyes", lesson_desk.withdraw_yes, Permission.ASSIGN_LESSON),
    Pressed("lesson.nudge", lesson_desk.nudge, Permission.ASSIGN_LESSON),
    Pressed("lesson.nudgeown", lesson_desk.nudge_own, Permission.ASSIGN_LESSON),
    Pressed("study.years", lesson_years.places, Permission.ASSIGN_LESSON),
    Pressed("study.sheet", lesson_years.sheet, Permission.ASSIGN_LESSON),
    Pressed("lesson.who", lesson_desk.who, Permission.ASSIGN_LESSON),
    Pressed("lesson.sheet", lesson_desk.sheet, Permission.ASSIGN_LESSON),
    Pressed("lesson.whom", lesson_audience.whom, Permission.ASSIGN_LESSON),
    Pressed("lesson.role", lesson_audience.role, Permission.ASSIGN_LESSON),
    Pressed("lesson.skills", lesson_audience.skills, Permission.ASSIGN_LESSON),
    Pressed("lesson.skill", lesson_audience.skill, Permission.ASSIGN_LESSON),
    Pressed("lesson.tag", lesson_audience.tag, Permission.ASSIGN_LESSON),
    Pressed("lesson.places", lesson_audience.places, Permission.ASSIGN_LESSON),
    Pressed("lesson.put", lesson_audience.put, Permission.ASSIGN_LESSON),
    Pressed("lesson.out", lesson_audience.out, Permission.ASSIGN_LESSON),
    Pressed("lessontemplate.page", lesson_templates.page, Permission.ASSIGN_LESSON),
    Pressed("lessontemplate.see", lesson_templates.see, Permission.ASSIGN_LESSON),
    Pressed("lessontemplate.use", lesson_templates.use, Permission.ASSIGN_LESSON),
    Pressed("lessontemplate.save", lesson_templates.save, Permission.ASSIGN_LESSON),
    Pressed("lessontemplate.rename", lesson_templates.rename, Permission.ASSIGN_LESSON),
    Pressed("lessontemplate.drop", lesson_templates.drop, Permission.ASSIGN_LESSON),
    Pressed("lessontemplate.dropyes", lesson_templates.drop_yes, Permission.ASSIGN_LESSON),
    Pressed("series.page", lesson_series.page, Permission.ASSIGN_LESSON),
    Pressed("series.see", lesson_series.see, Permission.ASSIGN_LESSON),
    Pressed("series.new", lesson_series.new, Permission.ASSIGN_LESSON),
    Pressed("series.drafts", lesson_series.drafts, Permission.ASSIGN_LESSON),
    Pressed("series.templates", lesson_series.templates, Permission.ASSIGN_LESSON),
    Pressed("series.put", lesson_series.put, Permission.ASSIGN_LESSON),
    Pressed("series.fill", lesson_series.fill, Permission.ASSIGN_LESSON),
    Pressed("series.take", lesson_series.take, Permission.ASSIGN_LESSON),
    Pressed("series.stop", lesson_series.stop, Permission.ASSIGN_LESSON),
    Pressed("series.stopyes", lesson_series.stop_yes, Permission.ASSIGN_LESSON),
    Pressed("series.resume", lesson_series.resume, Permission.ASSIGN_LESSON),
    # meetings: those who are invited, then those who plan them
    Pressed("meetings.page", meetings.page, Permission.ATTEND_MEETING),
    Pressed("meetings.past", meetings.past, Permission.ATTEND_MEETING),
    Pressed("meeting.open", meetings.open_meeting, Permission.ATTEND_MEETING),
    Pressed("meeting.come", meetings.come, Permission.ATTEND_MEETING),
    Pressed("meeting.leave", meetings.leave, Permission.ATTEND_MEETING),
    Pressed("meeting.checkin", meetings.check_in, Permission.ATTEND_MEETING),
    Pressed("meeting.scan", meetings.scanned, Permission.ATTEND_MEETING),
    Pressed("meeting.minutes", meetings.minutes, Permission.ATTEND_MEETING),
    Pressed("followup.done", meetings.done, Permission.ATTEND_MEETING),
    Pressed("meetings.desk", meeting_desk.desk, Permission.PLAN_MEETING),
    Pressed("meeting.new", meeting_desk.new, Permission.PLAN_MEETING),
    Pressed("meeting.record", meeting_desk.record, Permission.PLAN_MEETING),
    Pressed("meeting.card", meeting_desk.show_card, Permission.PLAN_MEETING),
    Pressed("meeting.back", meeting_desk.back_to_card, Permission.PLAN_MEETING),
    Pressed("meeting.move", meeting_desk.move, Permission.PLAN_MEETING),
    Pressed("meeting.correct", meeting_desk.correct, Permission.PLAN_MEETING),
    Pressed("meeting.pin", meeting_desk.pin, Permission.PLAN_MEETING),
    Pressed("meeting.cancel", meeting_desk.cancel, Permission.PLAN_MEETING),
    Pressed("meeting.cancelyes", meeting_desk.cancel_yes, Permission.PLAN_MEETING),
    Pressed("meeting.absent", meeting_door.absent, Permission.PLAN_MEETING),
    Pressed("meeting.present", meeting_door.present, Permission.PLAN_MEETING),
    Pressed("meeting.tick", meeting_door.tick, Permission.PLAN_MEETING),
    Pressed("meeting.strike", meeting_door.strike, Permission.PLAN_MEETING),
    Pressed("meeting.puton", meeting_door.put_on, Permission.PLAN_MEETING),
    Pressed("meeting.takeoff", meeting_door.take_off, Permission.PLAN_MEETING),
    Pressed("meeting.code", meeting_door.code, Permission.PLAN_MEETING),
    Pressed("meeting.qr", meeting_door.qr, Permission.PLAN_MEETING),
    Pressed("meeting.close", meeting_desk.close, Permission.PLAN_MEETING),
    Pressed("meeting.closeyes", meeting_desk.close_yes, Permission.PLAN_MEETING),
    Pressed("meeting.write", meeting_records.write, Permission.PLAN_MEETING),
    Pressed("meeting.follows", meeting_records.follows, Permission.PLAN_MEETING),
    Pressed("meeting.follow", meeting_records.follow, Permission.PLAN_MEETING),
    Pressed("followup.settle", meeting_records.settle, Permission.PLAN_MEETING),
    Pressed("meetings.places", meeting_records.places, Permission.PLAN_MEETING),
    Pressed("meetings.duty", meeting_records.duty, Permission.PLAN_MEETING),
    Pressed("meetings.sheet", meeting_records.sheet, Permission.PLAN_MEETING),
    # notices: those who send them
    Pressed("notice.page", notices.page, Permission.SEND_NOTICE),
    Pressed("notice.new", notices.new, Permission.SEND_NOTICE),
    Pressed("notice.see", notices.see, Permission.SEND_NOTICE),
    Pressed("notice.open", notices.open_card, Permission.SEND_NOTICE),
    Pressed("notice.preview", notices.preview, Permission.SEND_NOTICE),
    Pressed("notice.list", notices.meant, Permission.SEND_NOTICE),
    Pressed("notice.write", notices.write, Permission.SEND_NOTICE),
    Pressed("notice.copy", notices.again, Permission.SEND_NOTICE),
    Pressed("notice.text", notices.text, Permission.SEND_NOTICE),
    Pressed("notice.files", notices.files, Permission.SEND_NOTICE),
    Pressed("notice.time", notices.time, Permission.SEND_NOTICE),
    Pressed("notice.kinds", notice_terms.kinds, Permission.SEND_NOTICE),
    Pressed("notice.kind", notice_terms.set_kind, Permission.SEND_NOTICE),
    Pressed("notice.valid", notice_terms.valid, Permission.SEND_NOTICE),
    Pressed("notice.switch", notices.switch, Permission.SEND_NOTICE),
    Pressed("notice.whom", notice_audience.whom, Permission.SEND_NOTICE),
    Pressed("notice.role", notice_audience.role, Permission.SEND_NOTICE),
    Pressed("notice.reads", notice_audience.reads, Permission.SEND_NOTICE),
    Pressed("notice.skills", notice_audience.skills, Permission.SEND_NOTICE),
    Pressed("notice.skill", notice_audience.skill, Permission.SEND_NOTICE),
    Pressed("notice.tag", notice_audience.tag, Permission.SEND_NOTICE),
    Pressed("notice.places", notice_audience.places, Permission.SEND_NOTICE),
    Pressed("notice.put", notice_audience.put, Permission.SEND_NOTICE),
    Pressed("notice.out", notice_audience.out, Permission.SEND_NOTICE),
    Pressed("notice.confirm", notices.confirm, Permission.SEND_NOTICE),
    Pressed("notice.hold", notices.hold, Permission.SEND_NOTICE),
    Pressed("notice.goon", notices.go_on, Permission.SEND_NOTICE),
    Pressed("notice.stop", notices.stop, Permission.SEND_NOTICE),
    Pressed("notice.stopyes", notices.stop_yes, Permission.SEND_NOTICE),
    Pressed("notice.withdraw", notices.withdraw, Permission.SEND_NOTICE),
    Pressed("notice.withdrawyes", notices.withdraw_yes, Permission.SEND_NOTICE),
    Pressed("notice.remind", notices.remind, Permission.SEND_NOTICE),
    Pressed("notice.again", notices.ask_again, Permission.SEND_NOTICE),
    Pressed("notice.report", notices.report, Permission.SEND_NOTICE),
    Pressed("notice.sheet", notices.sheet, Permission.SEND_NOTICE),
    Pressed("notice.chart", notices.chart, Permission.SEND_NOTICE),
    Pressed("notice.calls", notices.calls, Permission.SEND_NOTICE),
    Pressed("notice.called", notices.called, Permission.SEND_NOTICE),
    Pressed("notice.answers", threads.of_notice, Permission.SEND_NOTICE),
    Pressed("notice.drafts", templates.drafts, Permission.SEND_NOTICE),
    # what was answered to them, and what they begin with
    Pressed("thread.see", threads.see, Permission.SEND_NOTICE),
    Pressed("thread.page", threads.page, Permission.SEND_NOTICE),
    Pressed("thread.files", threads.files, Permission.SEND_NOTICE),
    Pressed("thread.reply", threads.reply, Permission.SEND_NOTICE),
    Pressed("thread.close", threads.close, Permission.SEND_NOTICE),
    Pressed("template.page", templates.page, Permission.SEND_NOTICE),
    Pressed("template.see", templates.see, Permission.SEND_NOTICE),
    Pressed("template.use", templates.use, Permission.SEND_NOTICE),
    Pressed("template.save", templates.save, Permission.SEND_NOTICE),
    Pressed("template.rename", templates.rename, Permission.SEND_NOTICE),
    Pressed("template.drop", templates.drop, Permission.SEND_NOTICE),
    Pressed("template.dropyes", templates.drop_yes, Permission.SEND_NOTICE),
    # notices: those who get them
    Pressed("notice.read", notice_readers.read, Permission.READ_NOTICE),
    Pressed("notice.seen", notice_readers.read_reminded, Permission.READ_NOTICE),
    Pressed("notice.answer", notice_readers.answer, Permission.READ_NOTICE),
    Pressed("notices.page", notice_readers.received_page, Permission.SEE_NOTICES),
    Pressed("notices.old", notice_readers.received_old, Permission.SEE_NOTICES),
    Pressed("notices.mutes", notice_readers.mutes, Permission.SEE_NOTICES),
    Pressed("notices.mute", notice_readers.mute, Permission.KEEP_OWN_SETTINGS),
    Pressed("notices.see", notice_readers.see_received, Permission.SEE_NOTICES),
    Pressed("notices.search", notice_readers.search, Permission.SEE_NOTICES),
    # digests
    Pressed("digest.see", digests.see, Permission.KEEP_OWN_SETTINGS),
    Pressed("digest.home", digests.home, Permission.KEEP_OWN_SETTINGS),
    Pressed("digest.desk", digests.desk, Permission.KEEP_OWN_SETTINGS),
    # privacy
    Pressed("consent.goon", privacy.agreed_first(privacy.go_on), ANYONE),
    Pressed("privacy.see", privacy.see, Permission.KEEP_OWN_DATA),
    Pressed("privacy.export", privacy.export, Permission.KEEP_OWN_DATA),
    Pressed("privacy.correct", privacy.correct, Permission.KEEP_OWN_DATA),
    Pressed("privacy.put", privacy.correct_one, Permission.KEEP_OWN_DATA),
    Pressed("privacy.forget", privacy.forget, Permission.KEEP_OWN_DATA),
    Pressed("privacy.surely", privacy.forget_surely, Permission.KEEP_OWN_DATA),
    Pressed("privacy.forgetyes", privacy.forget_yes, Permission.KEEP_OWN_DATA),
    # the audit trail
    Pressed("audit.page", trail.page, Permission.SEE_AUDIT),
    Pressed("audit.person", trail.ask, Permission.SEE_AUDIT),
    Pressed("audit.request", trail.ask, Permission.SEE_AUDIT),
    Pressed("audit.unit", trail.ask, Permission.SEE_AUDIT),
    Pressed("audit.kind", trail.ask, Permission.SEE_AUDIT),
    Pressed("audit.day", trail.ask, Permission.SEE_AUDIT),
    # the clock
    Pressed("jobs.list", jobs.again, Permission.MANAGE_JOBS),
    Pressed("jobs.see", jobs.see, Permission.MANAGE_JOBS),
    Pressed("jobs.run", jobs.run, Permission.MANAGE_JOBS),
    # the block list
    Pressed("block.add", blocks.add, Permission.SUSPEND_PERSON),
    Pressed("block.remove", blocks.remove, Permission.SUSPEND_PERSON),
    # whatever else is pressed
    Seen(Other.PRESS, strays.unknown_press),
    # commands
    *(Command(name, from_menu(name), permission) for name, (_, permission) in MENU.items()),
    Command("bind", groups.bind, Permission.BIND_GROUP, where=PRIVATE | GROUPS),
    Command("unbind", groups.unbind, Permission.BIND_GROUP, where=PRIVATE | GROUPS),
    *(Command(name, groups.only_private, ANYONE, where=GROUPS) for name in MENU),
    Seen(PRIVATE & filters.COMMAND, strays.unknown_command),
    # chats that change, and whatever else is said
    Seen(filters.StatusUpdate.MIGRATE, strays.migrated),
    Seen(Other.MEMBERSHIP, strays.own_membership),
    Seen(PRIVATE & ~filters.StatusUpdate.ALL, privacy.agreed_first(talk.words, keeps=True)),
    Seen(filters.ChatType.PRIVATE & filters.UpdateType.EDITED_MESSAGE, strays.edited),
    Seen(Other.UPDATE, strays.ignored),
)


ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""What Telegram is asked to send: what the list above answers."""

Built = BaseHandler[Update, CallbackContext[Any, Any, Any, Any], Any]


def build(
    *,
    store: Store,
    speaker: Speaker,
    texts: Texts,
    rules: Rulebook,
    now: Callable[[], datetime],
    bot_username: str,
    outcomes: Outcomes,
    fetch: Callable[[str], Awaitable[bytes]] = no_files,
    rates: Rates = OFF,
) -> list[Built]:
    """The handlers, in order, for one group of an Application. ``outcomes`` hears what became of each update.

    ``fetch`` gets the bytes of a file by its ``file_id``; it raises Refused for one that cannot be had. ``rates``: how
    much one person may ask for.
    """
    limits = Limits(rates, now=now)
    around = Surroundings(store, texts, rules, now, bot_username, talk.FORMS, fetch, limits)
    runner = Runner(store, speaker, texts)
    return [_built(registration, around, runner, outcomes) for registration in REGISTRATIONS]


def _built(registration: Registration, around: Surroundings, runner: Runner, outcomes: Outcomes) -> Built:
    handler = tied(registration)

    async def callback(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        try:
            turn = turn_of(update, around)
            instead = gate.barred(turn) or (strays.unknown_press if _strange(registration, turn) else None)
            answer = await runner.run(instead or handler, turn)
        except Exception as error:  # kept for who asks: the framework would only log it
            outcomes.failed(update.update_id, error)
        else:
            outcomes.answered(update.update_id, answer)

    match registration:
        case Command(name=name, where=where):
            return CommandHandler(name, callback, filters=where)
        case Pressed(name=name):
            return CallbackQueryHandler(callback, pattern=re.compile(rf"{re.escape(name)}:{ARGUMENTS}\Z"))
        case Seen(what=filters.BaseFilter() as what):
            return MessageHandler(what, callback)
        case Seen(what=Other.MEMBERSHIP):
            return ChatMemberHandler(callback, ChatMemberHandler.MY_CHAT_MEMBER)
        case Seen(what=Other.PRESS):
            return CallbackQueryHandler(callback)
        case _:
            return TypeHandler(Update, callback)


def _strange(registration: Registration, turn: Turn) -> bool:
    """Whether no button of ours can have been pressed so: in a group, or with no data at all.

    The framework takes a press without data for a match of every pattern.
    """
    if not isinstance(registration, Pressed):
        return False
    return turn.pressed.name != registration.name or not (turn.private or registration.in_groups)


def tied(registration: Registration) -> Handler:
    """The handler, held to the permission it is registered with: an action under another one is a bug."""
    permission = registration.permission
    if isinstance(permission, Anyone):
        return registration.handler

    async def held(turn: Turn) -> Answer:
        answer = await registration.handler(turn)
        if isinstance(answer, Do) and answer.action.permission != permission:
            raise PermissionError(f"{registration} acts with {answer.action.permission}")
        return answer

    return held


__all__ = [
    "ALLOWED_UPDATES",
    "ANYONE",
    "REGISTRATIONS",
    "Command",
    "Outcomes",
    "Pressed",
    "Seen",
    "build",
    "tied",
]
