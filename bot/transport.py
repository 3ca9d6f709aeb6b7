"""How requests reach the Bot API: python-telegram-bot's request interface over one aiohttp session.

Knows HTTP: bodies, uploads, time-outs, the proxy, and which failures prove that nothing was sent
(`SurelyUnsent`). It leaves to others what an answer of Telegram means (`BaseRequest`, then `jobs.classify`),
when something may be sent (`bot.limiter`) and sending it again (delivery).

Why not the stock `HTTPXRequest`: httpcore walks every open connection for each request, so a bare echo falls
from some 750 messages/s one by one to some 240 with 32 at once; through aiohttp it stays above 2,000. The
`httpx-aiohttp` bridge lies between the two (1,350 to 1,500) and still pays for httpx's own layer.
`python -m benchmarks --only echo` measures it.

The URL holds the token. So no text of an aiohttp error is passed on, only its class and the operating
system's words, and errors are raised outside their `except` block: then neither `__cause__` nor `__context__`
leads a traceback to the URL.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import aiohttp
from telegram import InputFile
from telegram._utils.defaultvalue import DefaultValue
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from telegram.request._requestparameter import RequestParameter
from yarl import URL

from jobs.errors import SurelyUnsent

_JSON = {"Content-Type": "application/json"}
_TOKEN_IN_TEXT = re.compile(rb"bot\d+(?::|%3[Aa])[^/\s\"'<>\\]+")

# Raised only before the first byte of the request: by looking up the name, waiting for the pool, connecting,
# the TLS handshake and the proxy's CONNECT.
_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)

_Value = TypeVar("_Value")


class AiohttpRequest(BaseRequest):
    """A pool of connections to the Bot API. Give getUpdates one of its own, so that its long poll and a queue
    of sends never wait for each other.

    Time-outs are in seconds, None for none. `connect_timeout` and `pool_timeout` together bound the wait for a
    connection. `read_timeout` bounds each silence of the server once the request is out; whoever polls adds
    the poll's own length. aiohttp has no time-out for writing, so an upload as a whole is bounded by the sum
    of all four; a plain call fits into the socket's buffer and cannot block on writing.
    `proxy` is an http or https URL; the environment's proxies are not looked at.
    """

    def __init__(
        self,
        *,
        pool_size: int = 32,
        connect_timeout: float | None = 5.0,
        read_timeout: float | None = 10.0,
        write_timeout: float | None = 5.0,
        media_write_timeout: float | None = 60.0,
        pool_timeout: float | None = 5.0,
        proxy: str | None = None,
    ) -> None:
        self._pool_size = pool_size
        self._connect = connect_timeout
        self._read = read_timeout
        self._write = write_timeout
        self._media_write = media_write_timeout
        self._pool = pool_timeout
        self._proxy = proxy or None
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds of silence allowed when a call names none."""
        return self._read

    async def initialize(self) -> None:
        """Open the session; nothing is connected yet. Calling it again while open changes nothing."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._pool_size),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
                proxy=self._proxy,
            )

    async def shutdown(self) -> None:
        """Close all connections; calls still under way fail. It may be initialised again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One request; returns the HTTP status and the body.

        Raises `SurelyUnsent` when nothing reached the server, `TimedOut` or `NetworkError` when it may have.
        """
        session = self._session
        if session is None:
            raise SurelyUnsent("The transport is closed")
        is_upload = request_data is not None and request_data.contains_files
        timeout = self._timeout(
            is_upload=is_upload,
            connect=_given(connect_timeout, default=self._connect),
            read=_given(read_timeout, default=self._read),
            write=_given(write_timeout, default=self._media_write if is_upload else self._write),
            pool=_given(pool_timeout, default=self._pool),
        )
        body, headers = _body(request_data)
        try:
            async with session.request(
                method,
                _parsed(url),
                data=body,
                headers=headers,
                timeout=timeout,
                # The Bot API never redirects; a captive portal would, and the token stays out of its hands.
                allow_redirects=False,
            ) as response:
                payload = await response.read()
        except Exception as error:  # whatever it is, its text may hold the URL
            failure = _failure(error)
        else:
            # A proxy's or gateway's error page likes to quote the path it was asked for.
            return response.status, payload if response.status < 300 else redacted(payload)
        raise failure

    async def call(
        self,
        url: str,
        parameters: Mapping[str, object],
        *,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> Any:
        """One method of the Bot API, plain values in and plain data out; None leaves a parameter out.

        `url` is the method's own, `f"{bot.base_url}/sendMessage"`. For polling and for delivery, which need an
        id or nothing of the answer: making python-telegram-bot's objects of it costs as much as the request.
        (`Bot.do_api_request` would do, but warns at each method that Bot has under its own name.)
        Raises what `post` raises. A file comes as an `InputFile`.
        """
        data = RequestData(
            [
                RequestParameter.from_input(name, value)
                if isinstance(value, InputFile)
                else RequestParameter(name, value, None)
                for name, value in parameters.items()
            ]
        )
        return await self.post(url, data, read_timeout=read_timeout)

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The Bot API's envelope; unlike the inherited one it does not log what it could not read.

        Raises `TelegramError` when it is neither a result nor a refusal.
        """
        try:
            answer = json.loads(payload.decode("utf-8", "replace"))
        except ValueError:
            answer = None
        if isinstance(answer, dict) and ("result" in answer or answer.get("ok") is False):
            return answer
        raise TelegramError("Invalid server response")

    def _timeout(
        self,
        *,
        is_upload: bool,
        connect: float | None,
        read: float | None,
        write: float | None,
        pool: float | None,
    ) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=_sum(pool, connect, write, read) if is_upload else None,
            connect=_sum(pool, connect),
            sock_connect=connect,
            sock_read=read,
        )


def redacted(payload: bytes) -> bytes:
    """`payload` without any token that follows the form of the Bot API's paths (`bot<id>:<secret>`)."""
    return _TOKEN_IN_TEXT.sub(b"bot<token>", payload)


def _given(value: ODVInput[_Value], *, default: _Value | None) -> _Value | None:
    return default if isinstance(value, DefaultValue) else value


def _sum(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


# A bot calls a few dozen methods; only downloads bring new addresses.
@lru_cache(maxsize=256)
def _parsed(url: str) -> URL:
    return URL(url)


def _body(data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str] | None]:
    """Plain calls travel as JSON: several times cheaper to encode than a form, and half as long in Chinese."""
    if data is None:
        return None, None
    if not data.contains_files:
        # "replace": half a surrogate pair from a badly cut text costs one sign, not the message.
        return json.dumps(data.parameters, ensure_ascii=False).encode("utf-8", "replace"), _JSON
    # quote_fields would percent-encode Chinese file names, which Telegram then shows as they are.
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in data.multipart_data.items():
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=re.sub(r"[\r\n]", " ", filename), content_type=mime)
    return form, None


def _failure(error: Exception) -> NetworkError:
    words = _words(error)
    if isinstance(error, _BEFORE_SENDING):
        return SurelyUnsent(words)
    if isinstance(error, TimeoutError):
        return TimedOut(words)
    return NetworkError(words)


def _words(error: Exception) -> str:
    """The class and what the operating system said; never the error's own text."""
    cause = getattr(error, "certificate_error", error)
    said = getattr(cause, "strerror", None)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
