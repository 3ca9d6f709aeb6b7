"""The machine that drives a world and the model side by side, by random sequences of what people might try.

After every step the two must say the same, and what may never happen is looked for in the world's state alone,
whatever the model thinks of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.base import NOT_FOUND
from tests.domain.lifecycle import CAST, CLOCK, EVERYONE, Answer, State, World
from tests.domain.lifecycle_model import Model
from tests.domain.lifecycle_tables import AT_WORK, HOLDING, OVER, REQUEST, Verdict, flat_of

OUT_OF_ORDER, UNKNOWN = 6, 7
WHICH = st.sampled_from([*[0, 1, 2, 3] * 4, OUT_OF_ORDER, UNKNOWN])
NOWHERE = 999_999
CATEGORIES = st.sampled_from(["lift", "repair", "noise", "elder_help", "sensitive"])
CORRECTED = st.sampled_from([None, None, None, "noise", "elder_help", "sensitive", "unheard_of"])
WORDS = st.sampled_from([*["words"] * 7, "  "])
STARS = st.sampled_from([5, 4, 3, 5, 4, 3, 2, 1, 0, 6])
MINUTES = st.sampled_from([60, 7, 8, 22, 50, 130, 1440, 0, 1441])
WELLBEING = st.sampled_from([3, 0, 4, 2, 1, 3, None, 5, -1])
ASKERS = ("resident", "ann", "leader", "secretary")
STAFF = ("leader", "secretary", "upper_secretary", "head")
HELPERS = ("ann", "bob", "walker", "spouse", "leader")


def mostly(*likely: str) -> st.SearchStrategy[str]:
    """Somebody: far more often one who well may than anybody at all."""
    return st.sampled_from([*likely * (3 * len(EVERYONE) // max(1, len(likely))), *EVERYONE])


class LifeCycles(RuleBasedStateMachine):
    """Requests, tasks, claims and visits. A subclass says in which world."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.new_world()
        self.model = Model()
        self.finished: dict[int, object] = {}

    def new_world(self) -> World:
        """An empty world."""
        raise NotImplementedError

    @initialize(places=st.sampled_from([1, 2, 3]))
    def begin_with_some_work(self, places: int) -> None:
        """Random sequences alone would seldom get far: most begin with too little to do."""
        for who, category in (("resident", "lift"), ("ann", "elder_help"), ("leader", "repair")):
            self.raise_request(who, category, "leader", "words")
            self.accept("leader", 0, None, places)
        self.raise_for_other("ann", "noise", "b1")
        self.accept("head", 0, None, places)
        self.pair("leader", "bob", "resident")
        self.pair("secretary", "leader", "ann")

    # --- requests ------------------------------------------------------------------------------------------------

    @rule(
        who=mostly(*ASKERS), category=CATEGORIES, about=st.sampled_from(["leader", "secretary"]), words=WORDS
    )
    def raise_request(self, who: str, category: str, about: str, words: str) -> None:
        verdict = self.model.may_raise(who, words=words)
        answer = self.world.raise_request(who, category=category, words=words, about=about)
        if self._agree(answer, verdict):
            self.model.raised(answer.number("request_id"), who, category=category, about=about)

    @rule(who=mostly("ann", "leader"), category=CATEGORIES, unit=st.sampled_from(["b1", "b2"]))
    def raise_for_other(self, who: str, category: str, unit: str) -> None:
        verdict = self.model.may_raise_for(who, unit=unit)
        answer = self.world.raise_for_other(who, category=category, unit=unit)
        if self._agree(answer, verdict):
            self.model.raised(answer.number("request_id"), who, category=category, unit=unit)

    @precondition(lambda self: self.model.wishes)
    @rule(who=mostly(*STAFF), which=WHICH, category=CORRECTED, places=st.sampled_from([1, 1, 2, 3, 0, 21]))
    def accept(self, who: str, which: int, category: str | None, places: int) -> None:
        number = self._wish(which, *REQUEST["accept"])
        answer = self.world.accept(who, number, category=category, places=places)
        if self._agree(answer, self.model.accept(who, number, category=category, places=places)):
            self.model.accepted(answer.number("task_id"), who, number, places=places)

    @precondition(lambda self: self.model.wishes)
    @rule(who=mostly("secretary"), which=WHICH, reason=WORDS)
    def decline(self, who: str, which: int, reason: str) -> None:
        number = self._wish(which, *REQUEST["decline"])
        answer = self.world.decline(who, number, reason=reason)
        self._agree(answer, self.model.decline(who, number, reason=reason))

    @precondition(lambda self: self.model.wishes)
    @rule(who=mostly(*ASKERS), which=WHICH, words=WORDS)
    def add(self, who: str, which: int, words: str) -> None:
        number = self._wish(which)
        answer = self.world.add(who, number, words=words)
        self._agree(answer, self.model.add(who, number, words=words))

    @precondition(lambda self: self.model.wishes)
    @rule(who=mostly(*ASKERS), which=WHICH)
    def withdraw(self, who: str, which: int) -> None:
        number = self._wish(which, *REQUEST["withdraw"])
        self._agree(self.world.withdraw(who, number), self.model.withdraw(who, number))

    @precondition(lambda self: self.model.wishes)
    @rule(data=st.data(), which=WHICH, stars=STARS, sure=st.booleans())
    def confirm(self, data: st.DataObject, which: int, stars: int, sure: bool) -> None:
        number = self._wish(which, *REQUEST["solved"])
        who = data.draw(self._owner_or_anyone(number), label="who")
        answer = self.world.confirm(who, number, stars=stars, sure=sure)
        if self._agree(answer, self.model.confirm(who, number, stars=stars, sure=sure)):
            task = self.model.wishes[number].task
            did = {
                member
                for member, state in self.world.read_state().tasks[task or 0].claims
                if state == "accepted"
            }
            assert did, "confirmed what nobody has done"
            assert who not in did, "a helper confirmed their own work"

    @precondition(lambda self: self.model.wishes)
    @rule(data=st.data(), which=WHICH, reason=WORDS)
    def give_back(self, data: st.DataObject, which: int, reason: str) -> None:
        number = self._wish(which, *REQUEST["not_solved"])
        who = data.draw(self._owner_or_anyone(number), label="who")
        answer = self.world.give_back(who, number, reason=reason)
        self._agree(answer, self.model.give_back(who, number, reason=reason))

    @precondition(lambda self: self.model.wishes)
    @rule(who=mostly(*ASKERS, *HELPERS), which=WHICH, words=WORDS)
    def letter(self, who: str, which: int, words: str) -> None:
        number = self._wish(which, "in_progress")
        answer = self.world.letter(who, number, words=words)
        self._agree(answer, self.model.letter(who, number, words=words))

    # --- work ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.works)
    @rule(who=mostly(*HELPERS), which=WHICH)
    def claim(self, who: str, which: int) -> None:
        task = self._work(which, free=True)
        self._agree(self.world.claim(who, task), self.model.claim(who, task))

    @precondition(lambda self: self.model.works)
    @rule(data=st.data(), which=WHICH)
    def start(self, data: st.DataObject, which: int) -> None:
        task = self._work(which, free=False)
        who = data.draw(self._holder_or_anyone(task), label="who")
        self._agree(self.world.start(who, task), self.model.start(who, task))

    @precondition(lambda self: self.model.works)
    @rule(data=st.data(), which=WHICH, reason=WORDS)
    def release(self, data: st.DataObject, which: int, reason: str) -> None:
        task = self._work(which, free=False)
        who = data.draw(self._holder_or_anyone(task), label="who")
        answer = self.world.release(who, task, reason=reason)
        self._agree(answer, self.model.release(who, task, reason=reason))

    @precondition(lambda self: self.model.works)
    @rule(data=st.data(), which=WHICH, minutes=MINUTES, wellbeing=WELLBEING)
    def report(self, data: st.DataObject, which: int, minutes: int, wellbeing: int | None) -> None:
        task = self._work(which, free=False)
        who = data.draw(self._holder_or_anyone(task), label="who")
        answer = self.world.report(who, task, minutes=minutes, wellbeing=wellbeing)
        self._agree(answer, self.model.report(who, task, minutes=minutes, wellbeing=wellbeing))

    @precondition(lambda self: self.model.works)
    @rule(who=mostly(*HELPERS), which=WHICH, minutes=MINUTES, wellbeing=WELLBEING)
    def do_it_all(self, who: str, which: int, minutes: int, wellbeing: int | None) -> None:
        """Claimed and reported at one go, so that whole lives are common."""
        task = self._work(which, free=True)
        self._agree(self.world.claim(who, task), self.model.claim(who, task))
        answer = self.world.report(who, task, minutes=minutes, wellbeing=wellbeing)
        self._agree(answer, self.model.report(who, task, minutes=minutes, wellbeing=wellbeing))

    @precondition(lambda self: self.model.works)
    @rule(who=mostly(*HELPERS))
    def want_everything(self, who: str) -> None:
        """Somebody presses every button there is."""
        for task in list(self.model.works):
            self._agree(self.world.claim(who, task), self.model.claim(who, task))

    # --- pairings --------------------------------------------------------------------------------------------------

    @rule(
        who=mostly(*STAFF),
        member=st.sampled_from([*HELPERS, *CAST]),
        resident=st.sampled_from(["resident", "ann", "leader", "bob"]),
    )
    def pair(self, who: str, member: str, resident: str) -> None:
        if member != resident and flat_of(member) == flat_of(resident):
            return  # what a household does for itself is settled where pairings are tested
        verdict = self.model.may_pair(who, member=member, resident=resident)
        answer = self.world.pair(who, member=member, resident=resident)
        if self._agree(answer, verdict):
            self.model.paired(answer.number("pairing_id"), member=member, resident=resident)

    @precondition(lambda self: self.model.pairs)
    @rule(who=mostly(CLOCK), which=WHICH)
    def open_visit(self, who: str, which: int) -> None:
        pairing = self._one_of([*self.model.pairs], which)
        open_already = self.model.has_open_visit(pairing)
        answer = self.world.open_visit(who, pairing)
        if self._agree(answer, self.model.may_open_visit(who, pairing)):
            assert ("visit_id" in answer.result) is not open_already, "one open visit of a pairing at a time"
            if not open_already:
                self.model.visit_opened(answer.number("visit_id"), answer.number("task_id"), pairing)

    @precondition(lambda self: self.model.calls)
    @rule(who=mostly("resident", *STAFF), which=WHICH, stars=STARS)
    def confirm_visit(self, who: str, which: int, stars: int) -> None:
        visit = self._one_of([n for n, call in self.model.calls.items() if call.state == "done"], which)
        answer = self.world.confirm_visit(who, visit, stars=stars)
        if self._agree(answer, self.model.confirm_visit(who, visit, stars=stars)):
            state = self.world.read_state()
            claims = state.tasks[state.visits[visit].task_id].claims
            assert (who, "accepted") not in claims, "a helper confirmed their own visit"

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def the_world_is_as_the_model_says(self) -> None:
        seen, expected = self.world.read_state(), self.model.state()
        assert seen == expected
        self._check_tasks(seen)
        self._check_requests(seen)
        self._check_earnings(seen)
        self._check_finals(seen)

    def teardown(self) -> None:
        """The ledger adds up, however often it is settled."""
        lines = self.world.settle()
        assert sorted(map(str, self.world.settle())) == sorted(map(str, lines)), "posted twice"
        sums: Counter[str] = Counter()
        people: dict[tuple[str, str], int] = defaultdict(int)
        for line in lines:
            sums[line.currency] += line.amount
            people[line.account, line.currency] += line.amount
        assert not any(sums.values()), "the double entries do not sum to zero"
        earned: Counter[str] = Counter()
        for earning in self.world.read_state().earnings:
            earned[earning.member] += earning.amount
        for member, amount in earned.items():
            assert people[f"person:{member}", "honour"] == people[f"person:{member}", "spendable"] == amount

    def _check_tasks(self, seen: State) -> None:
        for number, task in seen.tasks.items():
            holders = [member for member, state in task.claims if state in HOLDING]
            assert len(holders) == task.taken <= task.places, "more holders than places"
            assert len(set(holders)) == len(holders), "one person holds two places"
            work = self.model.works[number]
            for member in holders:
                assert member not in work.owners, "work of their own"
                assert flat_of(member) != (work.unit, work.flat), "work of their own household"
            if task.state in ("closed", "cancelled"):
                assert not holders, "a place is held of what is over"

    @staticmethod
    def _check_requests(seen: State) -> None:
        by_request = {task.request_id: task for task in seen.tasks.values() if task.request_id is not None}
        for number, request in seen.requests.items():
            task = by_request.get(number)
            states = [] if task is None else [state for _, state in task.claims if state in HOLDING]
            assert (task is None) or request.state not in ("submitted", "declined")
            match request.state:
                case "open":
                    assert not states, "open, but somebody is on it"
                case "in_progress":
                    assert set(states) & AT_WORK, "in progress, but nobody is at work"
                case "done":
                    assert set(states) == {"reported"}, "done, but not all have reported"
                case "closed_confirmed" | "withdrawn":
                    assert task is None or task.state in ("closed", "cancelled")
            assert (request.stars is not None) is (request.state == "closed_confirmed")

    @staticmethod
    def _check_earnings(seen: State) -> None:
        assert len({(e.task_id, e.member) for e in seen.earnings}) == len(seen.earnings), "earned twice"
        for earning in seen.earnings:
            task = seen.tasks[earning.task_id]
            assert task.state == "closed", "earned before it was confirmed"
            assert (earning.member, "accepted") in task.claims

    def _check_finals(self, seen: State) -> None:
        for number, request in seen.requests.items():
            task_id = self.model.wishes[number].task
            whole = (request, seen.tasks.get(task_id or 0))
            if request.state in OVER:
                assert self.finished.setdefault(number, whole) == whole, "what was over has changed"
        assert set(self.finished) <= {n for n, r in seen.requests.items() if r.state in OVER}

    # --- drawing -----------------------------------------------------------------------------------------------------

    def _wish(self, which: int, *ripe: str) -> int:
        """A request, one in a state that is ripe for the step if there is any."""
        wishes = self.model.wishes
        return self._one_of([n for n, wish in wishes.items() if wish.state in ripe] or [*wishes], which)

    def _work(self, which: int, *, free: bool) -> int:
        """A task: one with a free place, or one that somebody is at work on."""
        ripe = [
            n
            for n, work in self.model.works.items()
            if (len(work.held) < work.places if free else any(hold.state in AT_WORK for hold in work.held))
        ]
        offered = [n for n in ripe if self.model.works[n].state == "offered"]
        return self._one_of(offered or [*self.model.works], which)

    def _one_of(self, ripe: list[int], which: int) -> int:
        """Newest first; now and then one that is not ripe, or a number that is nobody's."""
        if which == OUT_OF_ORDER:
            ripe = [*self.model.wishes, *self.model.works]
        return NOWHERE if which == UNKNOWN or not ripe else sorted(ripe)[-1 - which % len(ripe)]

    def _owner_or_anyone(self, number: int) -> st.SearchStrategy[str]:
        wish = self.model.wishes.get(number)
        return mostly(*sorted(wish.owners)) if wish else st.sampled_from(EVERYONE)

    def _holder_or_anyone(self, task: int) -> st.SearchStrategy[str]:
        work = self.model.works.get(task)
        holders = [hold.member for hold in work.held] if work else []
        return mostly(*holders) if holders else st.sampled_from(EVERYONE)

    @staticmethod
    def _agree(answer: Answer, verdict: Verdict) -> bool:
        """Whether it took effect. The world must answer as the model expects, and hide what it must."""
        if answer.refused is None:
            actual = Verdict.DONE
        else:
            actual = Verdict.HIDDEN if answer.refused == NOT_FOUND else Verdict.REFUSED
        assert actual is verdict, f"expected that {verdict.value}; answered {answer}"
        return verdict is Verdict.DONE
