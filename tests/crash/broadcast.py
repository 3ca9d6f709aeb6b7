"""The campaign's other mode: one notice to a crowd, the bot killed while it is written down, walked through and sent.

Each life but the last ends at a failpoint or at a random moment, the last one in order. The sandbox is the judge of who
got it how often; what the database says at the end is compared with that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from domain.notices.shapes import COPY, NoticeState
from sandbox import Sandbox
from storage.database import open_engine
from storage.engine import Engine
from storage.schema import outbox, person
from storage.schema_notices import (
    mailing,
    notice,
    receipt,
    tally,
)
from tests.crash import orders, target
from tests.crash.broken import MARKED_UNSENT, SENT_UNMARKED
from tests.crash.campaign import HITS, LOG, MOST_LOG, Kill, Tally, environment
from tests.crash.crowd import Crowd, gathered
from tests.crash.hamlet import Villages, cast
from tests.crash.judge import IN_FLIGHT, SENDS, Verdict
from tests.crash.process import Life, Nursery

POINTS = (
    "notice.frozen",
    "delivery.sent",
    "notice.walked",
    "delivery.leased",
    "notice.frozen.committed",
    "delivery.recorded",
    "notice.walked.committed",
)
KILLS_AT_POINTS, KILLS_AT_MOMENTS = 3, 3
LOOK_SECONDS = 0.02
START_SECONDS = 0.5
A_SECOND = 250
"""So many copies leave in a second, at most: what a random moment within a life is drawn from."""
PATIENCE = 60.0
SHOWN = 5


def plan(number: int, *, seed: int, recipients: int, points: Sequence[str] = POINTS) -> list[Kill]:
    """How the lives of a round end: each failpoint at each number of its turn, and as many random moments among them."""
    luck = Random(f"{seed}:{number}:broadcast")
    every = [(point, hit) for hit in HITS for point in points]
    first = (number - 1) * KILLS_AT_POINTS
    kills = [Kill(*every[(first + step) % len(every)]) for step in range(KILLS_AT_POINTS)]
    longest = START_SECONDS + recipients / A_SECOND / KILLS_AT_MOMENTS
    for _ in range(KILLS_AT_MOMENTS):
        kills.insert(luck.randrange(len(kills) + 1), Kill(after=luck.uniform(0.1, longest)))
    return kills


class Death(NamedTuple):
    """A kill: where the notice stood, and the chats to which a copy was in flight."""

    state: str
    leased: frozenset[int]


class Broadcasts:
    """Rounds on one kind of database. ``broken`` names a build that is wrong on purpose."""

    def __init__(
        self,
        villages: Villages,
        nursery: Nursery,
        *,
        folder: Path,
        seed: int,
        recipients: int,
        broken: str = "",
    ) -> None:
        self._villages = villages
        self._nursery = nursery
        self._folder = folder
        self._seed = seed
        self._recipients = recipients
        self._broken = broken
        extra = {"sent-first": MARKED_UNSENT, "forgets": SENT_UNMARKED}.get(broken)
        self._points = (*POINTS, extra) if extra else POINTS
        self.tally = Tally()
        self.states: Counter[str] = Counter()
        """Where notices stood when the bot was killed."""

    async def run(self, numbers: Iterable[int], *, told: Callable[[int, Tally], None]) -> Tally:
        """Play these rounds. ``told`` hears of each; stops after a round with a violation."""
        await self._villages.prepare()
        for number in numbers:
            await self.round(
                number, kills=plan(number, seed=self._seed, recipients=self._recipients, points=self._points)
            )
            told(number, self.tally)
            if self.tally.violations:
                break
        return self.tally

    async def round(self, number: int, *, kills: Sequence[Kill]) -> Verdict:
        """One notice in a fresh village, while the bot's lives end as said."""
        began = monotonic()
        log = self._folder / LOG
        log.unlink(missing_ok=True)
        async with AsyncExitStack() as closing:
            location = await closing.enter_async_context(self._villages.fresh())
            engine = open_engine(location, readers=1, pool_size=2)
            closing.push_async_callback(engine.close)
            sandbox = cast(seed=0).sandbox
            crowd = await gathered(engine, sandbox, self._recipients, now=datetime.now(UTC))
            await closing.enter_async_context(sandbox)
            trouble: list[str] = []
            deaths: list[Death] = []
            order = {
                **environment(sandbox, location, broken=self._broken),
                "LINLI_NOTICES__QUIET_FROM": "00:00",
                "LINLI_NOTICES__QUIET_TO": "00:00",
                target.HURRY: "0.01",
                target.JOURNAL: str(self._folder / "life"),
                orders.LOG: str(log),
            }
            try:
                async with asyncio.timeout(PATIENCE + self._recipients / 20):
                    await self._live(engine, crowd, order, kills, deaths)
            except TimeoutError:
                trouble.append("the notice was never sent")
            except BotEndedError as error:
                trouble.append(str(error))
            finally:
                await self._nursery.clear()
            verdict = judge(sandbox, crowd, await facts(engine, crowd), deaths)
        verdict.violations[:0] = trouble
        if verdict.violations and log.exists() and (said := log.read_text()[-MOST_LOG:]):
            verdict.violations.append(f"the bots logged at the end:\n{said}")
        self.states.update(death.state for death in deaths)
        self.tally.add(verdict, number=number, seconds=monotonic() - began)
        return verdict

    async def _live(
        self,
        engine: Engine,
        crowd: Crowd,
        order: Mapping[str, str],
        kills: Sequence[Kill],
        deaths: list[Death],
    ) -> None:
        for kill in (*kills, Kill()):
            life = await self._nursery.begin({**order, target.POINT: kill.point, target.HIT: str(kill.hit)})
            with suppress(TimeoutError):
                await asyncio.wait_for(_sent_or_ended(engine, crowd, life), kill.after)
            if life.ended.is_set():
                if not (life.was_killed and kill.point):
                    raise BotEndedError(f"the bot ended by itself ({life.code})")
                self.tally.at_points[f"{kill.point} {kill.hit}"] += 1
            elif kill.after is not None:
                self.tally.at_moments += 1
            elif kill.point:
                self.tally.missed += 1
                self.tally.at_rest += 1
            if kill == Kill():
                # In order, not killed: a build that is wrong only under kills must look right where there are none.
                await life.stop()
            else:
                await life.kill()
            deaths.append(await engine.read(lambda connection: _death(connection, crowd)))


