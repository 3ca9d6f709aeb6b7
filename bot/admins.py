"""The way in for the first admins: whom the settings name is admin of every top of the tree, and there is a tree for them.

A database without any unit gets one, called as the community is in the settings, so that everything else can be done in
the chat. Later tops (imported on the command line) are found by the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from bot.settings_model import CommunitySettings
from domain.base import Actor, Role
from domain.people import Appoint
from storage.unit import Done, Store
from storage.units import UnitRow

log = structlog.get_logger(__name__)

FIRST_CODE = "community"
"""The code of the unit that an empty database begins with."""


class Admins:
    """Appoints whom the settings name. Who was appointed once in this run is not looked at again."""

    def __init__(self, store: Store, community: CommunitySettings, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._community = community
        self._now = now
        self._done: set[tuple[int, int]] = set()

    async def found(self) -> None:
        """Make the first unit, if there is none and somebody is named to look after it."""
        if self._community.admins and not await self._store.has_units():
            first = UnitRow(1, FIRST_CODE, "community", self._community.name, "", "")
            await self._store.import_units([first], dry_run=False)
            log.info("the community was founded", name=self._community.name, code=FIRST_CODE)

    async def appoint(self) -> int:
        """Appoint everyone named at every top of the tree. Returns how many appointments are new."""
        if not self._community.admins:
            return 0
        new = 0
        for unit_id in await self._store.top_units():
            for telegram_id in self._community.admins:
                if (unit_id, telegram_id) in self._done:
                    continue
                action = Appoint(
                    telegram_id=telegram_id,
                    role=Role.ADMIN,
                    unit_id=unit_id,
                    language=self._community.language,
                )
                outcome = await self._store.perform(action, Actor.system("settings"), now=self._now())
                if isinstance(outcome, Done):
                    self._done.add((unit_id, telegram_id))
                    new += not outcome.result.get("already")
        return new
