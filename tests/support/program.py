"""The whole program in one process: the bot against a sandbox over HTTP, a small village in it, a clock to move.

Knows how to start, stop, kill and restart it on the same database, and when everything in flight has been handled.
Every text anybody read is looked through for leftovers when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog

from bot.app import App
from bot.setting_values import DatabaseUrl
from bot.settings import Settings
from bot.settings_model import DatabaseSettings, HttpSettings, LimitsSettings, TelegramSettings
from domain.base import Action, Actor, Role
from domain.people import Appoint, ChooseHome, ChooseLanguage, GiveConsent
from jobs.clock import JOBS
from sandbox import Sandbox
from sandbox.people import Group, Message
from storage.database import Location
from storage.unit import Done, Store, Who
from storage.units import UnitRow
from tests.support.clock import Clock
from tests.support.phrases import Phrases
from tests.support.player import Player
from views.catalogue import Texts

PATIENCE = 10.0
"""Seconds after which something that should be over is called stuck."""

TREE = (
    UnitRow(2, "street", "street", "安民街道", "Anmin Street", ""),
    UnitRow(3, "community", "community", "幸福社区", "Happiness Community", "street"),
    UnitRow(4, "grid", "grid", "第一网格", "Grid 1", "community"),
    UnitRow(5, "b1", "building", "1号楼", "Building 1", "grid"),
    UnitRow(6, "b2", "building", "2号楼", "Building 2", "grid"),
)


class Program:
    """``chen`` leads building 1, ``zhao`` is the community's secretary, ``wang`` and ``qiang`` are members of building 1,
    ``lan`` and ``emily`` (who reads English) live there. Nobody has raised anything yet, or been asked for a flat.

    ``app`` is the present run of the bot; ``units`` are the ids of the tree by code.
    """

    chen: Player
    zhao: Player
    wang: Player
    qiang: Player
    lan: Player
    emily: Player
    app: App

    def __init__(self, location: Location, *, settings: Settings, **options: Any) -> None:
        self.location = location
        self.settings = settings
        self.clock = Clock()
        self.texts = Texts.load()
        self.phrases = Phrases(self.texts)
        self.sandbox = Sandbox(bot_username="linli_bot", clock=self.clock.seconds, sleep=self.clock.sleep)
        self.players: dict[int, Player] = {}
        self.units: dict[str, int] = {}
        self.running = False
        self._options = options

    @property
    def store(self) -> Store:
        """The database as the present run of the bot sees it."""
        return self.app.store

    # people

    def person(
        self, name: str, *, user_id: int | None = None, language: str = "zh", started: bool = False
    ) -> Player:
        """Somebody new with a phone, whom the bot does not know yet."""
        person = self.sandbox.add_person(
            first_name=name, user_id=user_id, language_code=language, started=started
        )
        player = Player(
            self.sandbox.acts,
            person.user_id,
            name=name,
            language=language,
            phrases=self.phrases,
            quiet=self.quiet,
        )
        self.players[person.user_id] = player
        return player

    def group(self, title: str, *members: Player) -> Group:
        """A group chat with the bot in it; the first of ``members`` made it."""
        return self.sandbox.add_group(title, members=list(members), creator=members[0])

    async def settles(
        self, player: Player, *, home: str = "b1", role: Role | None = None, at: str = "b1"
    ) -> None:
        """Somebody has consented and lives in a unit long since; with ``role`` they serve ``at`` one."""
        who = Who(player.user_id, player.name, player.language or "zh")
        await self.performs(GiveConsent(player.user_id, player.name, player.language or "zh"), who)
        await self.performs(ChooseLanguage(player.language or "zh"), who)
        await self.performs(ChooseHome(self.units[home]), who)
        if role is not None:
            appoint = Appoint(telegram_id=player.user_id, role=role, unit_id=self.units[at])
            await self.performs(appoint, Actor.system("command-line"))

    async def performs(self, action: Action, who: Who | Actor) -> Done:
        """Something that succeeds, done past the chat."""
        outcome = await self.store.perform(action, who, now=self.clock.now())
        assert isinstance(outcome, Done), outcome
        return outcome

    async def _village(self) -> None:
        imported = await self.store.import_units(TREE, dry_run=False)
        assert not imported.problems
        self.units = {row.key: await self.store.unit_by_code(row.key) or 0 for row in TREE}
        await self.settles(self.chen, role=Role.LEADER)
        await self.settles(self.zhao, home="b2", role=Role.SECRETARY, at="community")
        await self.settles(self.wang, role=Role.MEMBER)
        await self.settles(self.qiang, role=Role.MEMBER)
        await self.settles(self.lan)
        await self.settles(self.emily)

    async def at_once(self, *acts: Awaitable[Any]) -> None:
        """Several people do something before the bot has looked at any of it."""
        for act in acts:
            await act
        await self.quiet()

    # life of the program

    async def opens(self) -> None:
        """Sandbox, village and bot."""
        await self.sandbox.start()
        for number, (attribute, name, language) in enumerate(
            (
                ("chen", "陈芳", "zh"),
                ("zhao", "赵敏", "zh"),
                ("wang", "王建国", "zh"),
                ("qiang", "李强", "zh"),
                ("lan", "李桂兰", "zh"),
                ("emily", "Emily", "en"),
            ),
            start=1001,
        ):
            setattr(self, attribute, self.person(name, user_id=number, language=language, started=True))
        await self.starts(before_intake=self._village)
        await self.quiet()
        for player in self.players.values():
            player.listens()

    def another(self, **options: Any) -> App:
        """One more bot on the same database, not started."""
        return App(
            self.settings,
            token=self.sandbox.token,
            base_url=self.sandbox.url,
            now=self.clock.now,
            seconds=self.clock.seconds,
            sleep=self.clock.sleep,
            texts=self.texts,
            **{**self._options, **options},
        )

    async def starts(self, **start: Any) -> None:
        """Run the bot, on whatever the last run left."""
        self.app = self.another()
        await self.app.start(**start)
        self.running = True

    async def stops(self) -> None:
        """End it in order, as on SIGTERM."""
        self.app.stop()
        await self.app.run()
        self.running = False

    async def kills(self) -> None:
        """End it without letting anything come to its end; what is in memory is gone."""
        app = self.app
        app.ticker.stop()
        tasks = {*app._tasks, *app.dispatcher._workers, *app.delivery._sends}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app._closing.aclose()
        self.running = False

    async def closes(self) -> None:
        """Everything to its end."""
        try:
            if self.running:
                await self.stops()
        finally:
            await self.sandbox.stop()

    # time

    async def quiet(self) -> None:
        """Return when everything in flight has been handled: taken in, worked off, and sent as far as it is due.

        Raises AssertionError with what is stuck. While the bot is down it returns at once.
        """
        await self.until(self._is_quiet)

    async def _is_quiet(self) -> bool:
        if not self.running:
            return True
        # In the direction in which things move, so that nothing passes by unseen; twice, for what goes round.
        for _ in range(2):
            app = self.app
            if self.sandbox.pending_updates or not (
                app.dispatcher.idle and app.importer.idle and app.mailer.idle
            ):
                return False
            (waiting, _since), _lanes = await self.store.depths()
            if waiting or await self.store.candidates(now=self.clock.now(), most=1):
                return False
            if not (app.dispatcher.idle and app.delivery.idle and app.importer.idle and app.mailer.idle):
                return False
        return True

    async def until(self, happened: Callable[[], Any], *, patience: float = PATIENCE) -> None:
        """Wait until ``happened()`` is true (or an awaitable of it). Raises AssertionError after ``patience`` s."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    found = happened()
                    if await found if asyncio.iscoroutine(found) else found:
                        return
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(
                f"this did not come to pass: {happened}; {await self._in_flight()}"
            ) from None

    async def _in_flight(self) -> str:
        with contextlib.suppress(Exception):
            inbox, lanes = await self.store.depths()
            return (
                f"pending {self.sandbox.pending_updates}, inbox {inbox}, known {self.app.dispatcher._known}, "
                f"outbox {lanes}, delivery {'idle' if self.app.delivery.idle else 'busy'}"
            )
        return "the store does not answer"

    async def passes(self, *, steps: int = 1, **span: float) -> None:
        """Let time go by (``minutes=10``), in ``steps`` between which what has woken gets some room."""
        for _ in range(steps):
            self.clock.move(timedelta(**span) / steps)
            for _ in range(5):
                await asyncio.sleep(0.002)
        if self.running:
            self.app.delivery.wake()

    async def ticks(self, job: str) -> int:
        """The clock's job of this name looks what is due. Returns how much there was."""
        found = next(found for found in JOBS if found.name == job)
        count = await found.work(self.store, self.clock.now())
        self.app.delivery.wake()
        await self.quiet()
        return count

    # judging

    def leftovers(self) -> list[str]:
        """What any player should never have read."""
        given = self._given()
        return [
            f"{player!r} read {text!r}: {problem}"
            for player in self.players.values()
            for moment, text in self._read_by(player)
            for problem in self.phrases.leftovers(text, language=player.language_at(moment), given=given)
        ]

    def _given(self) -> set[str]:
        names = {row.name for row in TREE} | {row.name_en for row in TREE}
        people = {player.name for player in self.players.values()}
        typed = {
            line.strip()
            for chat in (*self.players, *map(int, self.sandbox.world.groups))
            for message in map(Message, self.sandbox.world.messages(chat).values())
            if not message.from_bot
            for line in message.text.splitlines()
        }
        return {words for words in names | people | typed if words}

    def _read_by(self, player: Player) -> Iterable[tuple[int, str]]:
        for sight in self.sandbox.world.sights.get(player.user_id, []):
            message = Message(sight.message or {})
            if message and message.from_bot:
                yield sight.number, message.text
                yield from ((sight.number, label) for label, _ in message.buttons)
        for answer in self.sandbox.world.answers.get(player.user_id, []):
            yield answer.number, answer.text


