"""Carrying notices out: recipients written down in stretches, then walked through, a few handed to delivery at a time.

Each step is a unit of work of its own that holds the writer for less than 100 ms and keeps how far it has come in the
same commit, so that a kill anywhere repeats nothing and leaves nobody out. Whether there is anything to do is looked up
anew each time; nothing is remembered here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, ScalarSelect, bindparam, func, literal_column, or_, select

from domain.base import Actor, Event, Refresh, Scalar
from domain.clocks import after_quiet
from domain.lanes import Lane
from domain.notices.shapes import (
    AGAIN,
    CARD,
    COPY,
    GONE,
    GROUP,
    REMINDED,
    REMINDER,
    Errand,
    Mailing,
    NoticeState,
    PublicNotice,
)
from domain.rulebook import Rulebook
from storage import audit, notice_terms, outbox, receipts
from storage.addressees import paths_of
from storage.entities import every, load, next_id, save, selection
from storage.notices import groups_at
from storage.outbox import Reply
from storage.prepared import Prepared
from storage.receipts import Recipient
from storage.schema import outbox as outbox_table
from storage.schema_notices import TO_REMIND, mailing, notice
from storage.tree import office_of
from storage.walks import Step, Steps

STRETCH = 4_000
"""Ids of people that are looked at in one step, whoever of them is meant."""
HANDFUL = 100
"""Recipients that a walk hands over at once, and at most so many of a walk wait in the outbox."""

_DUE = (
    select(notice.c.id)
    .where(
        notice.c.state == NoticeState.PLANNED,
        notice.c.send_at <= bindparam("now", type_=notice.c.send_at.type),
    )
    .order_by(notice.c.send_at)
    .limit(50)
)
_TO_REMIND = (
    select(notice.c.id)
    .where(
        TO_REMIND,
        notice.c.wants_read,
        *(
            or_(column.is_(None), column <= bindparam("before", type_=column.type))
            for column in (notice.c.reminded_at, notice.c.again_at)
        ),
        notice.c.finished_at <= bindparam("before", type_=notice.c.finished_at.type),
    )
    .order_by(notice.c.finished_at)
    .limit(50)
)
_FREEZING = select(notice.c.id).where(notice.c.state == NoticeState.FREEZING).order_by(notice.c.id).limit(50)
_WALKING = (
    selection(Mailing)
    .where(mailing.c.finished_at.is_(None), ~mailing.c.held)
    .order_by(mailing.c.id)
    .limit(50)
)


def _number(state: str) -> ScalarSelect[int]:
    """How many rows stand there, found by the small index of those that do."""
    return (
        select(func.count())
        .select_from(outbox_table)
        .where(
            outbox_table.c.state == literal_column(f"'{state}'"),
            outbox_table.c.subject_id == bindparam("notice"),
            outbox_table.c.kind == bindparam("kind"),
        )
        .scalar_subquery()
    )


_ON_THE_WAY = Prepared(select((_number("waiting") + _number("leased")).label("number")))
_KIND = {
    Errand.SEND: COPY,
    Errand.CORRECT: COPY,
    Errand.WITHDRAW: GONE,
    Errand.REMIND: REMINDER,
    Errand.AGAIN: AGAIN,
}
_OF_WHAT_IS_THERE = (Errand.CORRECT, Errand.WITHDRAW)
"""Errands that change messages people have, and send none."""


class Mailings(Steps):
    """The steps of notices."""

    async def due(self, *, now: datetime) -> tuple[int, ...]:
        """Planned notices whose time has come."""
        return tuple(await self._read(lambda c: c.execute(_DUE, {"now": now}).scalars().all()))

    async def to_remind(self, *, now: datetime) -> tuple[int, ...]:
        """Notices that have been out, and nobody reminded of them, for long enough to remind those who have not read them."""
        before = now - timedelta(hours=self._rules.notices.remind_hours)
        return tuple(await self._read(lambda c: c.execute(_TO_REMIND, {"before": before}).scalars().all()))

    async def freezing(self) -> tuple[int, ...]:
        """Notices whose recipients are being written down."""
        return tuple(await self._read(lambda c: c.execute(_FREEZING).scalars().all()))

    async def walking(self) -> tuple[Mailing, ...]:
        """Walks that have not come to their end and are not held."""
        found: tuple[Mailing, ...] = await self._read(lambda c: every(c, Mailing, _WALKING))
        return found

    async def freeze(self, notice_id: int, *, now: datetime, bot: str = "") -> Step:
        """Write down the next stretch of recipients; after the last one they begin to leave.

        ``bot`` is the bot's own username, for the link in groups.
        """

        def unit(connection: Connection) -> Step:
            found = load(connection, PublicNotice, notice_id)
            if found is None or found.state is not NoticeState.FREEZING:
                return Step(0, more=False)
            if found.frozen_to == 0:
                receipts.open_tally(connection, notice_id)
            last = receipts.last_person(connection)
            to = min(found.frozen_to + STRETCH, last)
            new = 0
            if found.to_people and to > found.frozen_to:
                wanted = found.whom
                paths = paths_of(connection, [*wanted.units, *wanted.without_units])
                new = receipts.freeze(
                    connection,
                    notice_id,
                    wanted,
                    paths,
                    mutes="" if found.urgent else found.kind,
                    after=found.frozen_to,
                    to=to,
                    now=now,
                )
            if found.to_people and to < last:
                save(connection, (replace(found, frozen_to=to),))
                self._reached("notice.frozen")
                return Step(new, more=True)
            walk = Mailing(next_id(connection, Mailing), 0, notice_id, Errand.SEND, created_at=now)
            save(connection, (replace(found, state=NoticeState.SENDING, frozen_to=to), walk))
            if found.to_people:
                notice_terms.stands_at(connection, notice_id, paths_of(connection, found.whom.units))
            if found.to_groups:
                _post_in_groups(connection, found, now=now, bot=bot)
            tally = receipts.tally_of(connection, notice_id)
            total = tally.total if tally else 0
            _tell(connection, "notice.frozen", found, now, total=total)
            self._reached("notice.frozen")
            return Step(new, more=False)

        step: Step = await self._commit(unit)
        self._reached("notice.frozen.committed")
        self._grew()
        return step

    async def walk(self, mailing_id: int, *, now: datetime) -> Step:
        """Hand the next few recipients of a walk to delivery, unless enough of it wait already."""

        def unit(connection: Connection) -> Step:
            # The notice first: whoever holds or stops it locks it before its walks.
            of = load(connection, Mailing, mailing_id, lock=False)
            found = load(connection, PublicNotice, of.notice_id) if of else None
            walk = load(connection, Mailing, mailing_id)
            if found is None or walk is None or walk.finished_at is not None or walk.held:
                return Step(0, more=False)
            values = {"notice": found.id, "kind": _KIND[walk.errand]}
            waiting = _ON_THE_WAY.all(connection, values)[0].number
            if waiting >= HANDFUL // 2:
                return Step(0, more=False)
            people = receipts.next_ones(connection, found.id, after=walk.reached, most=HANDFUL)
            if walk.errand in _OF_WHAT_IS_THERE:
                leaving_now = receipts.leaving(connection, found.id)
                people = list(takewhile(lambda one: one.person_id not in leaving_now, people))
                if leaving_now and not people:
                    return Step(0, more=False)
            if not people:
                return _ended(connection, walk, found, now) if not waiting else Step(0, more=False)
            leaving = _handed_over(connection, walk, found, people, now=now, rules=self._rules)
            save(connection, (replace(walk, reached=people[-1].person_id),))
            self._reached("notice.walked")
            return Step(leaving, more=not leaving)

        step: Step = await self._commit(unit)
        self._reached("notice.walked.committed")
        # Its end is told on a card too, which nobody should wait for.
        self._grew()
        return step

    async def progress(self, notice_id: int, *, now: datetime) -> None:
        """Let the sender's card show how far it has come."""

        def unit(connection: Connection) -> None:
            outbox.put(connection, now=now, update_id=None, refreshes=(Refresh(CARD, notice_id),))

        await self._commit(unit)
        self._grew()


