"""Who may do what: one table, read by every check, every menu and the generated matrix of the tests.

Authority is a role held at a unit, over that unit and below. A shown button is not a right, so ``allowed`` is asked
again inside each change and each read. Source: docs/rules.md §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.base import Actor, Held, Role, Subject
from domain.rulebook import Rulebook


class Permission(StrEnum):
    """One thing somebody may do. Actions and queries name exactly one."""

    ARRIVE = "arrive"
    KEEP_OWN_SETTINGS = "keep_own_settings"
    RAISE_REQUEST = "raise_request"
    RAISE_FOR_OTHER = "raise_for_other"
    SEE_REQUEST = "see_request"
    FOLLOW_OWN_REQUEST = "follow_own_request"
    CONFIRM_REQUEST = "confirm_request"
    RAISE_ALARM = "raise_alarm"
    ACKNOWLEDGE_ALARM = "acknowledge_alarm"
    SEE_DESK = "see_desk"
    TRIAGE_REQUEST = "triage_request"
    DECLINE_REQUEST = "decline_request"
    VERIFY_REQUEST = "verify_request"
    SEE_TASKS = "see_tasks"
    CLAIM_TASK = "claim_task"
    WORK_CLAIM = "work_claim"
    WRITE_LETTER = "write_letter"
    PAIR = "pair"
    SEE_PAIRINGS = "see_pairings"
    CONFIRM_VISIT = "confirm_visit"
    SEE_OWN_POINTS = "see_own_points"
    BIND_GROUP = "bind_group"
    CHECK_IN = "check_in"
    APPROVE_CHECK_IN = "approve_check_in"
    SEE_PEOPLE = "see_people"
    ENTER_PERSON = "enter_person"
    TAG_PERSON = "tag_person"
    APPOINT = "appoint"
    NAME_DEPUTY = "name_deputy"
    SUSPEND_PERSON = "suspend_person"
    MERGE_PEOPLE = "merge_people"
    SEE_UNITS = "see_units"
    MANAGE_UNITS = "manage_units"
    IMPORT_ROWS = "import_rows"
    EXPORT_ROWS = "export_rows"
    SEND_NOTICE = "send_notice"
    READ_NOTICE = "read_notice"
    SEE_NOTICES = "see_notices"
    STUDY = "study"
    ASSIGN_LESSON = "assign_lesson"
    ATTEND_MEETING = "attend_meeting"
    PLAN_MEETING = "plan_meeting"
    SEE_AUDIT = "see_audit"
    MANAGE_JOBS = "manage_jobs"
    KEEP_OWN_DATA = "keep_own_data"
    RUN_CLOCK = "run_clock"


@dataclass(frozen=True, slots=True)
class Grant:
    """How a permission is come by.

    ``roles``: held at a unit that covers the subject. ``own``: the subject is one's own. ``anyone``: whoever is known
    (and even who is not yet, with ``strangers``). ``never_workers``: who did the work may not, whatever they hold;
    ``never_owners``: nobody may with what is their own.
    """

    roles: frozenset[Role] = frozenset()
    own: bool = False
    working: bool = False
    anyone: bool = False
    strangers: bool = False
    never_workers: bool = False
    never_owners: bool = False
    while_suspended: bool = False


STAFF = frozenset({Role.LEADER, Role.SECRETARY})
HELPERS = frozenset({Role.MEMBER, Role.LEADER, Role.SECRETARY})
HEADS = frozenset({Role.SECRETARY, Role.ADMIN})

GRANTS: dict[Permission, Grant] = {
    Permission.ARRIVE: Grant(anyone=True, strangers=True, while_suspended=True),
    Permission.KEEP_OWN_SETTINGS: Grant(anyone=True, while_suspended=True),
    Permission.RAISE_REQUEST: Grant(anyone=True),
    Permission.RAISE_FOR_OTHER: Grant(roles=HELPERS),
    Permission.SEE_REQUEST: Grant(roles=STAFF, own=True, working=True, while_suspended=True),
    Permission.FOLLOW_OWN_REQUEST: Grant(own=True, while_suspended=True),
    Permission.CONFIRM_REQUEST: Grant(own=True, never_workers=True, while_suspended=True),
    Permission.RAISE_ALARM: Grant(anyone=True, while_suspended=True),
    Permission.ACKNOWLEDGE_ALARM: Grant(roles=STAFF),
    Permission.SEE_DESK: Grant(roles=STAFF | HEADS),
    Permission.TRIAGE_REQUEST: Grant(roles=STAFF),
    Permission.DECLINE_REQUEST: Grant(roles=frozenset({Role.SECRETARY})),
    Permission.VERIFY_REQUEST: Grant(roles=STAFF, never_workers=True, never_owners=True),
    Permission.SEE_TASKS: Grant(roles=HELPERS),
    Permission.CLAIM_TASK: Grant(roles=HELPERS),
    Permission.WORK_CLAIM: Grant(working=True),
    Permission.WRITE_LETTER: Grant(own=True, working=True),
    Permission.PAIR: Grant(roles=STAFF),
    Permission.SEE_PAIRINGS: Grant(roles=HELPERS),
    Permission.CONFIRM_VISIT: Grant(roles=STAFF, own=True, never_workers=True),
    Permission.SEE_OWN_POINTS: Grant(anyone=True, while_suspended=True),
    Permission.BIND_GROUP: Grant(roles=HEADS),
    Permission.CHECK_IN: Grant(anyone=True),
    Permission.APPROVE_CHECK_IN: Grant(roles=HEADS, never_owners=True),
    Permission.SEE_PEOPLE: Grant(roles=STAFF | HEADS),
    Permission.ENTER_PERSON: Grant(roles=STAFF),
    Permission.TAG_PERSON: Grant(roles=STAFF, never_owners=True),
    Permission.APPOINT: Grant(roles=HEADS, never_owners=True),
    Permission.NAME_DEPUTY: Grant(roles=STAFF | HEADS),
    Permission.SUSPEND_PERSON: Grant(roles=HEADS, never_owners=True),
    Permission.MERGE_PEOPLE: Grant(roles=HEADS),
    Permission.SEE_UNITS: Grant(roles=HEADS),
    Permission.MANAGE_UNITS: Grant(roles=frozenset({Role.ADMIN})),
    Permission.IMPORT_ROWS: Grant(roles=frozenset({Role.ADMIN})),
    Permission.EXPORT_ROWS: Grant(roles=HEADS),
    Permission.SEND_NOTICE: Grant(roles=STAFF),
    Permission.READ_NOTICE: Grant(own=True, while_suspended=True),
    Permission.SEE_NOTICES: Grant(anyone=True, while_suspended=True),
    Permission.STUDY: Grant(roles=HELPERS, own=True),
    Permission.ASSIGN_LESSON: Grant(roles=frozenset({Role.SECRETARY})),
    Permission.ATTEND_MEETING: Grant(roles=HELPERS, own=True),
    Permission.PLAN_MEETING: Grant(roles=STAFF),
    Permission.SEE_AUDIT: Grant(roles=HEADS),
    Permission.MANAGE_JOBS: Grant(roles=frozenset({Role.ADMIN})),
    Permission.KEEP_OWN_DATA: Grant(anyone=True, while_suspended=True),
    Permission.RUN_CLOCK: Grant(),
}


WITHOUT_CONSENT = frozenset(
    {
        Permission.ARRIVE,
        Permission.KEEP_OWN_SETTINGS,
        Permission.KEEP_OWN_DATA,
        Permission.RAISE_ALARM,
    }
)
"""What goes on while somebody has not agreed to the terms in force: saying yes, seeing and erasing one's own, danger."""


