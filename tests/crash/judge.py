"""The comparison at a round's end: what the sandbox accepted, what the database says, and what people did.

The sandbox's record is what people saw. Raises nothing; gives every violation in words, and the repeats it counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from sandbox.record import CallRecord
from storage import points, schema
from storage.engine import Engine
from tests.crash.journal import Reasons
from tests.crash.play import Deed, Play
from views.kinds import KINDS
from views.message import OnUnknown

IN_FLIGHT = 16
SENDS = frozenset({"sendMessage", "sendPhoto", "sendVideo", "sendVoice", "sendDocument", "sendLocation"})
COUNTED: Mapping[str, str] = {
    "request": "request.raised",
    "claim": "task.claimed",
    "alarm": "alarm.raised",
    "visit": "visit.due",
}
"""Tables in which each event of a kind makes one row (a visit that comes due makes a claim as well)."""


@dataclass(frozen=True, slots=True)
class Death:
    """A kill: the number of the last call before the next life, what was in flight to which chat, the life's journal."""

    last_call: int
    leased: Counter[int]
    journal: Path


@dataclass(slots=True)
class Verdict:
    """What the comparison gave. ``stored`` and ``direct``: repeated messages for each kill, in order."""

    violations: list[str] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    direct: list[int] = field(default_factory=list)
    updates: int = 0
    effects: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """The tables as they are at the end, and how many rows each counted one had at the beginning."""

    inbox: list[Any]
    outbox: list[Any]
    audit: list[Any]
    drafts: frozenset[int]
    counts: Mapping[str, int]
    ledger: list[str]


_COUNT = ("request", "claim", "alarm", "visit", "remark", "earning", "posting")


def counts(connection: Connection) -> dict[str, int]:
    """How many rows the counted tables have."""
    tables = schema.metadata.tables
    return {name: _count(connection, tables[name]) for name in _COUNT}


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


async def facts(engine: Engine, *, audit_after: int) -> Facts:
    """Read everything that is compared. ``audit_after``: the audit's newest row before the round."""

    def unit(connection: Connection) -> Facts:
        newer = select(schema.audit).where(schema.audit.c.id > audit_after).order_by(schema.audit.c.id)
        return Facts(
            inbox=list(connection.execute(select(schema.inbox))),
            outbox=list(connection.execute(select(schema.outbox).order_by(schema.outbox.c.id))),
            audit=list(connection.execute(newer)),
            drafts=frozenset(connection.execute(select(schema.draft.c.telegram_id)).scalars()),
            counts=counts(connection),
            ledger=points.differences(connection),
        )

    return await engine.read(unit)


def judge(
    play: Play,
    found: Facts,
    *,
    before: Mapping[str, int],
    drafts: frozenset[int],
    deaths: Sequence[Death],
    last_journal: Path,
) -> Verdict:
    """Compare. ``before``: the counts at the beginning; ``drafts``: whose forms were left open."""
    record = play.cast.sandbox.record
    verdict = Verdict(updates=len(play.updates))
    verdict.violations += _updates(play.updates, found)
    verdict.violations += _effects(play.deeds, found)
    verdict.violations += _totals(play.deeds, found, before)
    verdict.violations += _sent(found, record)
    verdict.violations += [f"never said: {told}" for told in play.tellings if not any(map(told.by, record))]
    if found.drafts != drafts:
        verdict.violations.append(f"open forms are of {sorted(found.drafts)}, not of {sorted(drafts)}")
    verdict.violations += [f"the ledger: {difference}" for difference in found.ledger]
    verdict.effects = sum(row.update_id is not None or row.job is not None for row in found.audit)
    verdict.messages = sum(call.method in SENDS and call.outcome == "ok" for call in record)
    _repeats(verdict, found, record, deaths=deaths, last_journal=last_journal)
    return verdict


def _updates(made: Sequence[int], found: Facts) -> Iterable[str]:
    kept = Counter(row.update_id for row in found.inbox)
    for update_id in made:
        if kept[update_id] != 1:
            yield f"update {update_id} is in the inbox {kept[update_id]} times"
    for row in found.inbox:
        if row.state != "done":
            yield f"update {row.update_id} is {row.state}: {row.error}"
        if row.update_id not in made:
            yield f"update {row.update_id} is in the inbox, and nobody made it"


def _effects(deeds: Sequence[Deed], found: Facts) -> Iterable[str]:
    """Every update's effect is there exactly once, and nothing has an effect that nobody expects."""
    by_update: dict[int, list[str]] = defaultdict(list)
    by_job: Counter[tuple[str, str, int]] = Counter()
    for row in found.audit:
        if row.update_id is not None:
            by_update[row.update_id].append(row.event)
        elif row.job is not None:
            by_job[row.job, row.event, row.subject_id] += 1
        else:
            yield f"nobody caused {row.event} of {row.subject_kind} {row.subject_id}"
    expected: set[int] = set()
    for deed in deeds:
        expected |= set(deed.updates)
        effects = [by_update[update_id] for update_id in deed.updates if by_update[update_id]]
        if effects != [list(deed.events)]:
            yield f"{deed.what} {deed.updates}: {effects} and not once {list(deed.events)}"
    for update_id, events in by_update.items():
        if events and update_id not in expected:
            yield f"update {update_id} has the effect {events}, and should have none"
    for (job, event, subject_id), times in by_job.items():
        if times != 1:
            yield f"the job {job} made {event} of {subject_id} {times} times"
    if sum(by_job.values()) != 1:
        yield f"the clock made {dict(by_job)}, and not one visit due"


