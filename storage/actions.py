"""Which rule decides an action, which rows it needs, and which statements carry out what it changes in many: a row for each
noun. A new column of the house is entered here, and the tests tell what was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain import (
    agreed,
    alarms,
    appointments,
    backup,
    blocks,
    checkins,
    deadlines,
    deputies,
    digests,
    groups,
    imports,
    jobs,
    lessons,
    meetings,
    notices,
    pairings,
    people,
    privacy,
    requests,
    reshaping,
    roster,
    tags,
    tasks,
    templates,
    threads,
    unstarted,
)
from domain import units as unit_rules
from domain.base import Action, Decision, Sweep
from storage import alarms as alarm_rows
from storage import appointments as appointment_rows
from storage import blocks as block_rows
from storage import checkins as checkin_rows
from storage import deadlines as deadline_rows
from storage import digests as digest_rows
from storage import groups as group_rows
from storage import imports as import_rows
from storage import jobs as job_rows
from storage import lesson_nudges as nudge_rows
from storage import lesson_series as series_rows
from storage import lesson_templates as lesson_template_rows
from storage import lessons as lesson_rows
from storage import meetings as meeting_rows
from storage import (
    notice_terms,
    receipts,
    tree,
    troubles,
    unit_changes,
)
from storage import notices as notice_rows
from storage import pairings as pairing_rows
from storage import people as people_rows
from storage import privacy as privacy_rows
from storage import requests as request_rows
from storage import roster as roster_rows
from storage import tags as tag_rows
from storage import tasks as task_rows
from storage import templates as template_rows
from storage import threads as thread_rows

DECIDE: Mapping[type[Action], Callable[..., Decision]] = {
    **people.DECIDE,
    **requests.DECIDE,
    **agreed.DECIDE,
    **tasks.DECIDE,
    **deadlines.DECIDE,
    **unstarted.DECIDE,
    **pairings.DECIDE,
    **alarms.DECIDE,
    **groups.DECIDE,
    **unit_rules.DECIDE,
    **reshaping.DECIDE,
    **imports.DECIDE,
    **checkins.DECIDE,
    **appointments.DECIDE,
    **deputies.DECIDE,
    **roster.DECIDE,
    **tags.DECIDE,
    **privacy.DECIDE,
    **blocks.DECIDE,
    **notices.DECIDE,
    **threads.DECIDE,
    **templates.DECIDE,
    **digests.DECIDE,
    **lessons.DECIDE,
    **meetings.DECIDE,
    **backup.DECIDE,
    **jobs.DECIDE,
}
"""Which rule decides an action: one row for each noun."""

LOAD: Mapping[type[Action], Callable[..., Any]] = {
    **people_rows.LOADERS,
    **request_rows.LOADERS,
    **task_rows.LOADERS,
    **deadline_rows.LOADERS,
    **pairing_rows.LOADERS,
    **alarm_rows.LOADERS,
    **group_rows.LOADERS,
    **unit_changes.LOADERS,
    **import_rows.LOADERS,
    **checkin_rows.LOADERS,
    **appointment_rows.LOADERS,
    **roster_rows.LOADERS,
    **tag_rows.LOADERS,
    **privacy_rows.LOADERS,
    **block_rows.LOADERS,
    **notice_rows.LOADERS,
    **thread_rows.LOADERS,
    **template_rows.LOADERS,
    **notice_terms.LOADERS,
    **digest_rows.LOADERS,
    **lesson_rows.LOADERS,
    **lesson_template_rows.LOADERS,
    **series_rows.LOADERS,
    **nudge_rows.LOADERS,
    **meeting_rows.LOADERS,
    **troubles.LOADERS,
}
"""Which rows a rule needs: the same actions, in the same order."""

LOAD_AT: Mapping[type[Action], Callable[..., Any]] = {
    **notice_rows.LOADERS_AT,
    **thread_rows.LOADERS_AT,
    **job_rows.LOADERS_AT,
    **lesson_rows.LOADERS_AT,
    **series_rows.LOADERS_AT,
    **meeting_rows.LOADERS_AT,
}
"""The same, where which rows they are depends on the time."""

SWEEP: Mapping[type[Sweep], Callable[..., None]] = {
    **tree.SWEEPS,
    **receipts.SWEEPS,
    **template_rows.SWEEPS,
    **notice_terms.SWEEPS,
    **tag_rows.SWEEPS,
    **digest_rows.SWEEPS,
    **lesson_rows.SWEEPS,
    **lesson_template_rows.SWEEPS,
    **series_rows.SWEEPS,
    **nudge_rows.SWEEPS,
    **meeting_rows.SWEEPS,
    **troubles.SWEEPS,
}
"""Which statements carry out a change of many rows."""
