"""The pure rules as a world: dictionaries instead of tables, and decisions applied the way a store must.

Stands in for ``perform``: permission first, then the rule, then every save by id and version. Whatever a decision may
never hold (a stale save, words in the audit trail, a private thing in a group) is asserted here as it passes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from domain import deadlines, pairings, requests, tasks, unstarted
from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Decision,
    Earning,
    Entity,
    Held,
    Notice,
    Refused,
    Role,
    ToGroup,
    ToMembers,
)
from domain.deadlines import LookAtRequest
from domain.pairings import (
    ConfirmVisit,
    OpenVisit,
    Pairing,
    PairingCase,
    PairUp,
    Visit,
    VisitCase,
    VisitState,
    VisitWhole,
)
from domain.people import Person
from domain.permissions import allowed
from domain.points import Line, posting
from domain.requests import AcceptRequest, Arrival, Case, RaiseForOther, RaiseRequest, Request, RequestWhole
from domain.rulebook import Rulebook
from domain.tasks import AT_WORK, Claim, ClaimTask, ReleaseClaim, ReportClaim, StartClaim, Task, Whole, Work
from domain.unstarted import LookAtTask, TaskCase
from tests.domain.lifecycle import (
    CAST,
    CLOCK,
    PARENTS,
    STRANGER,
    Answer,
    EarningSeen,
    RequestSeen,
    State,
    TaskSeen,
    VisitSeen,
    World,
    above,
)

E = TypeVar("E", bound=Entity)

UNIT_IDS = {unit: number for number, unit in enumerate(PARENTS, start=1)}
PATHS = {UNIT_IDS[unit]: ".".join(str(UNIT_IDS[u]) for u in reversed(above(unit))) + "." for unit in PARENTS}
PERSON_IDS = {who: number for number, who in enumerate(CAST, start=1)}
NAMES = {number: who for who, number in PERSON_IDS.items()}
FLATS = {
    place: number
    for number, place in enumerate(sorted({(c.home, c.flat) for c in CAST.values() if c.home}), 1)
}


def actor_of(who: str) -> Actor:
    """Somebody of the cast, as a store would load them."""
    if who == CLOCK:
        return Actor.system("visits")
    if who == STRANGER:
        return Actor(telegram_id=999)
    character = CAST[who]
    unit_id = UNIT_IDS.get(character.at, 0)
    return Actor(
        person_id=PERSON_IDS[who],
        telegram_id=PERSON_IDS[who],
        name=who,
        home_unit_id=UNIT_IDS.get(character.home),
        home_path=PATHS[UNIT_IDS[character.home]] if character.home else "",
        household_id=FLATS.get((character.home, character.flat)),
        held=(Held(character.role, unit_id, PATHS[unit_id]),) if character.role else (),
    )


class PureWorld(World):
    """Rows in memory. ``notices`` keeps all that was to leave, in order."""

    def __init__(self, *, rules: Rulebook | None = None) -> None:
        super().__init__()
        self.rules = rules or Rulebook()
        self.rows: dict[type[Entity], dict[int, Entity]] = {
            kind: {} for kind in (Person, Request, Task, Claim, Pairing, Visit)
        }
        self.notices: list[Notice] = []
        self.earnings: list[Earning] = []
        self.posted: dict[tuple[str, int, int], tuple[Line, ...]] = {}
        for who in CAST:
            actor = actor_of(who)
            self.table(Person)[actor.person_id] = Person(
                actor.person_id, 1, actor.telegram_id, who, "zh", actor.home_unit_id, actor.household_id
            )

    def unit_id(self, unit: str) -> int:
        return UNIT_IDS[unit]

    def person_id(self, who: str) -> int:
        return PERSON_IDS[who]

    def put(self, who: str, action: Action) -> Answer:
        actor = actor_of(who)
        try:
            decision = self.decide(action, actor)
        except Refused as refused:
            return Answer(refused.key)
        self._apply(decision)
        return Answer(result=decision.result)

    def decide(self, action: Action, actor: Actor) -> Decision:
        """What the rules answer; a seam for the controls, which put a broken rule here."""
        case, rule = self.load(action, actor)
        if not allowed(actor, action.permission, case.subject):
            raise Refused(NOT_FOUND)
        decision: Decision = rule(case, action, actor=actor, now=self.now, rules=self.rules)
        return decision

    def read_state(self) -> State:
        held: dict[int, list[tuple[str, str]]] = {}
        for claim in self.table(Claim).values():
            held.setdefault(claim.task_id, []).append((NAMES[claim.member_id], claim.state.value))
        tasks_by_claim = {claim.id: claim.task_id for claim in self.table(Claim).values()}
        return State(
            requests={
                r.id: RequestSeen(r.state.value, r.category, r.private, r.redo, r.stars)
                for r in self.table(Request).values()
            },
            tasks={
                t.id: TaskSeen(t.state.value, t.places, t.taken, t.request_id, tuple(held.get(t.id, ())))
                for t in self.table(Task).values()
            },
            visits={
                v.id: VisitSeen(v.state.value, v.task_id, v.wellbeing, v.stars)
                for v in self.table(Visit).values()
            },
            earnings=tuple(
                EarningSeen(tasks_by_claim[e.source_id], NAMES[e.person_id], e.minutes, e.amount)
                for e in self.earnings
            ),
        )

    def settle(self) -> tuple[Line, ...]:
        for earning in self.earnings:
            source = (earning.source_kind, earning.source_id, earning.person_id)
            name = f"person:{NAMES[earning.person_id]}"
            lines = posting(earning.person_id, earning.amount)
            named = tuple(
                replace(line, account=name if line.account != "issued" else "issued") for line in lines
            )
            self.posted.setdefault(source, named)
        return tuple(line for lines in self.posted.values() for line in lines)

    # --- writing -------------------------------------------------------------------------------------------------

    def _apply(self, decision: Decision) -> None:
        saved = [(type(entity), entity.id) for entity in decision.saves]
        assert len(saved) == len(set(saved)), "one row is saved twice in one commit: the second save is stale"
        for entity in decision.saves:
            table = self.rows[type(entity)]
            before = table.get(entity.id)
            assert entity.version == (before.version if before else 0), "a save of what nobody loaded"
            table[entity.id] = replace(entity, version=entity.version + 1)
        for event in decision.events:
            for value in event.data.values():
                assert not isinstance(value, str) or value.replace("_", "").isalnum(), (
                    "words in the audit trail"
                )
        self.earnings += decision.earnings
        self.notices += decision.notices
        for notice in decision.notices:
            if isinstance(notice.to, ToGroup | ToMembers):
                self._assert_may_be_offered(notice)

    def _assert_may_be_offered(self, notice: Notice) -> None:
        task = self.table(Task)[notice.subject_id or 0]
        request = self.table(Request).get(task.request_id or 0)
        assert task.state is tasks.TaskState.OFFERED, "what is over is offered"
        if request is not None:
            assert request.category != "sensitive", "what is about staff is offered to members"
            assert not (request.private and isinstance(notice.to, ToGroup)), "a private request in a group"

    # --- loading: the rows behind each kind of action -------------------------------------------------------------

    def load(self, action: Any, actor: Actor) -> tuple[Any, Any]:
        """The case an action is about, and the rule that decides it."""
        match action:
            case RaiseRequest():
                return self._arrival(action, actor), requests.DECIDE[type(action)]
            case ClaimTask() | StartClaim() | ReleaseClaim() | ReportClaim():
                return self.work_for(self.get(Task, action.task_id), actor), tasks.DECIDE[type(action)]
            case LookAtRequest():
                return self._case(action), deadlines.DECIDE[LookAtRequest]
            case LookAtTask():
                work = self.work_for(self.get(Task, action.task_id), actor)
                above = work.circle.split(".")[:-2]
                case = TaskCase(work, int(above[-1]) if above else None, tuple(NAMES.items()))
                return case, unstarted.DECIDE[LookAtTask]
            case PairUp():
                return self._pairing_case(action), pairings.DECIDE[PairUp]
            case OpenVisit():
                return self._opening(action), pairings.DECIDE[OpenVisit]
            case ConfirmVisit():
                visit = self.get(Visit, action.visit_id)
                work = self._work(self.get(Task, visit.task_id))
                return VisitCase(visit, self.get(Pairing, visit.pairing_id), work), pairings.DECIDE[
                    ConfirmVisit
                ]
            case _:
                return self._case(action), requests.DECIDE[type(action)]

    def _arrival(self, action: RaiseRequest, actor: Actor) -> Arrival:
        if isinstance(action, RaiseForOther):
            unit_id = action.unit_id
            person = Person(self._next(Person), 0, None, action.name or "", "zh", home_unit_id=unit_id)
        else:
            known = self.table(Person).get(actor.person_id)
            if known is None or known.home_unit_id is None:
                raise Refused("unit.needed")
            person, unit_id = known, known.home_unit_id
        handling = unit_id
        if action.category == "sensitive":
            # Past the person it is about: the committee's secretary for a leader, the street's for a secretary.
            handling = UNIT_IDS["street" if action.about == "secretary" else "community"]
        return Arrival(
            self._next(Request), unit_id, handling, PATHS[unit_id], person, owners=frozenset({person.id})
        )

    def _case(self, action: Any) -> Case:
        request = self.get(Request, action.request_id)
        task = next((t for t in self.table(Task).values() if t.request_id == request.id), None)
        sensitive = requests.rules_sensitive(request, self.rules)
        case = Case(
            request,
            path=PATHS[request.handling_unit_id],
            work=None if task is None else self._work(task),
            sensitive=sensitive,
        )
        if isinstance(action, AcceptRequest):
            return replace(
                case,
                circle_unit_id=request.unit_id,
                new_task_id=self._next(Task),
                new_claim_id=self._next(Claim) if sensitive else 0,
                household_id=self.get(Person, request.requester_id).household_id,
            )
        return case

    def _work(self, task: Task) -> Work:
        whole: Whole
        if task.request_id is not None:
            request = self.get(Request, task.request_id)
            whole, owners = RequestWhole(request), frozenset(request.followers)
        else:
            visit = next(v for v in self.table(Visit).values() if v.task_id == task.id)
            pairing = self.get(Pairing, visit.pairing_id)
            whole, owners = VisitWhole(visit, pairing), frozenset({pairing.resident_id})
        claims = tuple(c for c in self.table(Claim).values() if c.task_id == task.id)
        return Work(
            task, claims, whole, path=PATHS[task.unit_id], circle=PATHS[task.circle_unit_id], owners=owners
        )

    def work_for(self, task: Task, actor: Actor) -> Work:
        """A task with what matters of somebody who wants a place of it."""
        open_claims = [
            c for c in self.table(Claim).values() if c.member_id == actor.person_id and c.state in AT_WORK
        ]
        return replace(
            self._work(task),
            household_id=self.get(Person, task.for_person_id or 0).household_id,
            open_claims=len(open_claims),
            new_claim_id=self._next(Claim),
        )

    def _pairing_case(self, action: PairUp) -> PairingCase:
        resident = self.get(Person, action.resident_id or 0)
        if resident.home_unit_id is None:
            raise Refused(NOT_FOUND)
        member = CAST[NAMES[action.member_id]]
        here = next(unit for unit, number in UNIT_IDS.items() if number == resident.home_unit_id)
        near = bool(member.at) and (
            member.at in above(here) or here in above(member.at) or PARENTS[member.at] == PARENTS[here]
        )
        return PairingCase(
            resident,
            action.member_id,
            resident.home_unit_id,
            PATHS[resident.home_unit_id],
            member_serves=near and member.role in (Role.MEMBER, Role.LEADER, Role.SECRETARY),
            new_pairing_id=self._next(Pairing),
            already_paired=any(
                p.member_id == action.member_id and p.resident_id == resident.id
                for p in self.table(Pairing).values()
            ),
        )

    def _opening(self, action: OpenVisit) -> PairingCase:
        pairing = self.get(Pairing, action.pairing_id)
        return PairingCase(
            self.get(Person, pairing.resident_id),
            pairing.member_id,
            pairing.unit_id,
            PATHS[pairing.unit_id],
            pairing=pairing,
            open_visit=any(
                v.pairing_id == pairing.id and v.state is VisitState.DUE for v in self.table(Visit).values()
            ),
            new_task_id=self._next(Task),
            new_claim_id=self._next(Claim),
            new_visit_id=self._next(Visit),
        )

    def table(self, kind: type[E]) -> dict[int, E]:
        """All of a kind, by id, in the order they were made."""
        return self.rows[kind]  # type: ignore[return-value]  # the key is the type of the values

    def get(self, kind: type[E], entity_id: int) -> E:
        """One of a kind. Raises Refused when there is none."""
        found = self.table(kind).get(entity_id)
        if found is None:
            raise Refused(NOT_FOUND)
        return found

    def _next(self, kind: type[Entity]) -> int:
        return len(self.rows[kind]) + 1