def asked_again(actor: Actor, rules: Rulebook) -> bool:
    """Whether the terms have changed since ``actor`` agreed. Who has never been asked is not asked again: they arrive."""
    return actor.consent_version is not None and actor.consent_version < rules.consent_version


def covers(held: Held, subject: Subject) -> bool:
    """Whether an appointment reaches the subject.

    Leaders, secretaries and admins reach their unit and all below. Members reach what is offered in a part of the
    tree that touches their own units: the one they checked in at, those above it and those below.
    """
    if held.role is Role.MEMBER:
        circle = subject.path if subject.circle is None else subject.circle
        return bool(circle) and (circle.startswith(held.path) or held.path.startswith(circle))
    return bool(subject.path) and subject.path.startswith(held.path)


def allowed(actor: Actor, permission: Permission | str, subject: Subject | None) -> bool:
    """Whether ``actor`` may do this to ``subject``; with ``subject`` None, whether they may do it anywhere at all."""
    if actor.job is not None:
        return True
    grant = GRANTS[Permission(permission)]
    if not actor.person_id:
        return grant.strangers
    if actor.suspended and not grant.while_suspended:
        return False
    if grant.anyone:
        return True
    if subject is None:
        return any(held.role in grant.roles for held in actor.held)
    if grant.never_workers and actor.person_id in subject.workers:
        return False
    if grant.never_owners and actor.person_id in subject.owners:
        return False
    if grant.own and actor.person_id in subject.owners:
        return True
    if grant.working and actor.person_id in subject.workers:
        return True
    roles = grant.roles if subject.only is None else grant.roles & subject.only
    return any(held.role in roles and covers(held, subject) for held in actor.held)


