"""A notice under Telegram's limits while people press buttons: how fast it leaves, and how long they wait.

`python -m benchmarks.broadcast [--recipients 3000] [--mode bucket|window|both] [--who linli|at-once|one-by-one]`. Beside
Linli, python-telegram-bot with its own limiter sends the same, all at once and one by one. The judge is the sandbox with
its limits on, counted once as a bucket that leaks and once as a window of any one second.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from benchmarks import measure
from benchmarks.broadcast_words import WORDS
from benchmarks.crowd import EVERY_SECONDS, People, hang_cards
from benchmarks.scene import NOW, fill, task_of
from benchmarks.stock import FIRST_USER
from domain.base import Role
from domain.notices.shapes import BeginNotice, ConfirmNotice, SetTime
from domain.rulebook import NoticeRules, Rulebook
from sandbox import Sandbox
from sandbox.limits import Limits, Mode
from sandbox.record import CallRecord
from storage.database import Location, open_engine
from storage.schema import (
    appointment,
    card,
    household,
    person,
)
from storage.unit import Done, Store, Who

USERS = 100
"""They press in turn; each has members' tasks of their own in the scene."""
RAISERS = 20
FIRST_RAISER, FIRST_RECIPIENT, SECRETARY = 3_000_000, 10_000_000, 5_000_000
FIRST_PERSON = 2_000_000
BUILDING, COMMUNITY = 2, 1
CALM_SECONDS = 25.0
WARM_SECONDS = 5.0
"""Presses before this are not counted: nothing has been asked for yet."""
SLOWEST = 15.0
"""Sends a second below which nobody waits for the end."""
COUNTED = ("send", "edit", "forward", "copy")


@dataclass(frozen=True, slots=True)
class Found:
    """One contestant under one way of counting."""

    who: str
    mode: Mode
    per_second: float
    busiest: int
    limited: int
    missed: int
    repeated: int
    calm: str
    during: str
    raised: int

    def row(self) -> str:
        """As a row of the table."""
        return (
            f"| {self.who} | {self.mode} | {self.per_second:.1f} | {self.busiest} | {self.limited} | {self.missed} | "
            f"{self.calm} | {self.during} | {self.raised} |"
        )


HEAD = (
    "| who | counted as | sends/s | most in any second | 429s | without it | answer ms before, p50 / p99 | edit ms before | "
    "answer ms during | edit ms during | requests raised |\n|" + "---|" * 11
)

Contestant = Callable[[Path, int, Sequence[int]], "asyncio.Future[list[str]]"]


async def _database(path: Path, recipients: int, cards: Sequence[int]) -> None:
    """The scene with recipients in it, cards that hang in the sandbox, and a notice planned for after the calm."""
    location = Location.of(f"sqlite:///{path}")
    await fill(location, USERS)
    engine = open_engine(location)

    def people(connection: Connection) -> None:
        def row(number: int, account: int, **more: object) -> dict[str, object]:
            return {"id": number, "version": 1, "telegram_id": account, "name": f"居民{number}", "language": "zh",
                    "home_unit_id": BUILDING, "household_id": None, "phone": None, "suspended": False,
                    "consent_version": 1, "consent_at": NOW, **more}  # fmt: skip

        connection.execute(household.insert(), [{"id": 2, "unit_id": BUILDING, "flat": "202"}])
        connection.execute(
            person.insert(),
            [
                row(FIRST_PERSON - 1, SECRETARY),
                *(
                    row(FIRST_PERSON - 2 - number, FIRST_RAISER + number, household_id=2, phone="13800001111")
                    for number in range(RAISERS)
                ),
                *(row(FIRST_PERSON + number, FIRST_RECIPIENT + number) for number in range(recipients)),
            ],
        )
        role = {"id": 1_000_000, "version": 1, "person_id": FIRST_PERSON - 1, "starts_at": NOW}
        connection.execute(appointment.insert(), [{**role, "role": Role.SECRETARY, "unit_id": COMMUNITY}])
        for number, message_id in enumerate(cards):
            topic = card.c.topic == f"task.card:{task_of(number)}"
            connection.execute(card.update().where(topic).values(message_id=message_id))

    try:
        await engine.write(people)
        rules = replace(Rulebook(), notices=NoticeRules(second_above=10 * recipients))
        store, who, now = Store(engine, rules=rules), Who(SECRETARY), datetime.now(UTC)
        begun = await store.perform(BeginNotice(BUILDING, "zh", WORDS, len(WORDS)), who, now=now)
        assert isinstance(begun, Done), begun
        notice_id = int(begun.result["notice_id"] or 0)
        starts = now + timedelta(seconds=CALM_SECONDS)
        for action in (SetTime(notice_id, starts), ConfirmNotice(notice_id, 2)):
            done = await store.perform(action, who, now=now)
            assert isinstance(done, Done), done
    finally:
        await engine.close()