def _post_in_groups(connection: Connection, found: PublicNotice, *, now: datetime, bot: str) -> None:
    """Every group bound at or below the units of the notice gets it, as a card that follows what becomes of it."""
    paths = paths_of(connection, found.whom.units)
    posts = [
        Reply(GROUP, chat_id, subject_id=found.id, params={"bot": bot}, card=True, lane=Lane.CLAIM)
        for chat_id in groups_at(connection, list(paths.values()))
    ]
    outbox.put(connection, now=now, update_id=None, replies=posts)


def _tell(connection: Connection, name: str, found: PublicNotice, now: datetime, **data: Scalar) -> None:
    event = Event(name, "notice", found.id, data, unit_id=found.unit_id)
    audit.record(connection, (event,), actor=Actor.system("notices"), now=now, update_id=None)
    outbox.put(connection, now=now, update_id=None, refreshes=(Refresh(CARD, found.id),))


def _ended(connection: Connection, walk: Mailing, found: PublicNotice, now: datetime) -> Step:
    """Nobody is left to walk to, and nothing of it is on its way any more."""
    save(connection, (replace(walk, finished_at=now),))
    if walk.errand is Errand.SEND and found.state is NoticeState.SENDING:
        save(connection, (replace(found, state=NoticeState.SENT, finished_at=now),))
        tally = receipts.tally_of(connection, found.id)
        _tell(connection, "notice.sent", found, now, sent=tally.sent if tally else 0)
    else:
        _tell(connection, "notice.walked", found, now, errand=str(walk.errand))
    return Step(0, more=False)


