"""The one way to change anything, and the only door for reads.

``perform`` runs an action: the update is marked done (a repeat stops here), the actor and the state are loaded, the
permission is checked, the rules decide, and state, audit, earnings and outbox are written, all in one commit. On the
same private ``_commit`` stand ``finish`` (a step without an action), intake, delivery's leases and the jobs' runs.

Knows how a decision becomes rows; what is decided is ``domain``'s, what a noun's rows look like its own module's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from domain import (
    backup,
    groups,
    people,
)
from domain.base import (
    CONSENT_AGAIN,
    NOT_FOUND,
    Action,
    Actor,
    Decision,
    Event,
    Query,
    Refused,
    Scalar,
)
from domain.clocks import local_day
from domain.jobs import Step
from domain.people import Person
from domain.permissions import WITHOUT_CONSENT, allowed, asked_again
from domain.rulebook import Rulebook
from domain.seals import Seal
from domain.trail import SearchTrail, TrailPage
from storage import appointments as appointment_rows
from storage import (
    audit,
    drafts,
    erasing,
    facts,
    inbox,
    leases,
    outbox,
    points,
    receipts,
    retention,
    seals,
    tree,
    troubles,
    units,
    upkeep,
)
from storage import blocks as block_rows
from storage import checkins as checkin_rows
from storage import deadlines as deadline_rows
from storage import groups as group_rows
from storage import jobs as job_rows
from storage import pairings as pairing_rows
from storage import people as people_rows
from storage import roster as roster_rows
from storage.actions import DECIDE, LOAD, LOAD_AT, SWEEP
from storage.digests import Digests
from storage.drafts import CLEAR, KEEP, Draft, DraftChange
from storage.engine import DatabaseAwayError, Engine
from storage.entities import StaleVersionError, save
from storage.identity import identity_of, skip_lost_ids
from storage.importing import Imports
from storage.inbox import Arrived
from storage.invitations import Invitations
from storage.mailings import Mailings
from storage.outbox import Candidate, Leased, Reply, Sent
from storage.study import Study
from storage.types import EPOCH

__all__ = ["CLEAR", "KEEP", "Draft", "DraftChange", "Reply", "Store", "Who"]

T = TypeVar("T")

STALE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Who:
    """Who pressed or wrote, as Telegram says. ``language`` is only a first guess for strangers."""

    telegram_id: int
    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The action took effect."""

    result: Mapping[str, Scalar]
    actor: Actor


@dataclass(frozen=True, slots=True)
class Refusal:
    """The rules said no: a text key with its parameters."""

    key: str
    params: Mapping[str, Scalar]
    actor: Actor


@dataclass(frozen=True, slots=True)
class Repeat:
    """The update had been finished before; nothing was changed."""


Outcome = Done | Refusal | Repeat


@dataclass(frozen=True, slots=True)
class Opening:
    """What most steps begin with: who it is, and the form they are in. ``actor.person_id`` is 0 for strangers."""

    actor: Actor
    person: Person | None
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class LeasedBatch:
    """Rows to send now, each with the facts its view asked for (absent: no longer true) and its reader."""

    rows: tuple[Leased, ...]
    facts: Mapping[int, Mapping[str, Any] | None]
    readers: Mapping[int, Actor]
    wanted: Mapping[tuple[int, str], int]


def _known(actor: Actor) -> dict[int, int]:
    """The actor's own chat, so that replies into it need no look-up."""
    return {actor.telegram_id: actor.person_id} if actor.person_id and actor.telegram_id else {}


def _record_bulk(connection: Connection, query: Query, answer: Any, actor: Actor, now: datetime) -> None:
    """Who read how many people's data at once."""
    unit_id: int = getattr(query, "unit_id", 0) or getattr(answer, "unit_id", 0)
    read = Event("bulk.read", "unit", unit_id, {"rows": len(answer.rows)}, unit_id=unit_id or None)
    audit.record(connection, (read,), actor=actor, now=now, update_id=None)


class _Repeated(Exception):
    """The update is done already."""


