"""The sandbox as one object: world, Bot API and control API behind one port, started and stopped within the running loop."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from sandbox.acts import Acts
from sandbox.api import Api, Receive, Scope, Send
from sandbox.control import Control
from sandbox.faults import FaultPlan, Faults
from sandbox.journal import Tables
from sandbox.limits import Limiter, Limits, Mode
from sandbox.people import Group, Person
from sandbox.record import CallRecord, Record
from sandbox.world import Json, World

LETTING_IN = 3
"""Turns of the loop between a client's knock and its connection: the loop makes a task, that a transport, that calls."""


class Sandbox:
    """A Telegram for one bot.

    `token` is the bot's, `state_file` where its state survives a restart (None: nowhere), `clock` seconds since the
    epoch, `sleep` how pauses (delayed answers, webhook retries) are waited for, `seed` what ids are drawn from.
    A world without a state begins to count its updates, messages, presses and files at `numbers_from`: above what an
    earlier world has given to a bot that remembers, or the bot takes the new for what it has seen.
    Raises OSError or ValueError when the state file cannot be used, OSError from `start` when the port is taken.
    """

    def __init__(
        self,
        *,
        token: str = "1:sandbox",  # noqa: S107 - names no real bot
        bot_name: str = "Sandbox",
        bot_username: str = "sandbox_bot",
        state_file: Path | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limits: bool | Limits = False,
        seed: int = 0,
        numbers_from: int = 1,
    ) -> None:
        number = token.partition(":")[0]
        bot = {
            "id": int(number) if number.isdigit() else 1,
            "is_bot": True,
            "first_name": bot_name,
            "username": bot_username,
        }
        self.token = token
        self.world = World(Tables(state_file), bot=bot, clock=clock, seed=seed, numbers_from=numbers_from)
        self.acts = Acts(self.world)
        self.faults = Faults(clock=clock)
        self.limiter = Limiter(limits if isinstance(limits, Limits) else Limits(on=limits), clock=clock)
        self._record = Record()
        self._doors = _Doors()
        self.api = Api(
            self.world,
            token=token,
            faults=self.faults,
            limiter=self.limiter,
            record=self._record,
            cut=self._doors.cut,
            sleep=sleep,
        )
        self.control = Control(
            self.world, self.acts, faults=self.faults, limiter=self.limiter, record=self._record
        )
        self._control_app = self.control.app()
        self._server: uvicorn.Server | None = None
        self._socket: socket.socket | None = None
        self.url = ""

    # running

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve; `url` then says where. `port` 0 takes any free one."""
        self._socket = socket.create_server((host, port), backlog=512)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self,
            http=self._doors.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        # Not `serve`: it installs signal handlers and ticks ten times a second, both not wanted inside another program.
        await server.startup(sockets=[self._socket])
        self._server = server
        self.api.webhook.start()

    async def stop(self) -> None:
        """End all polls, streams and deliveries, close the port and the state file. To be called once."""
        self.api.polling.end("")
        self.control.close()
        await self.api.webhook.stop()
        if self._server is not None and self._socket is not None:
            # Who has been let in but not yet joined would be overlooked by what follows, and never be closed.
            asyncio.get_running_loop().remove_reader(self._socket)
            for _ in range(LETTING_IN):
                await asyncio.sleep(0)
            if not await _closed(self._server):
                await self._server.shutdown(sockets=[self._socket])
            self._socket.close()
            self._server = None
        self.world.tables.close()

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application: the Bot API by the short way, everything else by routes."""
        if scope["path"].startswith(("/bot", "/file/bot")):
            await self.api(scope, receive, send)
        else:
            await self._control_app(scope, receive, send)

    # playing people

    def add_person(
        self,
        *,
        first_name: str,
        last_name: str = "",
        username: str | None = None,
        language_code: str | None = "zh",
        phone: str = "",
        user_id: int | None = None,
        note: str | None = None,
        started: bool = False,
    ) -> Person:
        """Somebody new, who has not pressed Start yet; with ``started`` they did long ago, and the bot is told nothing.

        Raises ActError when the id is taken.
        """
        person = self.acts.add_person(
            first_name=first_name,
            last_name=last_name,
            username=username,
            language_code=language_code,
            phone=phone,
            user_id=user_id,
            note=note,
            started=started,
        )
        self.world.tables.commit()
        return Person(self.acts, person["user_id"])

    def person(self, user_id: int) -> Person:
        """Somebody who is there already. Raises KeyError for nobody."""
        return Person(self.acts, self.world.people[user_id]["user_id"])

    @property
    def people(self) -> list[Person]:
        return [self.person(int(user_id)) for user_id in self.world.people]

    def add_group(
        self, title: str, *, members: Sequence[Person], creator: Person, supergroup: bool = False
    ) -> Group:
        """A group of these people and the bot."""
        ids = [member.user_id for member in members]
        group = self.acts.add_group(title=title, members=ids, creator=creator.user_id, supergroup=supergroup)
        self.world.tables.commit()
        return Group(self.acts, group["chat_id"])

    def group(self, chat_id: int) -> Group:
        return Group(self.acts, self.world.groups[chat_id]["chat_id"])

    def emit(self, update: Json) -> int:
        """Put any update (without its update_id) in the queue; gives the id it got."""
        update_id = self.world.queue(update)
        self.world.tables.commit()
        return update_id

    # judging and disturbing

    @property
    def record(self) -> list[CallRecord]:
        """The calls so far, in order; a live list, to be read only."""
        return self._record.calls

    @property
    def pending_updates(self) -> list[Json]:
        return list(self.world.pending())

    def jump_update_ids(self) -> int:
        """The next update gets a random id, as after a week of silence. Gives that id."""
        return self.world.jump_update_ids()

    def plan_faults(self, plan: FaultPlan) -> None:
        """What goes wrong from now on; `FaultPlan()` for nothing."""
        self.faults.set(plan)

    def dies(self, seconds: float) -> None:
        """The Bot API cuts every connection for so long by the clock."""
        self.faults.die(seconds)

    def limit(self, *, on: bool, mode: Mode | None = None) -> None:
        self.limiter.set(self.limiter.limits.switched(on=on, mode=mode))

    async def until(self, happened: Callable[[], bool], *, timeout: float = 5.0) -> None:
        """Wait until `happened()` is true, looking after each change. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not happened():
                await self.world.change()


class _Doors:
    """Open connections by the client's address: the only way to cut one under an ASGI server."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], _Joined] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        doors = self

        class Watched(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
            def connection_made(self, transport: Any) -> None:
                # Whatever is still written in two pieces must not wait 40 ms for the second.
                transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.address = transport.get_extra_info("peername")[:2]
                doors._open[self.address] = joined = _Joined(transport)
                super().connection_made(joined)

            def connection_lost(self, exc: Exception | None) -> None:
                doors._open.pop(self.address, None)
                super().connection_lost(exc)

        return Watched

    def cut(self, scope: Scope) -> None:
        transport = self._open.get(tuple(scope["client"]))
        if transport is not None:
            transport.abort()


class _Joined:
    """A transport that sends what is written within one turn of the loop in one piece.

    Head and body of an answer are two writes; joined they cost one system call and wake the client once.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, []
            self._transport.write(b"".join(held))


async def _closed(server: uvicorn.Server) -> bool:
    """Close the port and what is idle; True when nothing is left to wait for.

    The server's own shutdown takes a tenth of a second even then, which is much for a test.
    """
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    for _ in range(50):
        if not server.server_state.connections and not server.server_state.tasks:
            return True
        await asyncio.sleep(0)
    return False
