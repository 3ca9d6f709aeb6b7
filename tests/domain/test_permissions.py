"""Who may do what: every role × permission × place × tie to the matter, against a table written by hand.

The table here is the one of the service's description, line for line; the program's own is in
``domain/permissions.py``. A permission added there without a line here fails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import pytest

from domain.base import Actor, Held, Role, Subject
from domain.permissions import COMMANDS, GRANTS, STAFF, Permission, allowed, commands_for, covers

P = Permission
M, L, S, A = Role.MEMBER, Role.LEADER, Role.SECRETARY, Role.ADMIN
ME = 7


@dataclass(frozen=True)
class Row:
    """``roles`` by authority over the place; ``everyone``, ``owner``, ``worker`` by tie; what even a stranger or
    somebody suspended keeps; and whether having done the work takes it away."""

    roles: str = ""
    everyone: bool = False
    owner: bool = False
    worker: bool = False
    stranger: bool = False
    suspended: bool = False
    not_workers: bool = False
    not_owners: bool = False


# One letter for each role: m(ember), l(eader), s(ecretary), a(dmin). Residents come by what is everyone's or their own.
EXPECTED: dict[Permission, Row] = {
    # raise, follow, withdraw, confirm, rate own requests: everyone; nobody confirms their own work
    P.RAISE_REQUEST: Row(everyone=True),
    P.FOLLOW_OWN_REQUEST: Row(owner=True, suspended=True),
    P.CONFIRM_REQUEST: Row(owner=True, suspended=True, not_workers=True),
    P.SEE_REQUEST: Row("ls", owner=True, worker=True, suspended=True),
    P.WRITE_LETTER: Row(owner=True, worker=True),
    # raise on behalf of someone
    P.RAISE_FOR_OTHER: Row("mls"),
    # see open tasks of own units, claim, do, withdraw
    P.SEE_TASKS: Row("mls"),
    P.CLAIM_TASK: Row("mls"),
    P.WORK_CLAIM: Row(worker=True),
    P.SEE_PAIRINGS: Row("mls"),
    # triage, verify within own units
    # admins too, for the check-ins where there is no secretary
    P.SEE_DESK: Row("lsa"),
    P.TRIAGE_REQUEST: Row("ls"),
    P.PAIR: Row("ls"),
    P.CONFIRM_VISIT: Row("ls", owner=True, not_workers=True),
    P.ACKNOWLEDGE_ALARM: Row("ls"),
    # decline: the secretary alone
    P.DECLINE_REQUEST: Row("s"),
    # nobody verifies their own work, nor what they asked for themselves
    P.VERIFY_REQUEST: Row("ls", not_workers=True, not_owners=True),
    # groups are set up with the units
    P.BIND_GROUP: Row("sa"),
    # approve check-ins and appointments; nobody does for themselves
    P.APPROVE_CHECK_IN: Row("sa", not_owners=True),
    P.APPOINT: Row("sa", not_owners=True),
    P.SUSPEND_PERSON: Row("sa", not_owners=True),
    P.MERGE_PEOPLE: Row("sa"),
    # the admin sees no more private data than a secretary, and enters nobody
    P.SEE_PEOPLE: Row("lsa"),
    P.ENTER_PERSON: Row("ls"),
    P.TAG_PERSON: Row("ls", not_owners=True),
    P.NAME_DEPUTY: Row("lsa"),
    # units, exports, audit: the secretary reads, the admin changes
    P.SEE_UNITS: Row("sa"),
    P.MANAGE_UNITS: Row("a"),
    P.IMPORT_ROWS: Row("a"),
    P.EXPORT_ROWS: Row("sa"),
    P.SEE_AUDIT: Row("sa"),
    P.MANAGE_JOBS: Row("a"),
    # notices: who leads a place speaks to it; what reached somebody stays theirs to read
    P.SEND_NOTICE: Row("ls"),
    P.READ_NOTICE: Row(owner=True, suspended=True),
    P.SEE_NOTICES: Row(everyone=True, suspended=True),
    # what was assigned to somebody stays theirs to study; secretaries assign
    P.STUDY: Row("mls", owner=True),
    P.ASSIGN_LESSON: Row("s"),
    # who is invited answers for themselves; a leader plans the group meeting, a secretary any (``Subject.only``)
    P.ATTEND_MEETING: Row("mls", owner=True),
    P.PLAN_MEETING: Row("ls"),
    # anyone who lives here may say that they are a member; what is kept about one is one's own
    P.CHECK_IN: Row(everyone=True),
    P.KEEP_OWN_DATA: Row(everyone=True, suspended=True),
    # one's own: arrival, settings, danger, points
    P.ARRIVE: Row(everyone=True, stranger=True, suspended=True),
    P.KEEP_OWN_SETTINGS: Row(everyone=True, suspended=True),
    P.RAISE_ALARM: Row(everyone=True, suspended=True),
    P.SEE_OWN_POINTS: Row(everyone=True, suspended=True),
    # jobs only
    P.RUN_CLOCK: Row(),
}
LETTERS = {"m": M, "l": L, "s": S, "a": A}

HERE = "1.2.3.5."
PLACES = {
    "own": HERE,
    "below": "1.2.3.5.9.",
    "beside": "1.2.3.6.",
    "above": "1.2.3.",
    "elsewhere": "8.",
    "none": "",
}
TIES = ("owner", "worker", "other")
ROLES: tuple[Role | None, ...] = (None, M, L, S, A)


def actor(role: Role | None, *, suspended: bool = False) -> Actor:
    """Me, holding ``role`` here, or a resident who holds nothing."""
    held = (Held(role, 5, HERE),) if role else ()
    return Actor(person_id=ME, home_unit_id=5, home_path=HERE, suspended=suspended, held=held)


def subject(place: str, tie: str) -> Subject:
    """Something in a place, to which I am tied so."""
    mine = frozenset({ME})
    return Subject(
        path=PLACES[place],
        owners=mine if tie == "owner" else frozenset({1}),
        workers=mine if tie == "worker" else frozenset({2}),
    )


def reaches(role: Role, place: str) -> bool:
    """Over the unit and below; a member also reaches what is offered around, in the units above their own."""
    return place in ("own", "below") or (role is M and place == "above")


def expected(role: Role | None, permission: Permission, place: str, tie: str) -> bool:
    row = EXPECTED[permission]
    if row.everyone:
        return True
    if (tie == "worker" and row.not_workers) or (tie == "owner" and row.not_owners):
        return False
    if (tie == "owner" and row.owner) or (tie == "worker" and row.worker):
        return True
    by_role = role is not None and role in {LETTERS[letter] for letter in row.roles}
    return by_role and role is not None and reaches(role, place)


def test_every_permission_has_a_line_in_the_table() -> None:
    assert set(EXPECTED) == set(Permission) == set(GRANTS)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", ROLES)
def test_every_cell_of_the_matrix(permission: Permission, role: Role | None) -> None:
    for place, tie in product(PLACES, TIES):
        answer = allowed(actor(role), permission, subject(place, tie))
        assert answer is expected(role, permission, place, tie), (place, tie)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", ROLES)
def test_without_a_subject_it_is_asked_whether_it_may_be_anywhere(
    permission: Permission, role: Role | None
) -> None:
    row = EXPECTED[permission]
    by_role = role in {LETTERS[letter] for letter in row.roles}
    assert allowed(actor(role), permission, None) is (row.everyone or by_role)


@pytest.mark.parametrize("permission", Permission)
def test_who_is_suspended_keeps_only_what_is_their_own(permission: Permission) -> None:
    for role, place, tie in product(ROLES, PLACES, TIES):
        answer = allowed(actor(role, suspended=True), permission, subject(place, tie))
        kept = EXPECTED[permission].suspended and expected(role, permission, place, tie)
        assert answer is kept, (role, place, tie)


@pytest.mark.parametrize("permission", Permission)
def test_a_stranger_may_only_arrive(permission: Permission) -> None:
    stranger = Actor(telegram_id=99)
    assert allowed(stranger, permission, None) is EXPECTED[permission].stranger
    for place, tie in product(PLACES, TIES):
        # Nobody's number is 0, but a subject that forgot to say whose it is must not become everybody's.
        nobodys = replace(subject(place, tie), owners=frozenset({0}), workers=frozenset({0}))
        assert allowed(stranger, permission, nobodys) is EXPECTED[permission].stranger


@pytest.mark.parametrize("permission", Permission)
def test_a_job_may_do_what_the_clock_asks(permission: Permission) -> None:
    job = Actor.system("settlement")
    assert allowed(job, permission, None)
    assert allowed(job, permission, subject("elsewhere", "other"))


@pytest.mark.parametrize("role", ROLES)
def test_only_a_job_runs_the_clock(role: Role | None) -> None:
    for place, tie in product(PLACES, TIES):
        assert not allowed(actor(role), P.RUN_CLOCK, subject(place, tie))


@pytest.mark.parametrize("role", [L, S, A])
@pytest.mark.parametrize("place", PLACES)
def test_authority_is_over_the_unit_and_below(role: Role, place: str) -> None:
    assert covers(Held(role, 5, HERE), subject(place, "other")) is (place in ("own", "below"))


@pytest.mark.parametrize("place", PLACES)
def test_a_member_reaches_what_touches_their_own_units(place: str) -> None:
    assert covers(Held(M, 5, HERE), subject(place, "other")) is (place in ("own", "below", "above"))


@pytest.mark.parametrize("place", PLACES)
def test_a_circle_counts_for_members_and_nothing_else(place: str) -> None:
    far_but_offered_here = Subject(path=PLACES["elsewhere"], circle=PLACES[place])
    assert covers(Held(M, 5, HERE), far_but_offered_here) is (place in ("own", "below", "above"))
    for role in (L, S, A):
        assert not covers(Held(role, 5, HERE), far_but_offered_here)


def test_what_is_offered_to_nobody_reaches_no_member() -> None:
    assert not covers(Held(M, 5, HERE), Subject(path=HERE, circle=""))


def test_a_unit_whose_number_begins_alike_is_another_unit() -> None:
    grid = Held(L, 5, "1.5.")
    assert covers(grid, Subject(path="1.5.2."))
    assert not covers(grid, Subject(path="1.52."))


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", ROLES)
def test_what_is_about_a_leader_is_for_secretaries_alone(permission: Permission, role: Role | None) -> None:
    about_staff = replace(subject("own", "other"), only=frozenset({S}))
    answer = allowed(actor(role), permission, about_staff)
    assert answer is (EXPECTED[permission].everyone or (role is S and "s" in EXPECTED[permission].roles))


def test_what_is_about_staff_is_still_the_residents_own() -> None:
    about_staff = replace(subject("own", "owner"), only=frozenset({S}))
    assert allowed(actor(None), P.FOLLOW_OWN_REQUEST, about_staff)
    assert allowed(actor(None), P.CONFIRM_REQUEST, about_staff)


def test_a_second_appointment_adds_and_takes_nothing_away() -> None:
    both = replace(actor(M), held=(Held(M, 5, HERE), Held(S, 9, "8.")))
    assert allowed(both, P.CLAIM_TASK, subject("own", "other"))
    assert allowed(both, P.DECLINE_REQUEST, subject("elsewhere", "other"))
    assert not allowed(both, P.DECLINE_REQUEST, subject("own", "other"))


def test_an_unknown_permission_is_an_error_and_no_answer() -> None:
    with pytest.raises(ValueError, match="fly"):
        allowed(actor(S), "fly", None)


# --- commands -------------------------------------------------------------------------------------------------------

OWN = ["menu", "checkin", "rights", "privacy", "language", "help", "start", "cancel"]
EVERYONES = ["request", "mine", "notices", "points", *OWN]
HELPERS_TOO = [
    "request",
    "mine",
    "notices",
    "tasks",
    "mytasks",
    "pairs",
    "study",
    "meetings",
    "points",
    *OWN,
]
LEADERS = [
    "request",
    "mine",
    "notices",
    "desk",
    "tasks",
    "mytasks",
    "pairs",
    "study",
    "meetings",
    "points",
    "notice",
    "people",
    *OWN,
]
SECRETARIES = [*LEADERS[:12], "org", "audit", *OWN]
ADMINS = ["request", "mine", "notices", "desk", "points", "people", "org", "audit", "jobs", *OWN]


@pytest.mark.parametrize(
    ("role", "commands"),
    [(None, EVERYONES), (M, HELPERS_TOO), (L, LEADERS), (S, SECRETARIES), (A, ADMINS)],
)
def test_the_menu_shows_what_the_role_may(role: Role | None, commands: list[str]) -> None:
    assert list(commands_for(actor(role))) == commands


def test_a_stranger_sees_only_the_way_in() -> None:
    assert list(commands_for(Actor(telegram_id=99))) == ["menu", "language", "help", "start", "cancel"]


def test_a_suspended_member_sees_no_work() -> None:
    shown = commands_for(actor(M, suspended=True))
    kept = {"notices", "points", "menu", "rights", "privacy", "language", "help", "start", "cancel"}
    assert set(shown) == kept


@pytest.mark.parametrize("role", ROLES)
def test_a_command_is_shown_exactly_when_its_permission_allows(role: Role | None) -> None:
    shown = commands_for(actor(role))
    assert len(set(dict(COMMANDS))) == len(COMMANDS)
    for name, permission in COMMANDS:
        assert (name in shown) is allowed(actor(role), permission, None)


def test_staff_are_leaders_and_secretaries() -> None:
    assert frozenset({L, S}) == STAFF