@dataclass(slots=True)
class Hooks:
    """What follows a commit in memory. ``outbox_grew`` wakes delivery; ``decided`` counts actions by outcome.

    ``reached`` is told each point at which a kill must do no harm, in whatever thread gets there; the crash campaign
    kills the process at them.
    """

    outbox_grew: Callable[[], None] = field(default=lambda: None)
    decided: Callable[[str, str], None] = field(default=lambda action, outcome: None)
    reached: Callable[[str], None] = field(default=lambda point: None)


class Store:
    """The database as everyone else sees it: actions in, facts out; no SQL and no connection leaves here."""

    def __init__(self, engine: Engine, *, rules: Rulebook, hooks: Hooks | None = None) -> None:
        self._engine = engine
        self.rules = rules
        self.hooks = hooks or Hooks()
        self.blocked: set[int] = set()
        """The accounts that are heard no more, as ``load_blocked`` found them and as they changed since."""
        self.refusal = ""
        """Why the last write was refused, such as a full disk; "" since one has succeeded."""
        self._blocks_changed = 0
        self.imports = Imports(engine.read, self._commit, rules, lambda: self.hooks.outbox_grew())
        self.jobs = job_rows.Jobs(engine.read, self._commit, rules)
        walking = (
            engine.read,
            self._commit,
            rules,
            lambda: self.hooks.outbox_grew(),
            lambda point: self.hooks.reached(point),
        )
        self.mailings = Mailings(*walking)
        self.study = Study(*walking)
        self.meetings = Invitations(*walking)
        self.digests = Digests(*walking)

    @property
    def dialect(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self._engine.dialect

    async def close(self) -> None:
        """Finish what waits and close."""
        await self._engine.close()

    async def _commit(self, unit: Callable[[Connection], T]) -> T:
        """Every write goes through here. A row that moved on under the unit (PostgreSQL only) runs it again."""
        for attempt in range(1, STALE_TRIES + 1):
            try:
                result = await self._engine.write(unit)
            except StaleVersionError:
                if attempt == STALE_TRIES:
                    raise
            except DatabaseAwayError as error:
                self.refusal = str(error)
                raise
            else:
                self.refusal = ""
                return result
        raise AssertionError("the last try either returns or raises")

    # --- changing --------------------------------------------------------------------------------------------------

    async def perform(
        self,
        action: Action,
        who: Who | Actor,
        *,
        now: datetime,
        update_id: int | None = None,
        draft: DraftChange = KEEP,
        replies: Sequence[Reply] = (),
        if_refused: Reply | None = None,
        step: Step | None = None,
    ) -> Outcome:
        """Do one thing for one person or job, wholly or not at all.

        A refusal undoes whatever the unit had written, keeps the done mark and stores ``if_refused`` with the
        refusal's key and parameters in it. ``step``: it is an item of a job's period, and a repeat when that is done.
        """
        name = type(action).__name__
        seen: list[Actor] = []

        def unit(connection: Connection) -> tuple[Decision, int]:
            if update_id is not None and not inbox.mark_done(connection, update_id, now=now):
                raise _Repeated
            if step is not None and not job_rows.advance(connection, step):
                raise _Repeated
            actor = self._actor(connection, who, now)
            seen[:] = [actor]
            decision = self._decide(connection, action, actor, now)
            for person_id in decision.forgets:
                receipts.forgotten(connection, person_id)
                erasing.begin(connection, person_id, now=now)
            save(connection, decision.saves)
            for sweep in decision.sweeps:
                SWEEP[type(sweep)](connection, sweep)
            roster_rows.move(connection, decision.moved, actor=actor, now=now, rules=self.rules)
            audit.record(connection, decision.events, actor=actor, now=now, update_id=update_id)
            audit.keep(connection, decision.remarks, now=now)
            audit.earn(connection, decision.earnings, now=now)
            block_rows.put(connection, decision.blocks, actor=actor, now=now)
            checkin_rows.learn(connection, decision.skills)
            if isinstance(who, Who):
                drafts.change(connection, who.telegram_id, draft, now=now)
            if isinstance(action, people.GiveConsent) and asked_again(actor, self.rules):
                outbox.catch_up(connection, actor.telegram_id, now=now)
            leaving = outbox.put(
                connection,
                now=now,
                update_id=update_id,
                replies=replies,
                notices=decision.notices,
                refreshes=decision.refreshes,
                known=_known(actor),
            )
            self.hooks.reached("perform.written")
            return decision, leaving

        try:
            decision, leaving = await self._commit(unit)
        except _Repeated:
            self.hooks.decided(name, "repeat")
            return Repeat()
        except Refused as refused:
            self.hooks.decided(name, "refused")
            actor = seen[0] if seen else Actor()
            if update_id is not None or if_refused is not None:
                await self._refuse(refused, update_id, if_refused, actor=actor, now=now)
            return Refusal(refused.key, refused.params, actor)
        self.hooks.reached("perform.committed")
        self.hooks.decided(name, "done")
        for block in decision.blocks:
            self._blocks_changed += 1
            (self.blocked.add if block.on else self.blocked.discard)(block.telegram_id)
        if leaving:
            self.hooks.outbox_grew()
        return Done(decision.result, seen[0])

    def _decide(self, connection: Connection, action: Action, actor: Actor, now: datetime) -> Decision:
        kind = type(action)
        # Asked without a subject first, so that somebody without any right costs nothing and learns nothing.
        if actor.suspended and not allowed(actor, action.permission, None):
            raise Refused("refused.suspended")
        if action.permission not in WITHOUT_CONSENT and asked_again(actor, self.rules):
            raise Refused(CONSENT_AGAIN)
        if kind in LOAD_AT:
            state = LOAD_AT[kind](connection, action, actor, self.rules, now)
        else:
            state = LOAD[kind](connection, action, actor, self.rules)
        if not allowed(actor, action.permission, state.subject):
            raise Refused(NOT_FOUND)
        return DECIDE[kind](state, action, actor=actor, now=now, rules=self.rules)

    def _actor(self, connection: Connection, who: Who | Actor, now: datetime) -> Actor:
        if isinstance(who, Actor):
            return who
        known = people_rows.load_actor(connection, now, telegram_id=who.telegram_id)
        if known is None:
            return Actor(telegram_id=who.telegram_id, language=who.language or "zh", name=who.name)
        if known.unreachable:
            outbox.reachable(connection, who.telegram_id, now=now)
        return known

    async def _refuse(
        self, refused: Refused, update_id: int | None, template: Reply | None, *, actor: Actor, now: datetime
    ) -> None:
        def unit(connection: Connection) -> int:
            if update_id is not None and not inbox.mark_done(connection, update_id, now=now):
                return 0
            if actor.unreachable:
                # Undone with the rest of the refused unit, and still true: they are back.
                outbox.reachable(connection, actor.telegram_id, now=now)
            if refused.key == CONSENT_AGAIN:
                # Whatever was pressed, what comes next is the question; it is one card, however often this happens.
                return outbox.put(
                    connection,
                    now=now,
                    update_id=update_id,
                    replies=(outbox.consent_question(actor.telegram_id, self.rules.consent_version),),
                    known=_known(actor),
                )
            if template is None:
                return 0
            key = "note" if template.card else "key"
            said = replace(template, params={**template.params, **refused.params, key: refused.key})
            return outbox.put(connection, now=now, update_id=update_id, replies=(said,))

        if await self._commit(unit):
            self.hooks.outbox_grew()

    async def finish(
        self,
        update_id: int,
        *,
        now: datetime,
        who: Who | None = None,
        draft: DraftChange = KEEP,
        replies: Sequence[Reply] = (),
    ) -> bool:
        """End a step without an action: a form's draft, a read that was answered. False when it was done before."""

        def unit(connection: Connection) -> tuple[bool, int]:
            if not inbox.mark_done(connection, update_id, now=now):
                return False, 0
            if who is not None:
                drafts.change(connection, who.telegram_id, draft, now=now)
            return True, outbox.put(connection, now=now, update_id=update_id, replies=replies)

        first, leaving = await self._commit(unit)
        self.hooks.reached("finish.committed")
        if leaving:
            self.hooks.outbox_grew()
        return first

    # --- reading ---------------------------------------------------------------------------------------------------

    async def read(self, query: Query, who: Who | Actor, *, now: datetime) -> Any:
        """The answer to a query, scoped to what this person may see. Raises Refused."""

        def unit(connection: Connection) -> tuple[Actor, Any]:
            actor = self._reader(connection, who, now)
            return actor, facts.answer(connection, query, actor, now=now, rules=self.rules)

        actor, answer = await self._engine.read(unit)
        if query.bulk:
            # Before they have it.
            await self._commit(lambda connection: _record_bulk(connection, query, answer, actor, now))
        return answer

    async def opening(self, who: Who, *, now: datetime) -> Opening:
        """Who this is, and the form they are in."""

        def unit(connection: Connection) -> Opening:
            return Opening(
                self._reader(connection, who, now),
                people_rows.known_person(connection, who.telegram_id),
                drafts.load(connection, who.telegram_id),
            )

        return await self._engine.read(unit)

    @staticmethod
    def _reader(connection: Connection, who: Who | Actor, now: datetime) -> Actor:
        if isinstance(who, Actor):
            return who
        known = people_rows.load_actor(connection, now, telegram_id=who.telegram_id)
        return known or Actor(telegram_id=who.telegram_id, language=who.language or "zh", name=who.name)

    # --- what Telegram tells of people and groups --------------------------------------------------------------------

    async def person_left(self, update_id: int | None, *, telegram_id: int, now: datetime) -> None:
        """Somebody blocked the bot."""
        await self._marked(update_id, lambda c: outbox.unreachable(c, telegram_id, now=now), now=now)

    async def person_returned(self, update_id: int | None, *, telegram_id: int, now: datetime) -> None:
        """Somebody unblocked the bot."""
        await self._marked(update_id, lambda c: outbox.reachable(c, telegram_id, now=now), now=now)
        self.hooks.outbox_grew()

    async def group_left(self, update_id: int | None, *, chat_id: int, now: datetime) -> None:
        """The bot was removed from a group."""
        await self.perform(groups.LoseGroup(chat_id), Actor.system("telegram"), now=now, update_id=update_id)

    async def group_migrated(
        self, update_id: int | None, *, chat_id: int, to_chat_id: int, now: datetime
    ) -> None:
        """A group became a supergroup."""
        await self._marked(update_id, lambda c: group_rows.move(c, chat_id, to_chat_id), now=now)

    async def _marked(
        self, update_id: int | None, work: Callable[[Connection], Any], *, now: datetime
    ) -> None:
        def unit(connection: Connection) -> None:
            if update_id is None or inbox.mark_done(connection, update_id, now=now):
                work(connection)

        await self._commit(unit)

    # --- in ----------------------------------------------------------------------------------------------------------

    async def receive(self, arrived: Sequence[Arrived], *, now: datetime) -> int:
        """Keep raw updates. After this returns the offset may move, or 200 may be answered."""
        count = await self._commit(lambda connection: inbox.put(connection, arrived, now=now))
        self.hooks.reached("intake.committed")
        return count

    async def waiting(self, *, after: int, most: int) -> list[inbox.Waiting]:
        """Updates to be worked on after an inbox row."""
        return await self._engine.read(lambda connection: inbox.waiting_after(connection, after, most=most))

    async def failed(
        self, update_id: int, *, reason: str, quarantine: bool, now: datetime, replies: Sequence[Reply] = ()
    ) -> None:
        """Count a failed try, or set the update aside and tell whom it came from."""

        def unit(connection: Connection) -> int:
            inbox.mark_failed(connection, update_id, reason=reason, quarantine=quarantine, now=now)
            return outbox.put(connection, now=now, update_id=update_id, replies=replies)

        if await self._commit(unit):
            self.hooks.outbox_grew()

    # --- out ---------------------------------------------------------------------------------------------------------

    async def candidates(
        self, *, now: datetime, after: tuple[int, int] = (-1, 0), most: int = 64
    ) -> list[Candidate]:
        """Rows that may leave now by their time."""
        return await self._engine.read(lambda c: outbox.candidates(c, now=now, after=after, most=most))

    async def next_due(self) -> datetime | None:
        """When the next waiting row may leave by its time."""
        return await self._engine.read(outbox.next_due)

    async def lease_rows(
        self, ids: Sequence[int], *, lease: str, fence: int, now: datetime, needs_facts: Callable[[str], bool]
    ) -> LeasedBatch:
        """Lease rows, and load what their views need as it is at this moment."""

        def unit(connection: Connection) -> LeasedBatch:
            rows, wanted = outbox.take(connection, ids, lease_name=lease, fence=fence)
            people_ids = {row.person_id for row in rows if row.person_id is not None}
            readers = people_rows.load_actors(connection, now, people_ids)
            known: dict[int, Mapping[str, Any] | None] = {}
            for row in rows:
                if row.subject_id is not None and needs_facts(row.kind):
                    eyes = readers.get(row.person_id or 0, Actor())
                    known[row.id] = facts.load(
                        connection,
                        row.kind,
                        row.subject_id,
                        eyes,
                        now=now,
                        rules=self.rules,
                        params=row.params,
                    )
                    if known[row.id] is None and asked_again(eyes, self.rules):
                        outbox.ask_consent(connection, eyes, self.rules.consent_version, now=now)
            return LeasedBatch(tuple(rows), known, readers, wanted)

        batch = await self._commit(unit)
        self.hooks.reached("delivery.leased")
        return batch

    async def facts_of(self, row: Leased, reader: Actor | None, *, now: datetime) -> Mapping[str, Any] | None:
        """What the view of a leased row needs, read beside the writer; None: no longer true."""
        eyes = reader or Actor()
        subject_id = row.subject_id or 0
        found: Mapping[str, Any] | None = await self._engine.read(
            lambda c: facts.load(c, row.kind, subject_id, eyes, now=now, rules=self.rules, params=row.params)
        )
        return found

    async def record_sent(self, outcomes: Sequence[Sent], *, fence: int, now: datetime) -> None:
        """Write down what became of leased rows."""

        def unit(connection: Connection) -> int:
            for item in outcomes:
                if item.unreachable:
                    outbox.unreachable(connection, item.row.chat_id, now=now)
                if item.migrated_to is not None:
                    group_rows.move(connection, item.row.chat_id, item.migrated_to)
            return outbox.record(connection, outcomes, now=now, fence=fence)

        self.hooks.reached("delivery.sent")
        grew = await self._commit(unit)
        self.hooks.reached("delivery.recorded")
        if grew:
            self.hooks.outbox_grew()

    async def settle_orphans(
        self, *, fence: int, resends: Callable[[str], bool], now: datetime
    ) -> tuple[int, int]:
        """After a start: rows leased by a process that died are sent again, or left for somebody to decide."""

        def unit(connection: Connection) -> tuple[int, int]:
            rows = outbox.orphans(connection, fence=fence)
            resend = [row_id for row_id, kind in rows if resends(kind)]
            ask = [row_id for row_id, kind in rows if not resends(kind)]
            outbox.settle_orphans(connection, resend=resend, ask=ask, now=now)
            return len(resend), len(ask)

        total = (0, 0)
        while any(found := await self._commit(unit)):
            total = (total[0] + found[0], total[1] + found[1])
        if total[0]:
            self.hooks.outbox_grew()
        return total

    async def refresh_stale(self, *, before: datetime, now: datetime) -> int:
        """After an outage: every open card shown before says that we are back."""
        count = await self._commit(
            lambda connection: outbox.refresh_stale(connection, before=before, now=now)
        )
        if count:
            self.hooks.outbox_grew()
        return count

    # --- the process and its clock -------------------------------------------------------------------------------------

    async def acquire_lease(
        self, name: str, *, holder: str, now: datetime, span: timedelta, is_dead: Callable[[str], bool]
    ) -> tuple[int, datetime | None] | None:
        """The fence and when the former holder was last seen, or None while another process holds the lease."""
        return await self._commit(
            lambda connection: leases.acquire(
                connection, name, holder=holder, now=now, span=span, is_dead=is_dead
            )
        )

    async def renew_lease(self, name: str, *, fence: int, now: datetime, span: timedelta) -> bool:
        """Hold it longer; False when it is lost."""
        return await self._commit(
            lambda connection: leases.renew(connection, name, fence=fence, now=now, span=span)
        )

    async def load_blocked(self) -> int:
        """Read the block list anew: another process may have changed it. Returns how many accounts stand on it."""
        while True:
            before = self._blocks_changed
            found = await self._engine.read(block_rows.accounts)
            # What changed here meanwhile may be missing in what was read.
            if before == self._blocks_changed:
                self.blocked = found
                return len(found)

    async def seal_trail(self, *, now: datetime) -> int:
        """Seal the audit trail's next rows, at most one batch. Returns how many."""
        return await self._commit(lambda connection: seals.seal(connection, now=now))

    async def drop_sealed(self, *, before: datetime, now: datetime) -> int:
        """Delete the rows of the oldest batch sealed before, one batch in a commit. Returns how many rows went."""
        return await self._commit(lambda connection: seals.drop(connection, before=before, now=now))

    async def newest_seal(self) -> Seal | None:
        """The end of the audit trail's chain, or None while nothing is sealed."""
        return await self._engine.read(seals.newest)

    async def trail_differences(self) -> list[str]:
        """Where the audit trail is not what its seals say; empty when all is well. Reads all of it, in small steps."""
        told: list[str] = []
        after = 0
        while True:
            after, more = await self._engine.read(partial(seals.differences, after=after))
            told += more
            if not after:
                return told

    async def trail(self, query: SearchTrail, *, now: datetime) -> TrailPage:
        """The audit trail for the operator, past all scopes and kept out of the trail itself: for the command line."""

        def unit(connection: Connection) -> TrailPage:
            asks = Actor.system("command-line")
            page: TrailPage = facts.answer(connection, query, asks, now=now, rules=self.rules)
            return page

        return await self._engine.read(unit)

    async def settle_points(self, *, now: datetime, most: int = 50) -> int:
        """Post up to ``most`` earnings into the ledger. Returns how many were looked at: none while it does not add up."""

        def unit(connection: Connection) -> int:
            if troubles.is_on(connection, backup.Trouble.LEDGER):
                return 0
            return points.settle(connection, now, rules=self.rules, most=most)

        return await self._commit(unit)

    async def ledger_differences(self) -> list[str]:
        """Where the ledger does not add up, or leaves work out; empty when all is well."""
        return await self._engine.read(points.differences) + await self._engine.read(points.unposted)

    async def due_requests(
        self, *, now: datetime, after: deadline_rows.Look = deadline_rows.NONE_YET, most: int = 100
    ) -> tuple[deadline_rows.Look, ...]:
        """Requests after another that the clock has to look at."""
        return await self._engine.read(
            lambda connection: deadline_rows.due_requests(connection, now, after=after, most=most)
        )

    async def due_tasks(
        self, *, now: datetime, after: deadline_rows.Look = deadline_rows.NONE_YET, most: int = 100
    ) -> tuple[deadline_rows.Look, ...]:
        """Tasks after another that the clock has to look at."""
        return await self._engine.read(
            lambda connection: deadline_rows.due_tasks(connection, now, after=after, most=most)
        )

    async def due_pairings(self, *, now: datetime, most: int = 100) -> tuple[int, ...]:
        """Pairings whose next visit has come due."""
        today = now.astimezone(ZoneInfo(self.rules.time_zone)).date()
        return await self._engine.read(
            lambda connection: pairing_rows.due_pairings(connection, today, most=most)
        )

    async def due_checkins(
        self, *, now: datetime, after: checkin_rows.Due = checkin_rows.NONE_YET, most: int = 100
    ) -> tuple[checkin_rows.Due, ...]:
        """Check-ins after another whose holder is owed a reminder, or whose last day is over."""
        today = local_day(now, self.rules)
        return await self._engine.read(
            lambda connection: checkin_rows.due_checkins(connection, today, after=after, most=most)
        )

    async def joined_on(self, day: date, *, after: int, most: int = 100) -> tuple[int, ...]:
        """Check-ins in force, above a number, of those whose political birthday it is."""
        return await self._engine.read(
            lambda connection: checkin_rows.joined(connection, day, after=after, most=most)
        )

    async def due_appointments(self, *, now: datetime, most: int = 100) -> tuple[int, ...]:
        """Appointments that have begun, or are over by their time, and whose holders have not been told."""
        return await self._engine.read(lambda connection: appointment_rows.due(connection, now, most=most))

    async def ending_appointments(self, *, now: datetime, most: int = 200) -> tuple[tuple[int, int], ...]:
        """Appointments whose end has to be told now: (appointment, days ahead)."""
        return await self._engine.read(lambda connection: appointment_rows.ending(connection, now, most=most))

    async def forget(self, what: str, *, now: datetime) -> retention.Portion:
        """Forget the next portion of one of ``retention.FORGET``, by its age; nothing where the setting is 0."""
        setting, forget = retention.FORGET[what]
        days: int = getattr(self.rules.retention, setting)
        if not days:
            return retention.Portion(0, more=False)
        return await self._commit(lambda connection: forget(connection, now - timedelta(days=days)))

    async def erase_further(self, *, after: int = 0) -> erasing.Progress | None:
        """Empty the next portion of the words of somebody who asked to be forgotten; None when nobody is left."""
        return await self._commit(lambda connection: erasing.go_on(connection, after=after))

    async def erasures(self, *, since: datetime = EPOCH) -> list[tuple[int, datetime]]:
        """Everybody who was forgotten from an instant on, and when."""
        return await self._engine.read(lambda connection: erasing.erased(connection, since=since))

    async def identity(self) -> str:
        """Which database this is (``identity.py``)."""
        return await self._engine.read(identity_of)

    async def skip_lost_ids(self) -> None:
        """After an older copy was brought back: never deal out again what was dealt out since."""
        await self._commit(skip_lost_ids)

    async def is_known(self, trouble: backup.Trouble) -> bool:
        """Whether the admins have been told of a trouble that is not over yet."""
        return await self._engine.read(lambda connection: troubles.is_on(connection, trouble))

    async def optimize(self) -> None:
        """Let the database look at its own statistics."""
        await self._commit(upkeep.optimize)

    # --- the operator -----------------------------------------------------------------------------------------------------

    async def depths(self) -> tuple[tuple[int, datetime | None], Mapping[Any, tuple[int, datetime]]]:
        """Depth and age of the inbox, and of the outbox by lane."""
        return await self._engine.read(
            lambda connection: (inbox.depth(connection), outbox.depth_by_lane(connection))
        )

    async def stuck(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What was quarantined on the way in, and what is stuck on the way out."""
        return await self._engine.read(
            lambda connection: (inbox.quarantined(connection), outbox.stuck(connection))
        )

    async def decide_stuck(self, ids: Sequence[int], *, resend: bool, now: datetime) -> int:
        """Send stuck rows again, or let them go."""
        count = await self._commit(lambda connection: outbox.decide(connection, ids, resend=resend, now=now))
        self.hooks.outbox_grew()
        return count

    async def quiet(self, *, cards: int, kinds: Sequence[str], now: datetime) -> int:
        """Let go of what waits to leave, but for the newest ``cards`` cards of each chat and of each of ``kinds``."""
        return await self._commit(
            lambda connection: outbox.quiet(connection, cards=cards, kinds=kinds, now=now)
        )

    async def retry_updates(self, update_ids: Sequence[int]) -> int:
        """Try quarantined updates again."""
        return await self._commit(lambda connection: inbox.release(connection, update_ids))

    async def import_units(self, rows: Sequence[units.UnitRow], *, dry_run: bool) -> units.ImportResult:
        """Check an import of the tree, and unless ``dry_run`` write it: all of it or nothing."""

        def check(connection: Connection) -> list[units.Problem]:
            return units.problems_of(rows, existing=units.existing_parents(connection))

        def unit(connection: Connection) -> units.ImportResult:
            problems = check(connection)
            if problems:
                return units.ImportResult(tuple(problems))
            added, changed = units.put(connection, rows)
            return units.ImportResult((), added=added, changed=changed)

        if dry_run:
            return units.ImportResult(tuple(await self._engine.read(check)))
        return await self._commit(unit)

    async def has_units(self) -> bool:
        """Whether there is any tree yet. A unit at the top is never closed."""
        return bool(await self.top_units())

    async def top_units(self) -> tuple[int, ...]:
        """The open units that stand below nothing."""
        return await self._engine.read(units.tops)

    async def unit_by_code(self, code: str) -> int | None:
        """The unit with this code, for the command line."""
        return await self._engine.read(lambda connection: tree.by_code(connection, code))
