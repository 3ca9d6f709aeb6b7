"""Short ways to a request at some point of its life on the pure rules, and to what was said because of a step."""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Notice, ToPerson
from domain.requests import Request
from tests.domain.lifecycle import Answer
from tests.domain.pure_world import PureWorld


def raised(
    world: PureWorld, category: str = "lift", *, who: str = "resident", about: str | None = None
) -> int:
    """A request raised; its number."""
    return world.raise_request(who, category=category, about=about).number("request_id")


def offered(world: PureWorld, category: str = "lift", *, places: int = 1) -> tuple[int, int]:
    """A request accepted: (request, task)."""
    request_id = raised(world, category)
    return request_id, world.accept("leader", request_id, places=places).number("task_id")


def claimed(world: PureWorld, *helpers: str) -> tuple[int, int]:
    """A request with a place for each of ``helpers``, all taken: (request, task)."""
    request_id, task_id = offered(world, places=len(helpers))
    for helper in helpers:
        assert world.claim(helper, task_id).refused is None
    return request_id, task_id


def heard(world: PureWorld, act: Callable[[], Answer]) -> list[Notice]:
    """What was to leave because of it."""
    before = len(world.notices)
    assert act().refused is None
    return world.notices[before:]


def to_person(notices: list[Notice], person_id: int) -> list[str]:
    """The kinds of message that one person gets."""
    return [notice.kind for notice in notices if notice.to == ToPerson(person_id)]


def request(world: PureWorld, request_id: int) -> Request:
    """A request as it stands."""
    return world.get(Request, request_id)