TOLD: tuple[Permission, ...] = tuple(
    permission for permission in Permission if permission not in (Permission.ARRIVE, Permission.RUN_CLOCK)
)
"""What is worth telling people about, in the order of the table: not the way in, and not what jobs do."""


OWN_TOO: tuple[Permission, ...] = tuple(
    permission for permission in TOLD if GRANTS[permission].own and GRANTS[permission].roles
)
"""What residents have with their own things and staff with other people's: two different sentences."""


def rights_of_everyone(*, suspended: bool = False) -> tuple[Permission, ...]:
    """What anyone known may do: what is anyone's, and what is theirs with their own things or their own work."""
    return tuple(
        permission
        for permission in TOLD
        if ((grant := GRANTS[permission]).anyone or grant.own) and (grant.while_suspended or not suspended)
    )


def rights_of(role: Role) -> tuple[Permission, ...]:
    """What an appointment adds, over the places it reaches."""
    # Working on a claim comes by the claim and not by the role; whoever may claim wants to read what follows.
    helps = role in GRANTS[Permission.CLAIM_TASK].roles
    return tuple(
        permission
        for permission in TOLD
        if role in GRANTS[permission].roles or (helps and permission is Permission.WORK_CLAIM)
    )


COMMANDS: tuple[tuple[str, Permission], ...] = (
    ("request", Permission.RAISE_REQUEST),
    ("mine", Permission.RAISE_REQUEST),
    ("notices", Permission.SEE_NOTICES),
    ("desk", Permission.SEE_DESK),
    ("tasks", Permission.SEE_TASKS),
    ("mytasks", Permission.SEE_TASKS),
    ("pairs", Permission.SEE_PAIRINGS),
    ("study", Permission.STUDY),
    ("meetings", Permission.ATTEND_MEETING),
    ("points", Permission.SEE_OWN_POINTS),
    ("notice", Permission.SEND_NOTICE),
    ("people", Permission.SEE_PEOPLE),
    ("org", Permission.SEE_UNITS),
    ("audit", Permission.SEE_AUDIT),
    ("jobs", Permission.MANAGE_JOBS),
    ("menu", Permission.ARRIVE),
    ("checkin", Permission.CHECK_IN),
    ("rights", Permission.KEEP_OWN_SETTINGS),
    ("privacy", Permission.KEEP_OWN_DATA),
    ("language", Permission.ARRIVE),
    ("help", Permission.ARRIVE),
    ("start", Permission.ARRIVE),
    ("cancel", Permission.ARRIVE),
)
"""The commands in the order of the menu, each with what makes it worth showing; ``/help`` and Telegram's own menu
come from here, and the same permissions are checked when the command is used."""


def commands_for(actor: Actor) -> tuple[str, ...]:
    """The commands worth showing to ``actor``, in order."""
    return tuple(name for name, permission in COMMANDS if allowed(actor, permission, None))