def _handed_over(
    connection: Connection,
    walk: Mailing,
    found: PublicNotice,
    people: Sequence[Recipient],
    *,
    now: datetime,
    rules: Rulebook,
) -> int:
    """Rows of the outbox for those of ``people`` whom the errand concerns. Returns how many."""
    concerned = [one for one in people if one.chat_id is not None and _concerns(walk.errand, one)]
    lane = Lane.REMINDER if found.urgent or walk.errand is not Errand.SEND else Lane.BROADCAST
    routine = not found.urgent and walk.errand in (Errand.SEND, Errand.REMIND, Errand.AGAIN)
    outbox.put_copies(
        connection,
        [(one.chat_id or 0, one.person_id, _edited(walk.errand, one)) for one in concerned],
        kind=_KIND[walk.errand],
        subject_id=found.id,
        lane=lane,
        now=now,
        not_before=_when(connection, found, now, rules) if routine else now,
    )
    ids = [one.person_id for one in concerned]
    if walk.errand in _OF_WHAT_IS_THERE:
        _further(connection, walk.errand, found, concerned, lane=lane, now=now)
    if walk.errand is Errand.SEND:
        # Erased or merged since they were written down: there is no account to send it to.
        gone = [one.person_id for one in people if one.chat_id is None and one.state == "waiting"]
        receipts.to_state(connection, found.id, ids, old="waiting", new="queued")
        receipts.to_state(connection, found.id, gone, old="waiting", new="left")
        receipts.count(connection, found.id, queued=len(ids), left=len(gone))
    if walk.errand is Errand.REMIND:
        receipts.reminded(connection, found.id, concerned, now=now)
    return len(concerned)


def _further(
    connection: Connection,
    errand: Errand,
    found: PublicNotice,
    people: Sequence[Recipient],
    *,
    lane: Lane,
    now: datetime,
) -> None:
    """The same for what else quotes the notice to them: that a reminder of it stays would be worse than that a copy does."""
    known = {one.person_id: one for one in people}
    kinds: dict[str, list[tuple[int, int, int | None]]] = {}
    for person_id, message_id, sent_as in receipts.followed_up(connection, found.id, known):
        one = known[person_id]
        kind = GONE if errand is Errand.WITHDRAW else sent_as if one.read_at is None else REMINDED
        kinds.setdefault(kind, []).append((one.chat_id or 0, person_id, message_id))
    for kind, messages in kinds.items():
        outbox.put_copies(
            connection, messages, kind=kind, subject_id=found.id, lane=lane, now=now, not_before=now
        )


def _concerns(errand: Errand, one: Recipient) -> bool:
    match errand:
        case Errand.SEND:
            return one.state == "waiting"
        case Errand.REMIND:
            return one.state == "sent" and one.read_at is None
        case _:
            return one.message_id is not None


def _edited(errand: Errand, one: Recipient) -> int | None:
    return one.message_id if errand in _OF_WHAT_IS_THERE else None


def _when(connection: Connection, found: PublicNotice, now: datetime, rules: Rulebook) -> datetime:
    """Now, or when the quiet hours of the notice's unit are over."""
    path = paths_of(connection, [found.unit_id]).get(found.unit_id, "")
    zone = ZoneInfo(office_of(connection, path).zone or rules.time_zone)
    quiet = rules.notices
    return after_quiet(now, zone=zone, quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to)