class BotEndedError(Exception):
    """A life ended that nobody has ended."""


async def _sent_or_ended(engine: Engine, crowd: Crowd, life: Life) -> None:
    """Return when the notice has gone out and nothing of anything waits, or the life has ended."""

    def is_over(connection: Connection) -> bool:
        state = connection.execute(select(notice.c.state).where(notice.c.id == crowd.notice_id)).scalar_one()
        left = select(func.count()).select_from(outbox).where(outbox.c.state.in_(["waiting", "leased"]))
        return state == NoticeState.SENT and not connection.execute(left).scalar_one()

    while not life.ended.is_set():
        if life.ready.is_set() and await engine.read(is_over):
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(life.ended.wait(), LOOK_SECONDS)


def _death(connection: Connection, crowd: Crowd) -> Death:
    leased = select(outbox.c.chat_id).where(outbox.c.state == "leased", outbox.c.kind == COPY)
    state = connection.execute(select(notice.c.state).where(notice.c.id == crowd.notice_id)).scalar_one()
    return Death(str(state), frozenset(connection.execute(leased).scalars()))


# --- the comparison -------------------------------------------------------------------------------------------------------


class Facts(NamedTuple):
    """What the database says at the end. ``receipts``: (state, message) by account; those without one by minus their id."""

    state: str
    receipts: dict[int, tuple[str, int | None]]
    sums: dict[str, int]
    walks: list[Any]
    waiting: int


async def facts(engine: Engine, crowd: Crowd) -> Facts:
    """Read everything that is compared."""

    def unit(connection: Connection) -> Facts:
        mine = receipt.c.notice_id == crowd.notice_id
        rows = connection.execute(
            select(person.c.telegram_id, receipt.c.person_id, receipt.c.state, receipt.c.message_id)
            .join(person, person.c.id == receipt.c.person_id)
            .where(mine)
        )
        sums = connection.execute(select(tally).where(tally.c.notice_id == crowd.notice_id)).one_or_none()
        return Facts(
            state=connection.execute(
                select(notice.c.state).where(notice.c.id == crowd.notice_id)
            ).scalar_one(),
            receipts={row[0] or -row[1]: (row[2], row[3]) for row in rows},
            sums=dict(sums._mapping) if sums else {},
            walks=list(
                connection.execute(
                    select(mailing.c.id).where(
                        mailing.c.notice_id == crowd.notice_id, mailing.c.finished_at.is_(None)
                    )
                ).scalars()
            ),
            waiting=connection.execute(
                select(func.count()).select_from(outbox).where(outbox.c.kind == COPY)
            ).scalar_one(),
        )

    return await engine.read(unit)


