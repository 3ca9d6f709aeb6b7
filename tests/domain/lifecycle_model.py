"""What should happen by the tables of the house's rules: the expected state, and a verdict on whatever is tried.

Knows people by name and things by number, and none of the code under test.
"""

from __future__ import annotations

from domain.base import Role
from tests.domain.lifecycle import (
    CAST,
    CLOCK,
    PARENTS,
    EarningSeen,
    RequestSeen,
    State,
    TaskSeen,
    VisitSeen,
    above,
)
from tests.domain.lifecycle_tables import (
    AT_WORK,
    CLAIM,
    FACTOR,
    MOST_MINUTES,
    MOST_OPEN_CLAIMS,
    MOST_PLACES,
    OVER,
    POINTS_AN_HOUR,
    PRIVATE,
    REQUEST,
    Call,
    Hold,
    Verdict,
    Wish,
    Work,
    earned,
    flat_of,
    has,
    helps_in,
)


class Model:
    """The expected state, and a verdict on each thing that somebody tries. A verdict of DONE has been applied."""

    def __init__(self) -> None:
        self.wishes: dict[int, Wish] = {}
        self.works: dict[int, Work] = {}
        self.calls: dict[int, Call] = {}
        self.pairs: dict[int, tuple[str, str]] = {}
        self.earnings: list[EarningSeen] = []

    def state(self) -> State:
        """In the shape a world shows its own."""
        return State(
            requests={
                n: RequestSeen(w.state, w.category, w.private, w.redo, w.stars)
                for n, w in self.wishes.items()
            },
            tasks={
                n: TaskSeen(
                    w.state,
                    w.places,
                    len(w.held),
                    w.whole if w.kind == "request" else None,
                    tuple((hold.member, hold.state) for hold in w.holds),
                )
                for n, w in self.works.items()
            },
            visits={n: VisitSeen(c.state, c.task, c.wellbeing, c.stars) for n, c in self.calls.items()},
            earnings=tuple(self.earnings),
        )

    # --- requests ------------------------------------------------------------------------------------------------

    def may_raise(self, who: str, *, words: str) -> Verdict:
        """Whoever has a home here may ask."""
        return self._when(bool(flat_of(who)[0]) and bool(words.strip()))

    def may_raise_for(self, who: str, *, unit: str) -> Verdict:
        """A proxy needs a role that reaches the home."""
        return Verdict.DONE if helps_in(who, unit) else Verdict.HIDDEN

    def raised(
        self, number: int, who: str, *, category: str, about: str | None = None, unit: str | None = None
    ) -> None:
        """A new request. What is about staff goes past them, to the level above."""
        home, flat = (unit, "") if unit else flat_of(who)
        handled_at = home
        if category == "sensitive":
            handled_at = "street" if about == "secretary" else "community"
        self.wishes[number] = Wish(
            frozenset({who}), home, flat, category, handled_at, private=category in PRIVATE
        )

    def accept(self, who: str, number: int, *, category: str | None, places: int) -> Verdict:
        """A leader or secretary takes it in; what is about staff stays in the hands of the secretary who does."""
        wish = self.wishes.get(number)
        if wish is None or not self._triages(who, wish):
            return Verdict.HIDDEN
        category = category or wish.category
        right = (
            category in POINTS_AN_HOUR and category != "visit" and (category == "sensitive") == wish.sensitive
        )
        own = wish.sensitive and (who in wish.owners or flat_of(who) == (wish.home, wish.flat))
        if wish.state not in REQUEST["accept"] or not right or not 1 <= places <= MOST_PLACES or own:
            return Verdict.REFUSED
        wish.step("accept")
        wish.category = category
        wish.private |= category in PRIVATE
        return Verdict.DONE

    def accepted(self, task: int, who: str, number: int, *, places: int) -> None:
        """The task that came of it."""
        wish = self.wishes[number]
        wish.task = task
        self.works[task] = Work("request", number, wish.home, wish.flat, wish.owners, places)
        if wish.sensitive:
            self.works[task].places = 1
            self._hold(self.works[task], who)

    def decline(self, who: str, number: int, *, reason: str) -> Verdict:
        """Only a secretary says no, and says why."""
        wish = self.wishes.get(number)
        if wish is None or not has(who, wish.handled_at, Role.SECRETARY):
            return Verdict.HIDDEN
        return self._step(wish, "decline", good=bool(reason.strip()))

    def add(self, who: str, number: int, *, words: str) -> Verdict:
        """Any time until it is over."""
        wish = self.wishes.get(number)
        if wish is None or who not in wish.owners:
            return Verdict.HIDDEN
        return self._when(wish.state not in OVER and bool(words.strip()))

    def withdraw(self, who: str, number: int) -> Verdict:
        """As long as nobody says it is done; a helper on the way is called off."""
        wish = self.wishes.get(number)
        if wish is None or who not in wish.owners:
            return Verdict.HIDDEN
        verdict = self._step(wish, "withdraw")
        if verdict is Verdict.DONE and wish.task is not None:
            self.works[wish.task].end("cancelled", "cancel")
        return verdict

    def confirm(self, who: str, number: int, *, stars: int, sure: bool) -> Verdict:
        """Solved: everyone who reported earns. One or two stars are asked about once more."""
        wish = self.wishes.get(number)
        if wish is None or who not in wish.owners:
            return Verdict.HIDDEN
        verdict = self._step(wish, "solved", good=stars in FACTOR and (stars > 2 or sure))
        if verdict is Verdict.DONE and wish.task is not None:
            wish.stars = stars
            self._reward(wish.task, wish.category, stars)
        return verdict

    def give_back(self, who: str, number: int, *, reason: str) -> Verdict:
        """Not solved: the same helpers are at work again."""
        wish = self.wishes.get(number)
        if wish is None or who not in wish.owners:
            return Verdict.HIDDEN
        verdict = self._step(wish, "not_solved", good=bool(reason.strip()))
        if verdict is Verdict.DONE and wish.task is not None:
            wish.redo += 1
            self.works[wish.task].end("offered", "rework")
        return verdict

    def letter(self, who: str, number: int, *, words: str) -> Verdict:
        """Between those who asked and those who hold the work, while somebody is at it."""
        wish = self.wishes.get(number)
        held = [] if wish is None or wish.task is None else self.works[wish.task].held
        if wish is None or not (who in wish.owners or any(hold.member == who for hold in held)):
            return Verdict.HIDDEN
        return self._when(any(hold.state in AT_WORK for hold in held) and bool(words.strip()))

    # --- work ----------------------------------------------------------------------------------------------------

    def claim(self, who: str, task: int) -> Verdict:
        """First come, first served; not one's own or one's household's; at most three open at a time."""
        work = self.works.get(task)
        if work is None or not helps_in(who, work.unit):
            return Verdict.HIDDEN
        own = who in work.owners or flat_of(who) == (work.unit, work.flat)
        busy = sum(h.member == who and h.state in AT_WORK for w in self.works.values() for h in w.holds)
        free = work.state == "offered" and len(work.held) < work.places
        if own or not free or work.held_by(who) or busy >= MOST_OPEN_CLAIMS:
            return Verdict.REFUSED
        self._hold(work, who)
        return Verdict.DONE

    def start(self, who: str, task: int) -> Verdict:
        """On the way."""
        return self._at(who, task, "start")

    def release(self, who: str, task: int, *, reason: str) -> Verdict:
        """Never cancels the request. What is about staff stays with its handler."""
        work = self.works.get(task)
        kept = work is not None and work.kind == "request" and self.wishes[work.whole].sensitive
        verdict = self._at(who, task, "release", good=bool(reason.strip()) and not kept)
        if verdict is Verdict.DONE and work is not None:
            if work.held:
                self._finish_if_all_reported(work)
            elif work.kind == "request":
                self.wishes[work.whole].step("nobody_left")
        return verdict

    def report(self, who: str, task: int, *, minutes: int, wellbeing: int | None) -> Verdict:
        """Done, as the helper says; a visit says how the person was."""
        work = self.works.get(task)
        hold = work.held_by(who) if work else None
        found = wellbeing is not None or (work is not None and work.kind == "request")
        well = wellbeing is None or 0 <= wellbeing <= 4
        verdict = self._at(who, task, "report", good=1 <= minutes <= MOST_MINUTES and found and well)
        if verdict is Verdict.DONE and work is not None and hold is not None:
            hold.minutes = minutes
            self._finish_if_all_reported(work, wellbeing=wellbeing)
        return verdict

    # --- pairings --------------------------------------------------------------------------------------------------

    def may_pair(self, who: str, *, member: str, resident: str) -> Verdict:
        """A leader or secretary over the home pairs it with somebody who serves around there, once."""
        home = flat_of(resident)[0]
        if not home or not has(who, home, Role.LEADER, Role.SECRETARY):
            return Verdict.HIDDEN
        at, role = CAST[member].at, CAST[member].role
        near = bool(at) and (at in above(home) or home in above(at) or PARENTS[at] == PARENTS[home])
        serves = near and role in (Role.MEMBER, Role.LEADER, Role.SECRETARY)
        return self._when(serves and member != resident and (member, resident) not in self.pairs.values())

    def paired(self, number: int, *, member: str, resident: str) -> None:
        """A new tie."""
        self.pairs[number] = (member, resident)

    def may_open_visit(self, who: str, pairing: int) -> Verdict:
        """Only the clock."""
        return Verdict.DONE if who == CLOCK and pairing in self.pairs else Verdict.HIDDEN

    def has_open_visit(self, pairing: int) -> bool:
        """While one is open, no second is opened."""
        return any(call.pairing == pairing and call.state == "due" for call in self.calls.values())

    def visit_opened(self, number: int, task: int, pairing: int) -> None:
        """The paired member holds it from the start."""
        member, resident = self.pairs[pairing]
        home, flat = flat_of(resident)
        self.calls[number] = Call(pairing, task)
        self.works[task] = Work("visit", number, home, flat, frozenset({resident}), holds=[Hold(member)])

    def confirm_visit(self, who: str, number: int, *, stars: int) -> Verdict:
        """The household, or staff who had no hand in it."""
        call = self.calls.get(number)
        if call is None:
            return Verdict.HIDDEN
        work = self.works[call.task]
        did = {hold.member for hold in work.holds if hold.state != "released"}
        may = who in work.owners or has(who, work.unit, Role.LEADER, Role.SECRETARY)
        if who in did or not may:
            return Verdict.HIDDEN
        if call.state != "done" or stars not in FACTOR:
            return Verdict.REFUSED
        call.state, call.stars = "confirmed", stars
        self._reward(call.task, "visit", stars)
        return Verdict.DONE

    # --- shared ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _when(good: bool) -> Verdict:
        return Verdict.DONE if good else Verdict.REFUSED

    @staticmethod
    def _triages(who: str, wish: Wish) -> bool:
        roles = (Role.SECRETARY,) if wish.sensitive else (Role.LEADER, Role.SECRETARY)
        return has(who, wish.handled_at, *roles)

    def _step(self, wish: Wish, event: str, *, good: bool = True) -> Verdict:
        if wish.state not in REQUEST[event] or not good:
            return Verdict.REFUSED
        wish.step(event)
        return Verdict.DONE

    def _at(self, who: str, task: int, event: str, *, good: bool = True) -> Verdict:
        work = self.works.get(task)
        hold = work.held_by(who) if work else None
        if hold is None:
            return Verdict.HIDDEN
        if hold.state not in CLAIM[event] or not good:
            return Verdict.REFUSED
        hold.step(event)
        return Verdict.DONE

    def _hold(self, work: Work, who: str) -> None:
        work.holds.append(Hold(who))
        if work.kind == "request" and self.wishes[work.whole].state == "open":
            self.wishes[work.whole].step("first_claim")

    def _finish_if_all_reported(self, work: Work, *, wellbeing: int | None = None) -> None:
        if any(hold.state != "reported" for hold in work.held):
            return
        work.state = "done"
        if work.kind == "request":
            self.wishes[work.whole].step("all_reported")
        else:
            self.calls[work.whole].state = "done"
            self.calls[work.whole].wellbeing = wellbeing

    def _reward(self, task: int, category: str, stars: int) -> None:
        work = self.works[task]
        self.earnings += [
            EarningSeen(task, hold.member, hold.minutes, earned(hold.minutes, category, stars))
            for hold in work.held
        ]
        work.end("closed", "accept")
