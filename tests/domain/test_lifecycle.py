"""Random lives of requests, tasks, claims and visits on the pure rules; no difference to the model is allowed.

The controls put a broken rule in the world's place and must be caught: a machine that cannot fail proves nothing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from domain.base import Action, Actor, Decision
from domain.requests import ConfirmRequest, RequestState
from domain.rulebook import Rulebook
from domain.tasks import ClaimTask, Task
from tests.domain.lifecycle import World
from tests.domain.lifecycle_machine import LifeCycles
from tests.domain.pure_world import PureWorld

MANY = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class OnPureRules(LifeCycles):
    def new_world(self) -> World:
        return PureWorld()


def test_the_rules_and_the_model_never_differ() -> None:
    run_state_machine_as_test(OnPureRules, settings=MANY)


class NobodyCountsPlaces(PureWorld):
    """Control: a place can be taken twice."""

    def decide(self, action: Action, actor: Actor) -> Decision:
        decision = super().decide(action, actor)
        if isinstance(action, ClaimTask):
            saves = tuple(replace(e, taken=0) if isinstance(e, Task) else e for e in decision.saves)
            return replace(decision, saves=saves)
        return decision


class EverythingIsAllowed(PureWorld):
    """Control: nobody asks who may."""

    def decide(self, action: Action, actor: Actor) -> Decision:
        case, rule = self.load(action, actor)
        decision: Decision = rule(case, action, actor=actor, now=self.now, rules=self.rules)
        return decision


class PaidTwice(PureWorld):
    """Control: a confirmation pays twice."""

    def decide(self, action: Action, actor: Actor) -> Decision:
        decision = super().decide(action, actor)
        return replace(decision, earnings=decision.earnings * 2)


class NeverClosed(PureWorld):
    """Control: what was confirmed goes on."""

    def decide(self, action: Action, actor: Actor) -> Decision:
        decision = super().decide(action, actor)
        if not isinstance(action, ConfirmRequest):
            return decision
        kept = [e for e in decision.saves if getattr(e, "state", None) is not RequestState.CLOSED_CONFIRMED]
        return replace(decision, saves=tuple(kept))


class FourOpenClaims(PureWorld):
    """Control: another rulebook than the one in force."""

    def __init__(self) -> None:
        super().__init__(rules=Rulebook(max_open_claims=4))


@pytest.mark.parametrize(
    "broken", [NobodyCountsPlaces, EverythingIsAllowed, PaidTwice, NeverClosed, FourOpenClaims]
)
def test_the_machine_catches_a_broken_rule(broken: type[PureWorld]) -> None:
    class OnBrokenRules(LifeCycles):
        def new_world(self) -> World:
            return broken()

    first_only = settings(MANY, phases=[Phase.generate], report_multiple_bugs=False, print_blob=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(OnBrokenRules, settings=first_only)