def judge(sandbox: Sandbox, crowd: Crowd, found: Facts, deaths: Sequence[Death]) -> Verdict:
    """Compare what people have got with what had to become of them."""
    got: dict[int, list[int]] = {}
    tried: set[int] = set()
    for call in sandbox.record:
        # The sender's card quotes the words too; only a copy asks whether it has been read.
        if call.method in SENDS and "notice.read:" in str(call.params.get("reply_markup")):
            chat_id = int(call.params["chat_id"])
            tried.add(chat_id)
            if call.outcome == "ok":
                got.setdefault(chat_id, []).append(call.result_message_id or 0)
    verdict = Verdict(effects=len(got), messages=sum(map(len, got.values())))
    say = verdict.violations.append
    for what, accounts in (
        ("did not get it", crowd.reached - got.keys()),
        ("got it, and had blocked the bot", crowd.refusing & got.keys()),
        ("were tried, and should not have been", crowd.spared & tried),
        ("were tried, and nobody knows who they are", tried - crowd.reached - crowd.refusing - crowd.spared),
    ):
        if accounts:
            say(f"{len(accounts)} {what}: {sorted(accounts)[:SHOWN]}")
    _repeats(verdict, got, deaths)
    _written_down(say, crowd, found, got)
    return verdict


def _repeats(verdict: Verdict, got: Mapping[int, Sequence[int]], deaths: Sequence[Death]) -> None:
    """Each further copy belongs to a kill that had one in flight there."""
    repeats = [0] * len(deaths)
    beyond = 0
    for chat_id, copies in got.items():
        at = [number for number, death in enumerate(deaths) if chat_id in death.leased]
        for number in at[: len(copies) - 1]:
            repeats[number] += 1
        beyond += max(0, len(copies) - 1 - len(at))
    verdict.stored += repeats
    if beyond:
        verdict.violations.append(f"{beyond} repeated messages that were not in flight at any kill")
    if repeats and max(repeats) > IN_FLIGHT:
        verdict.violations.append(f"a kill repeated {max(repeats)} copies")
    crowded = max((len(death.leased) for death in deaths), default=0)
    if crowded > IN_FLIGHT:
        verdict.violations.append(f"at a kill {crowded} copies were in flight")


def _written_down(
    say: Callable[[str], None], crowd: Crowd, found: Facts, got: Mapping[int, Sequence[int]]
) -> None:
    if found.state != NoticeState.SENT or found.walks or found.waiting:
        say(
            f"the notice is {found.state}, walks {found.walks} are open, {found.waiting} copies in the outbox"
        )
    states = Counter(state for state, _ in found.receipts.values())
    wrong = [
        account
        for account in crowd.reached
        if found.receipts.get(account, ("nothing", None))[0] != "sent"
        or found.receipts[account][1] not in got.get(account, ())
    ]
    wrong += [
        account for account in crowd.refusing if found.receipts.get(account, ("", 0))[0] != "unreachable"
    ]
    if wrong:
        said = {account: found.receipts.get(account) for account in sorted(wrong)[:SHOWN]}
        say(f"{len(wrong)} are written down as what did not happen: {said}")
    sums = {"total": states.total(), "queued": 0, **{name: states[name] for name in ("sent", "unreachable")}}
    if any(found.sums.get(name) != number for name, number in sums.items()):
        say(f"the sums are {found.sums}, and not {sums}")


def report(name: str, campaign: Broadcasts, recipients: int) -> str:
    """What a campaign has come to, for people."""
    done = campaign.tally
    standing = ", ".join(f"{state}: {times}" for state, times in sorted(campaign.states.items()))
    points = ", ".join(f"{point}: {times}" for point, times in sorted(done.at_points.items()))
    return "\n".join(
        (
            f"{name}: {done.rounds} notices to {recipients} people in {done.seconds:.1f} s, "
            f"{done.seconds / max(1, done.rounds):.2f} s each, the slowest {done.slowest:.2f} s",
            f"  kills: {done.kills} ({done.at_points.total()} at failpoints, {done.at_moments} at random moments, "
            f"{done.at_rest} at rest; {done.missed} failpoints were not come to)",
            f"  the notice was then: {standing}",
            f"  failpoints: {points or 'none'}",
            f"  people reached: {done.effects}, copies: {done.messages}",
            f"  repeated copies: {sum(done.stored)} (at most {max(done.stored, default=0)} by one kill; "
            f"{IN_FLIGHT} may be in flight)",
        )
    )