def _totals(deeds: Sequence[Deed], found: Facts, before: Mapping[str, int]) -> Iterable[str]:
    events = Counter(event for deed in deeds for event in deed.events)
    events["visit.due"] = 1
    wanted = {table: events[event] for table, event in COUNTED.items()}
    wanted["claim"] += events["visit.due"]
    wanted["remark"] = sum(deed.remarks for deed in deeds)
    wanted["earning"] = wanted["posting"] = sum(deed.earnings for deed in deeds)
    for table, many in wanted.items():
        there = found.counts[table] - before[table]
        if there != many:
            yield f"{table}: {there} new rows, and not {many}"


def _sent(found: Facts, record: Sequence[CallRecord]) -> Iterable[str]:
    """Every message is finished, and what is marked as sent was accepted under that very id."""
    accepted: set[tuple[int | None, int | None]] = set()
    as_good: set[tuple[Any, Any]] = set()
    menus: set[Any] = set()
    for call in record:
        if call.outcome == "ok":
            accepted.add((call.chat_id, call.result_message_id))
            if call.method == "setMyCommands":
                menus.add((call.params.get("scope") or {}).get("chat_id"))
        elif "message is not modified" in (call.description or ""):
            as_good.add((call.params.get("chat_id"), call.params.get("message_id")))
    sent: Counter[tuple[int, int]] = Counter()
    for row in found.outbox:
        what = f"message {row.id} ({row.kind} to {row.chat_id})"
        if row.state not in ("sent", "dropped") and not _left_to_somebody(row):
            yield f"{what} is {row.state}: {row.error}"
        if row.state != "sent":
            continue
        if row.kind == "commands":
            if row.chat_id not in menus:
                yield f"{what} is marked as sent, and no menu was set"
            continue
        place = (row.chat_id, row.message_id)
        if place not in accepted and not (row.edit_message_id and place in as_good):
            yield f"{what} is marked as sent as {row.message_id}, which nobody has seen"
        if row.edit_message_id != row.message_id:
            sent[place] += 1
    for place, times in sent.items():
        if times > 1:
            yield f"message {place} stands for {times} rows of the outbox"


def _left_to_somebody(row: Any) -> bool:
    return row.state == "unknown" and KINDS[row.kind].on_unknown is OnUnknown.ASK


# --- repeats ------------------------------------------------------------------------------------------------------------


def _repeats(
    verdict: Verdict,
    found: Facts,
    record: Sequence[CallRecord],
    *,
    deaths: Sequence[Death],
    last_journal: Path,
) -> None:
    """Count messages that arrived more than once, for each kill; more than were in flight is a violation."""
    known = {(row.chat_id, row.message_id) for row in found.outbox if row.message_id is not None}
    # What is left for somebody to decide may have arrived, once; that is no repeat.
    perhaps = Counter(row.chat_id for row in found.outbox if row.state == "unknown")
    lives = [Reasons(death.journal) for death in deaths] + [Reasons(last_journal)]
    answers: list[Counter[int]] = [Counter() for _ in lives]
    repeated: list[Counter[int]] = [Counter() for _ in lives]
    life = 0
    for call in record:
        while life < len(deaths) and call.n > deaths[life].last_call:
            life += 1
        if call.method not in SENDS or call.outcome != "ok" or call.chat_id is None:
            continue
        is_known = (call.chat_id, call.result_message_id) in known
        # What was under way when a life ended may be accepted a moment after the next one has begun.
        for which in (life, life - 1):
            if which >= 0 and (update_id := lives[which].take(call, stored=is_known)) is not None:
                break
        else:
            verdict.violations.append(
                f"a {call.method} to {call.chat_id} that no journal knows (call {call.n})"
            )
            continue
        if update_id:
            answers[which][update_id] += 1
        elif perhaps[call.chat_id] and not is_known:
            perhaps[call.chat_id] -= 1
        elif not is_known:
            repeated[which][call.chat_id] += 1
    for which, death in enumerate(deaths):
        later = Counter[int]()
        for after in answers[which + 1 :]:
            later |= after
        verdict.direct.append(sum(many for update, many in answers[which].items() if later[update]))
        verdict.stored.append(repeated[which].total())
        beyond = repeated[which] - death.leased
        if beyond:
            verdict.violations.append(
                f"kill {which + 1} repeated messages that were not in flight: {dict(beyond)}, "
                f"in flight were {dict(death.leased)}"
            )
    if repeated[-1]:
        verdict.violations.append(f"repeated without any kill: {dict(repeated[-1])}")
    for kind, many in (("stored", verdict.stored), ("direct", verdict.direct)):
        if many and max(many) > IN_FLIGHT:
            verdict.violations.append(f"a kill repeated {max(many)} {kind} messages")
