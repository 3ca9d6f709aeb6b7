"""The HTTP side: health, metrics, the webhook, and the server that carries them inside the running loop.

Two apps, because they have two audiences: `operations_app` for the operator's own network and `webhook_app` for
Telegram. What health means, what is measured and where an update is stored comes in as callables.
"""

import asyncio
import hmac
import json
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.metrics import CONTENT_TYPE
from bot.settings import host_and_port

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
LARGEST_UPDATE = 1024 * 1024
RETRY_AFTER_SECONDS = 5

_log = structlog.get_logger(__name__)

RawUpdate = dict[str, Any]
Accept = Callable[[Sequence[RawUpdate]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Health:
    """How the program is: `reason` says what is wrong (None: nothing), `details` are plain JSON values."""

    reason: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


def operations_app(
    *,
    health: Callable[[], Awaitable[Health]],
    metrics: Callable[[], Awaitable[bytes]],
    timeout_seconds: float = 5.0,
) -> Starlette:
    """`/healthz`: 200 or 503 with the reason, also when `health` fails or takes too long. `/metrics`: Prometheus text."""

    async def healthz(request: Request) -> Response:
        try:
            async with asyncio.timeout(timeout_seconds):
                found = await health()
        except TimeoutError:
            found = Health(reason=f"no answer within {timeout_seconds:g} s")
        except Exception as error:  # whatever it is: "not well" must be an answer, not a broken connection
            _log.warning("the health check failed", exc_info=True)
            found = Health(reason=type(error).__name__)  # its text may name hosts or secrets
        if found.reason is None:
            return JSONResponse({"status": "ok", **found.details})
        return JSONResponse({"status": "down", "reason": found.reason, **found.details}, status_code=503)

    async def scrape(request: Request) -> Response:
        return Response(await metrics(), headers={"Content-Type": CONTENT_TYPE})

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", scrape)])


def webhook_app(
    *, path: str, secret: str, accept: Accept, away: tuple[type[Exception], ...] = ()
) -> Starlette:
    """Telegram's POSTs to `path`, each passed to `accept` as a list of one update; 200 only once it returned.

    403 without `secret`, 413 above 1 MiB, 400 for what is no update; 503 with Retry-After when `accept` raises one
    of `away` (the database cannot be reached), after which Telegram posts the update again. Any other exception
    is a 500 and is posted again as well.
    """
    if not secret:
        raise ValueError("a webhook without a secret takes updates from anybody")
    expected = secret.encode()

    async def receive(request: Request) -> Response:
        # latin-1 as Starlette decodes headers: compare_digest refuses text beyond ASCII, bytes it always takes.
        given = request.headers.get(SECRET_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(given, expected):
            return PlainTextResponse("forbidden", status_code=403)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return PlainTextResponse("the post broke off", status_code=400)
        if body is None:
            return PlainTextResponse("too large", status_code=413)
        update = _update(body)
        if update is None:
            return PlainTextResponse("not an update", status_code=400)
        try:
            await accept([update])
        except away:
            _log.warning("an update could not be stored and was sent back", update_id=update["update_id"])
            return PlainTextResponse(
                "later", status_code=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
            )
        return PlainTextResponse("ok")

    return Starlette(routes=[Route(path, receive, methods=["POST"])])


async def _body(request: Request) -> bytes | None:
    """The body, or None as soon as it is known to be too large."""
    announced = request.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > LARGEST_UPDATE:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_UPDATE:
            return None
    return bytes(body)


def _update(body: bytes) -> RawUpdate | None:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested without end
        return None
    update_id = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(update_id, int) or isinstance(update_id, bool) or not 0 <= update_id < 2**63:
        return None
    return dict(update)


class ListenError(Exception):
    """The address cannot be listened on; the text says why, for the operator."""


class _Uvicorn(uvicorn.Server):
    """uvicorn inside somebody else's loop: signals stay the program's, and `ready` tells when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


class Server:
    """Serves `app` on `listen` ("host:port"; port 0 takes a free one) between `start` and `stop`, or in `async with`."""

    def __init__(self, app: ASGIApp, *, listen: str) -> None:
        self._app = app
        self._host, self._wanted_port = host_and_port(listen)
        self._server: _Uvicorn | None = None
        self._serving: asyncio.Task[None] | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """The port served on; 0 before `start`."""
        return self._port

    @property
    def url(self) -> str:
        """Where to reach it, such as http://127.0.0.1:8091."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Returns when it serves. Raises ListenError when the address cannot be had."""
        bound = await self._bind()
        self._port = bound.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        self._server = _Uvicorn(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[bound]), name=f"http {self._port}")
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({ready, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._serving  # raises what stopped it

    async def stop(self) -> None:
        """Lets what is being answered finish (at most 5 s), then closes. Does nothing when not started."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._server = self._serving = None

    async def _bind(self) -> socket.socket:
        address = f"{self._host}:{self._wanted_port}"
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(
                self._host, self._wanted_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            family, kind, protocol, _, where = found[0]
            bound = socket.socket(family, kind, protocol)
        except OSError as error:
            raise ListenError(f"Cannot listen on {address}: {error.strerror or error}.") from error
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(where)
            bound.listen(128)
            bound.setblocking(False)
        except OSError as error:
            bound.close()
            raise ListenError(
                f"Cannot listen on {address}: {error.strerror or error}. Stop what uses it, or choose another port."
            ) from error
        return bound

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()