async def measured(who: str, mode: Mode, recipients: int) -> Found:
    """One contestant, one notice."""
    # A judge that stops to collect garbage sees calls arrive together that left apart.
    gc.disable()
    sandbox = Sandbox(token=measure.TOKEN, limits=Limits(on=False, mode=mode))
    everybody = [
        *(FIRST_USER + number for number in range(USERS)),
        *(FIRST_RAISER + number for number in range(RAISERS)),
        *(FIRST_RECIPIENT + number for number in range(recipients)),
        SECRETARY,
    ]
    for account in everybody:
        sandbox.acts.add_person(first_name=f"居民{account}", user_id=account, started=True)
    sandbox.world.tables.commit()
    most = CALM_SECONDS + recipients / SLOWEST + 40
    chats = [FIRST_USER + number % USERS for number in range(int(most / EVERY_SECONDS) + USERS)]
    async with sandbox:
        cards = await hang_cards(sandbox, measure.TOKEN, chats)
        with tempfile.TemporaryDirectory(prefix="linli-bench-") as folder, tempfile.TemporaryFile() as output:
            path = Path(folder) / "linli.db"
            copies = recipients
            if who == "linli":
                await _database(path, recipients, cards)
                command = [sys.executable, "-m", "benchmarks.linli", f"sqlite:///{path}", "limits"]
                # Everybody who lives there gets it, the people who press and raise requests and the secretary too.
                copies += USERS + RAISERS + 1
            else:
                command = [sys.executable, "-m", "benchmarks.broadcast_ptb", who, str(FIRST_RECIPIENT), str(recipients),
                           str(CALM_SECONDS)]  # fmt: skip
            environment = {
                **os.environ,
                "LINLI_TELEGRAM__TOKEN": measure.TOKEN,
                "LINLI_BACKUP__DIRECTORY": "",
                "LINLI_TELEGRAM__BASE_URL": sandbox.url,
                "LINLI_NOTICES__QUIET_FROM": "00:00",
                "LINLI_NOTICES__QUIET_TO": "00:00",
            }
            sandbox.limit(on=True)
            first = len(sandbox.record)
            async with measure.process(command, environment, output):
                people = People(sandbox)
                await sandbox.until(lambda: _polled(sandbox.record, first), timeout=60)
                presses = [
                    (sandbox.person(chat), message_id, f"task.start:{task_of(number)}")
                    for number, (chat, message_id) in enumerate(zip(chats, cards, strict=True))
                ]
                acting = [asyncio.create_task(people.press(presses))]
                if who == "linli":
                    raisers = [sandbox.person(FIRST_RAISER + number) for number in range(RAISERS)]
                    acting.append(asyncio.create_task(people.raise_requests(raisers)))
                begun = time.time()
                await _all_got(sandbox, first, copies, seconds=most)
                people.stop()
                await asyncio.gather(*acting)
                await asyncio.sleep(2)
            record = sandbox.record[first:]
        return _judged(who, mode, record, people, begun, copies)


def _polled(record: Sequence[CallRecord], first: int) -> bool:
    return any(call.method == "getUpdates" for call in record[first:])


def _copies(record: Sequence[CallRecord]) -> list[CallRecord]:
    return [
        call
        for call in record
        if call.method == "sendMessage"
        and call.outcome == "ok"
        # The sender's own card quotes the words, too.
        and (call.chat_id or 0) >= FIRST_RECIPIENT
        and WORDS in str(call.params.get("text"))
    ]


async def _all_got(sandbox: Sandbox, first: int, copies: int, *, seconds: float) -> None:
    """Return when so many copies have arrived, or when it is hopeless."""
    got, looked = 0, first

    def enough() -> bool:
        # Only what is new: a long look would keep the judge from answering, and press calls together.
        nonlocal got, looked
        new = sandbox.record[looked:]
        got += len(_copies(new))
        looked += len(new)
        return got >= copies

    with suppress(TimeoutError):
        await sandbox.until(enough, timeout=seconds)


def _judged(
    who: str, mode: Mode, record: Sequence[CallRecord], people: People, begun: float, copies: int
) -> Found:
    got = _copies(record)
    first, last = got[0].at, got[-1].at
    sent = [call.at for call in record if call.method.startswith(COUNTED) and call.outcome == "ok"]
    during = [at for at in sent if first <= at <= last]
    waits = people.waits(record)
    return Found(
        who,
        mode,
        per_second=len(during) / max(last - first, 0.001),
        busiest=_busiest(sent),
        limited=sum(call.error_code == 429 for call in record),
        missed=copies - len({call.chat_id for call in got}),
        repeated=len(got) - len({call.chat_id for call in got}),
        calm=waits.told(begun + WARM_SECONDS, first),
        during=waits.told(first, last),
        raised=people.raised,
    )


def _busiest(times: Sequence[float]) -> int:
    """The most in any half-open second."""
    start = most = 0
    for end, at in enumerate(times):
        while at - times[start] >= 1.0:
            start += 1
        most = max(most, end - start + 1)
    return most


WHO = ("linli", "at-once", "one-by-one")


async def broadcasts(
    recipients: int, *, modes: Sequence[Mode] = ("bucket", "window"), who: Sequence[str] = WHO
) -> None:
    """Print the table as Markdown, row by row."""
    print(HEAD, flush=True)
    for mode in modes:
        for one in who:
            print((await measured(one, mode, recipients)).row(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.broadcast", description=__doc__)
    parser.add_argument("--recipients", type=int, default=3000)
    parser.add_argument("--mode", choices=("bucket", "window", "both"), default="both")
    parser.add_argument("--who", choices=WHO, action="append", help="may be repeated (default: all)")
    given = parser.parse_args()
    modes: Sequence[Mode] = ("bucket", "window") if given.mode == "both" else (given.mode,)
    with suppress(KeyboardInterrupt):
        asyncio.run(broadcasts(given.recipients, modes=modes, who=given.who or WHO))


if __name__ == "__main__":
    main()