def settings_for(location: Location, **sections: Any) -> Settings:
    """Settings of a quick program on this database; ``sections`` replace whole ones."""
    url = location.url.render_as_string(hide_password=False)
    usual: dict[str, Any] = {
        "database": DatabaseSettings(url=DatabaseUrl(url)),
        "http": HttpSettings(listen=""),
        "telegram": TelegramSettings(limits_enabled=False),
        # The clock stands still while people play, so that a whole flow is one minute.
        "limits": LimitsSettings(updates_per_minute=100_000, group_updates_per_minute=100_000),
    }
    return Settings(**{**usual, **sections})


@asynccontextmanager
async def running(
    location: Location, *, sections: dict[str, Any] | None = None, checked: bool = True, **options: Any
) -> AsyncIterator[Program]:
    """The program on a migrated (or empty) database, its village settled and everything quiet.

    ``sections`` are sections of the settings, ``options`` further arguments of ``App``. With ``checked`` everything
    read must be free of leftovers.
    """
    program = Program(location, settings=settings_for(location, **(sections or {})), **options)
    # The logging library's usual way with a traceback takes longer than a whole flow.
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    try:
        await program.opens()
        yield program
        if checked:
            assert not (found := program.leftovers()), "\n".join(found)
    finally:
        await program.closes()
