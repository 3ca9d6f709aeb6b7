"""The composition root: every outside thing comes in here as an argument, and the tests build the same way.

Knows the order in which things start and stop. On SIGTERM the intake stops first, each person's present update ends,
what is leased is recorded, and only then the database closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from time import monotonic
from typing import Any

import structlog
from telegram import Update
from telegram.error import BadRequest, InvalidToken, TelegramError
from telegram.ext import Application, ApplicationBuilder, ExtBot

import handlers
from bot.admins import Admins
from bot.backup import plan_of
from bot.commands import Commands
from bot.control import ControlServer, socket_path
from bot.dispatcher import Dispatcher
from bot.importer import Importer
from bot.intake import Intake, Poller
from bot.limiter import Gate, Limiter, Limits
from bot.metrics import Metrics, Queue, Snapshot
from bot.rules import rulebook
from bot.settings import Settings
from bot.transport import AiohttpRequest
from bot.web import Health, Server, operations_app, webhook_app
from domain import imports, notices
from domain.base import Actor, Refused
from domain.clock import Every
from domain.jobs import RunJob
from domain.lanes import Lane
from domain.limits import Rates
from domain.permissions import commands_for
from jobs.backup import Backups
from jobs.clock import JOBS, MINUTE, Job, as_set
from jobs.delivery import Delivery, Observer, resends
from jobs.mailings import Mailer
from jobs.speaker import DirectSpeaker
from jobs.telegram import places
from jobs.ticker import Ticker
from sheets.lines import MEGABYTE
from sheets.lines import Limits as SheetLimits
from storage.database import Location, migrate, open_engine
from storage.engine import DatabaseAwayError
from storage.lockfile import WriterLock
from storage.unit import Hooks, Store
from views.catalogue import LANGUAGES, Texts

log = structlog.get_logger(__name__)

LEASE = "bot"
PRESS_LIFE = timedelta(seconds=150)
"""How long Telegram keeps a press for the bot; after a longer silence presses were lost and cards say so."""

DRAIN_SECONDS = 12.0
POOL = 40


class UnreadableUpdateError(Exception):
    """An update that cannot be led to any handler."""


class StartError(Exception):
    """The program cannot start or go on. The text is for the operator, with the mend."""


def upkeep(settings: Settings) -> tuple[Job, ...]:
    """What looks after disks and copies. The sandbox is for play, and keeps nothing that anybody would miss."""
    if not settings.telegram.token.get_secret_value():
        return ()
    location = Location.of(settings.database.url.get_secret_value())
    return Backups(location, plan_of(settings.backup), program=version("linli")).jobs()


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


class App:
    """One running bot. ``start`` returns when it is ready; ``run`` goes on until stopped or until something is fatal."""

    def __init__(
        self,
        settings: Settings,
        *,
        token: str | None = None,
        base_url: str | None = None,
        now: Callable[[], datetime] = utc_now,
        seconds: Callable[[], float] = monotonic,
        texts: Texts | None = None,
        reached: Callable[[str], None] = lambda point: None,
        store: Callable[..., Store] = Store,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.now = now
        self.location = Location.of(settings.database.url.get_secret_value())
        self.rules = rulebook(settings, today=now().date())
        self.texts = texts or Texts.load()
        self._reached = reached
        self._make_store = store
        self._sleep = sleep
        self.metrics = Metrics(version=version("linli"))
        self._token = token or settings.telegram.token.get_secret_value()
        self._base_url = (base_url or settings.telegram.base_url).rstrip("/")
        self._stop = asyncio.Event()
        self._fatal: str | None = None
        self._closing = contextlib.AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._limits = Limits(
            enabled=settings.telegram.limits_enabled,
            overall_per_second=settings.telegram.overall_per_second,
            bulk_per_second=settings.telegram.bulk_per_second,
        )
        self._seconds = seconds
        self._gate = Gate(self._limits, now=seconds, sleep=sleep)
        proxy = settings.telegram.proxy.get_secret_value() or None
        self._sending = AiohttpRequest(pool_size=POOL, proxy=proxy)
        self._polling = AiohttpRequest(
            pool_size=2, proxy=proxy, read_timeout=settings.telegram.poll_seconds + 10
        )

    # --- starting ---------------------------------------------------------------------------------------------------

    async def start(self, *, before_intake: Callable[[], Awaitable[None]] | None = None) -> None:
        """Bring everything up; ``before_intake`` runs once the store is open and nothing has been polled yet.

        Raises StartError, DatabaseInUseError, MigrationError, DatabaseAwayError or ListenError.
        """
        try:
            await self._start(before_intake)
        except BaseException:
            await self._closing.aclose()
            raise

    async def _start(self, before_intake: Callable[[], Awaitable[None]] | None) -> None:
        closing = self._closing
        if self.location.path is not None:
            self.location.path.parent.mkdir(parents=True, exist_ok=True)
            closing.enter_context(WriterLock(self.location.path))
        before, after = await migrate(self.location)
        if self.location.path is not None:
            _own_file(self.location.path)
        if before != after:
            log.info("database migrated", before=before, after=after)
        engine = open_engine(
            self.location,
            readers=self.settings.database.readers,
            # The engines say "read" or "write"; their protocol promises no more than a text.
            observe=lambda kind, seconds: self.metrics.database_took(seconds, kind=kind),  # type: ignore[arg-type]
        )
        self.store = self._make_store(
            engine, rules=self.rules, hooks=Hooks(decided=self._decided, reached=self._reached)
        )
        closing.push_async_callback(self.store.close)
        await self._take_lease()
        await self.store.load_blocked()
        if before_intake is not None:
            await before_intake()
        self._admins = Admins(self.store, self.settings.community, now=self.now)
        await self._admins.found()
        await self._admins.appoint()
        await self._connect()
        self._assemble()
        await self._open_doors()

    async def _take_lease(self) -> None:
        """Become the one process that polls and delivers; a stand-by waits here."""
        span = timedelta(seconds=self.settings.delivery.lease_seconds)
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        told = False
        while True:
            taken = await self.store.acquire_lease(
                LEASE, holder=holder, now=self.now(), span=span, is_dead=is_dead
            )
            if taken is not None:
                break
            if not told:
                log.info("standing by: another process is at work on this database")
                told = True
            await self._sleep(1.0)
        self._fence, last_seen = taken
        self._span = span
        now = self.now()
        if last_seen is not None and now - last_seen > PRESS_LIFE:
            count = await self.store.refresh_stale(before=now - PRESS_LIFE, now=now)
            log.info("open cards are refreshed after an outage", cards=count)
        resent, asked = await self.store.settle_orphans(fence=self._fence, resends=resends, now=now)
        if resent or asked:
            log.info("messages in flight at the last end", sent_again=resent, left_to_decide=asked)

    async def _connect(self) -> None:
        """Speak with Telegram; while it is away, keep trying."""
        bot = ExtBot(
            self._token, base_url=f"{self._base_url}/bot", base_file_url=f"{self._base_url}/file/bot",
            request=self._sending, get_updates_request=self._polling,
        )  # fmt: skip
        self._application: Application[Any, Any, Any, Any, Any, Any] = (
            ApplicationBuilder().bot(bot).updater(None).build()
        )
        # Its connections are opened before it is known whether it starts.
        self._closing.push_async_callback(self._sending.shutdown)
        self._closing.push_async_callback(self._polling.shutdown)
        pause = 1.0
        while True:
            try:
                await self._application.initialize()
                break
            except InvalidToken:
                # Its own text shows the token, and its traceback must not be seen either.
                raise StartError(
                    "Telegram refuses the token. Copy it again from @BotFather into telegram.token "
                    "(LINLI_TELEGRAM__TOKEN), or empty it to play on the sandbox."
                ) from None
            except TelegramError as error:
                log.warning("Telegram cannot be reached yet", again_in=pause, reason=type(error).__name__)
                await self._sleep(pause)
                pause = min(pause * 2, 30.0)
        self._closing.push_async_callback(self._application.shutdown)
        self.bot_username = bot.username

    async def call(self, method: str, params: Mapping[str, Any], *, bulk: bool = False) -> Any:
        """A method of the Bot API on the sending side's connections. ``bulk``: nobody sits waiting for it."""
        if count := places(method, params):
            await self._gate.passed(count, bulk=bulk)
        return await self._sending.call(f"{self._base_url}/bot{self._token}/{method}", params)

    async def fetch(self, file_id: str) -> bytes:
        """The bytes of a file somebody sent. Raises Refused for one that is gone or over Telegram's 20 MB."""
        try:
            found = await self.call("getFile", {"file_id": file_id})
        except BadRequest:
            raise Refused("file.not_there") from None
        return await self._sending.retrieve(f"{self._base_url}/file/bot{self._token}/{found['file_path']}")

    async def _poll_call(self, method: str, params: Mapping[str, Any]) -> Any:
        return await self._polling.call(f"{self._base_url}/bot{self._token}/{method}", params)

    def _assemble(self) -> None:
        limiter = Limiter(self._limits, now=self._seconds)
        self.mailer = Mailer(self.store, now=self.now, bot_username=self.bot_username, sleep=self._sleep)
        self.delivery = Delivery(
            self.store,
            self.call,
            call_in_bulk=partial(self.call, bulk=True),
            limiter=limiter,
            texts=self.texts,
            rules=self.rules,
            now=self.now,
            lease=LEASE,
            fence=self._fence,
            in_flight=self.settings.delivery.in_flight,
            group_language=self.settings.community.language,
            sleep=self._sleep,
            observer=Observer(
                sent=self._sent, limited=self.metrics.limited, fatal=self._fail, copies=self.mailer.wake
            ),
        )
        self.store.hooks.outbox_grew = self.delivery.wake
        speaker = DirectSpeaker(
            self.call,
            acquire=limiter.try_acquire,
            freeze=limiter.frozen,
            sleep=self._sleep,
            limited=self.metrics.limited,
            reached=self._reached,
        )
        self._outcomes = handlers.Outcomes()
        for handler in handlers.build(
            store=self.store,
            speaker=speaker,
            texts=self.texts,
            rules=self.rules,
            now=self.now,
            bot_username=self.bot_username,
            outcomes=self._outcomes,
            fetch=self.fetch,
            rates=Rates(**self.settings.limits.model_dump()),
        ):
            self._application.add_handler(handler)
        self.dispatcher = Dispatcher(
            self.store,
            self._process,
            bot=self._application.bot,
            now=self.now,
            sleep=self._sleep,
            finished=self.metrics.update_finished,
        )
        self.intake = Intake(self.store, now=self.now, kept=self.dispatcher.wake)
        admins = Job("admins", Every(MINUTE), lambda store, now: self._admins.appoint())
        jobs = as_set((*JOBS, admins, *upkeep(self.settings)), self.settings.clock)
        self.ticker = Ticker(self.store, now=self.now, jobs=jobs)
        self.importer = Importer(
            self.store,
            now=self.now,
            limits=sheet_limits(self.settings),
            rules=self.rules,
            texts=self.texts,
            speaker=speaker,
            fetch=self.fetch,
            is_dead=is_dead,
            sleep=self._sleep,
        )
        self.commands = Commands(
            self.store,
            now=self.now,
            importer=self.importer,
            ticker=self.ticker,
            retried=self.dispatcher.rescan,
            bot_username=self.bot_username,
        )

    async def _process(self, update: Update) -> None:
        await self._application.process_update(update)
        # A handler's error is raised here. The last registration takes everything, so that nothing came of an update
        # only when the framework itself stumbled over it while looking who takes it; it has logged over what.
        if self._outcomes.take(update.update_id) is None:
            raise UnreadableUpdateError("nobody could tell what it is")

    async def _open_doors(self) -> None:
        closing = self._closing
        if self.location.path is not None:
            control = ControlServer(socket_path(self.location.path), self.commands.answer)
            await control.start()
            closing.push_async_callback(control.stop)
        if self.settings.http.listen:
            app = operations_app(health=self.health, metrics=lambda: self.metrics.render(self.snapshot))
            operations = Server(app, listen=self.settings.http.listen)
            await operations.start()
            closing.push_async_callback(operations.stop)
        self._begin(self.delivery.run(), "delivery")
        self._begin(self.dispatcher.run(), "dispatcher")
        self._begin(self._renew(), "lease")
        self._begin(self.importer.run(), "importer")
        self._begin(self.mailer.run(), "notices")
        self._begin(self._default_commands(), None)
        await self._begin_intake()
        await self.ticker.start()
        log.info(
            "ready", bot=self.bot_username, database=self.store.dialect, mode=self.settings.telegram.mode
        )

    async def _begin_intake(self) -> None:
        options = self.settings.telegram
        self._webhook: Server | None = None
        if options.mode == "webhook":
            secret = options.webhook_secret.get_secret_value()
            app = webhook_app(
                path=options.webhook_path, secret=secret, accept=self.intake.accept, away=(DatabaseAwayError,)
            )
            self._webhook = Server(app, listen=options.webhook_listen)
            await self._webhook.start()
            self._closing.push_async_callback(self._webhook.stop)
            self._begin(self._set_webhook(options.webhook_url, secret), None)
            return
        poller = Poller(
            self._poll_call,
            self.intake,
            poll_seconds=options.poll_seconds,
            fatal=self._fail,
            sleep=self._sleep,
        )
        self._poller = self._begin(self._poll(poller), "polling")

    async def _poll(self, poller: Poller) -> None:
        # A webhook left from before would answer every poll with a conflict.
        await self._patiently("deleteWebhook", {})
        await poller.run()

    async def _set_webhook(self, url: str, secret: str) -> None:
        await self._patiently(
            "setWebhook",
            {
                "url": url,
                "secret_token": secret,
                "allowed_updates": list(handlers.ALLOWED_UPDATES),
                "max_connections": 40,
            },
        )

    async def _default_commands(self) -> None:
        """What everyone finds in Telegram's menu before they are known: a resident's commands, in both languages."""
        for language in LANGUAGES:
            menu = [
                (name, self.texts.say(language, f"command.{name}"))
                for name in commands_for(Actor(person_id=-1))
            ]
            code = None if language == self.settings.community.language else language
            await self._patiently(
                "setMyCommands",
                {
                    "commands": [{"command": name, "description": words} for name, words in menu],
                    **({"language_code": code} if code else {}),
                },
            )

    async def _patiently(self, method: str, params: Mapping[str, Any]) -> None:
        """Call until Telegram takes it."""
        pause = 1.0
        while True:
            try:
                await self.call(method, params)
                return
            except InvalidToken:
                self._fail("invalid_token")
                return
            except TelegramError as error:
                log.warning(
                    "Telegram did not take a setting", method=method, again_in=pause, reason=str(type(error))
                )
                await self._sleep(pause)
                pause = min(pause * 2, 60.0)

    # --- running ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Go on until ``stop`` is asked for. Raises StartError when the bot cannot go on."""
        await self._stop.wait()
        await self.close()
        if self._fatal is not None:
            raise StartError(self._fatal)

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._stop.set()

    async def close(self) -> None:
        """Stop taking in, end what is begun, record what was sent, and close everything."""
        self.ticker.stop()
        if self._webhook is not None:
            await self._webhook.stop()
        else:
            self._poller.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.dispatcher.drain()
                await self.delivery.drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._closing.aclose()
        log.info("stopped")

    def _begin(self, work: Any, name: str | None) -> asyncio.Task[None]:
        """Run something for as long as the app; when a named one ends by itself, the app cannot go on."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        if name is not None:
            task.add_done_callback(lambda ended: self._ended(name, ended))
        return task

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._stop.is_set():
            return
        error = task.exception()
        log.error("a part of the program ended", part=name, exc_info=error)
        self._fatal = (
            self._fatal
            or f"{name} ended unexpectedly: {type(error).__name__ if error else 'without a reason'}"
        )
        self.stop()

    def _fail(self, reason: str) -> None:
        """Something only the operator can mend."""
        said = {
            "invalid_token": "Telegram no longer takes the token: put a new one into telegram.token",
            "conflict": "another program uses this token: stop it",
        }
        if reason == "invalid_token":
            self._fatal = said[reason]
            self.stop()
        log.error("Telegram refuses", reason=reason, mend=said.get(reason, ""))

    async def _renew(self) -> None:
        while True:
            await self._sleep(self._span.total_seconds() / 4)
            try:
                held = await self.store.renew_lease(LEASE, fence=self._fence, now=self.now(), span=self._span)
            except DatabaseAwayError:
                continue
            if not held:
                self._fatal = (
                    "another process has taken over this database; this one ends so that both do not send"
                )
                self.stop()
                return

    # --- what is told to the outside ------------------------------------------------------------------------------------

    async def health(self) -> Health:
        """Healthy while the database answers, and takes what is written."""
        try:
            await self.store.next_due()
        except DatabaseAwayError as error:
            return Health(reason=str(error))
        # The lease is renewed all the time, so that this is over soon after the trouble is.
        return Health(reason=self.store.refusal or None)

    async def snapshot(self) -> Snapshot:
        """Depth and age of what waits."""
        (count, since), lanes = await self.store.depths()
        now = self.now()
        return Snapshot(
            inbox=Queue(depth=count, oldest_seconds=(now - since).total_seconds() if since else 0.0),
            outbox={
                lane.name.lower(): Queue(
                    depth=lanes[lane][0] if lane in lanes else 0,
                    oldest_seconds=(now - lanes[lane][1]).total_seconds() if lane in lanes else 0.0,
                )
                for lane in Lane
            },
        )

    def _decided(self, action: str, outcome: str) -> None:
        self.metrics.action_decided(action, outcome=outcome)
        if action in imports.ACTIONS and outcome == "done":
            self.importer.wake()
        if action in notices.ACTIONS and outcome == "done":
            self.mailer.wake()
        if action == RunJob.__name__ and outcome == "done":
            self.ticker.wake()

    def _sent(self, seconds: float, lane: Lane) -> None:
        self.metrics.sent(seconds, lane=lane.name.lower())


def sheet_limits(settings: Settings) -> SheetLimits:
    """How much of a sheet is read."""
    return SheetLimits(settings.imports.max_megabytes * MEGABYTE, settings.imports.max_rows)


def _own_file(path: Any) -> None:
    """Only the bot's own user reads the database."""
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        if name.exists():
            name.chmod(0o600)


def is_dead(holder: str) -> bool:
    """Whether a lease's holder is a process of this machine that is no more."""
    host, _, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
