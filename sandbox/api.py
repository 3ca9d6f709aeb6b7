"""The Bot API over HTTP: a lean ASGI application for /bot<token>/<method> and /file/bot<token>/<path>.

Reads a call in any of the ways Telegram takes them, lets faults and limits have their say, runs it and writes the
record. What the methods do is in `sending`, `editing`, `asking`, `polling` and `webhook`. No framework here: this is
the path that benchmarks drive.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from sandbox.asking import ASKING
from sandbox.editing import EDITING
from sandbox.errors import ApiError, bad_request
from sandbox.faults import Fault, Faults
from sandbox.limits import Limiter
from sandbox.methods import Method, Upload, check_encodable, load_methods
from sandbox.polling import Polling
from sandbox.record import CallRecord, Record, shown
from sandbox.sending import SENDING
from sandbox.webhook import Webhook
from sandbox.world import Json, World

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 50 * 1024 * 1024
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_CALLS = {**SENDING, **EDITING, **ASKING}


class Api:
    """`cut` ends the connection of a request; `sleep` waits for a delayed answer."""

    def __init__(
        self,
        world: World,
        *,
        token: str,
        faults: Faults,
        limiter: Limiter,
        record: Record,
        cut: Callable[[Scope], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._world = world
        self._faults = faults
        self._limiter = limiter
        self._record = record
        self._cut = cut
        self._sleep = sleep
        self._methods = load_methods()
        self._prefix = f"/bot{token}/"
        self._file_prefix = f"/file/bot{token}/"
        self.polling = Polling(world, faults)
        self.webhook = Webhook(world, faults, sleep=sleep, execute=self._execute_reply)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if self._faults.dead:
            await self._end(scope, receive)
        elif path.startswith(self._prefix):
            await self._serve(path[len(self._prefix) :], scope, receive, send)
        elif path.startswith(self._file_prefix):
            await self._serve_file(path[len(self._file_prefix) :], send)
        else:
            await _send(send, 401, _refusal(ApiError(401, "Unauthorized")))

    # one call

    async def _serve(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        method = self._methods.get(name.lower())
        if method is None:
            self._refused(name, {}, ApiError(404, "Not Found: method not found"))
            await _send(send, 404, _refusal(ApiError(404, "Not Found: method not found")))
            return
        try:
            raw, uploads = await _read(scope, receive)
        except ApiError as error:
            self._refused(method.name, {}, error)
            await _send(send, error.code, _refusal(error))
            return
        except _ClientGoneError:
            return
        fault = self._faults.next(method.name)
        if fault is not None and fault.kind in ("cut", "too_many", "server_error"):
            await self._refuse_by_fault(method, raw, fault, scope, receive, send)
            return
        status, body = await self._perform(method, raw, uploads, receive, fault)
        if fault is not None and fault.kind == "drop":
            await self._end(scope, receive)
            return
        if fault is not None and fault.kind == "delay":
            await self._sleep(fault.seconds)
        if fault is not None and fault.kind == "malformed":
            body = body[: len(body) // 2]
        if status:
            await _send(send, status, body)

    async def _perform(
        self,
        method: Method,
        raw: Json,
        uploads: dict[str, Upload],
        receive: Receive,
        fault: Fault | None,
    ) -> tuple[int, bytes]:
        """Run the call: status and body. Status 0 when the client left while it waited."""
        call = self._record.add(at=self._world.clock(), method=method.name, params=raw)
        call.fault = fault.kind if fault is not None else None
        try:
            params = method.read(raw, uploads=uploads)
            call.params = shown(params)
            if uploads:
                params["uploads"] = uploads
            if method.name == "getUpdates":
                result: Any = await self._get_updates(params, receive)
                if result is None:
                    return 0, b""
            else:
                result = self._run(method, params, call)
        except ApiError as error:
            _note(call, error)
            return error.code, _refusal(error)
        except Exception:
            # A fault of the sandbox itself: the server answers 500, and the record must not say that it was done.
            _note(call, ApiError(500, "Internal Server Error"))
            raise
        finally:
            self._world.tables.commit()
            self._world.ring()  # whoever waits for the record to say something looks again
        return 200, ('{"ok":true,"result":' + _encode(result) + "}").encode()

    def _run(self, method: Method, params: Json, call: CallRecord) -> Any:
        chat_id = params.get("chat_id")
        call.chat_id = chat_id if isinstance(chat_id, int) else None
        count = len(params["media"]) if method.name == "sendMediaGroup" else 1
        wait = self._limiter.retry_after(method.name, chat_id=call.chat_id, count=count)
        if wait:
            raise _too_many(wait)
        run = _CALLS.get(method.name)
        if run is not None:
            result = run(self._world, params)
        elif method.name == "setWebhook":
            self.polling.end("setWebhook request")
            result = self.webhook.set(params)
        elif method.name == "deleteWebhook":
            result = self.webhook.delete(params)
        elif method.name == "getWebhookInfo":
            result = self.webhook.info()
        else:
            raise bad_request(f"not supported by this sandbox: {method.name}")
        first = result[0] if isinstance(result, list) and result else result
        if isinstance(first, dict):
            call.result_message_id = first.get("message_id")
        return result

    async def _get_updates(self, params: Json, receive: Receive) -> list[Json] | None:
        batch = self.polling.begin(params)
        if batch or not params.get("timeout"):
            return batch
        # What the confirmation changed must be on file before the long wait.
        self._world.tables.commit()
        self._world.ring()
        poll = asyncio.ensure_future(self.polling.wait(params, turn=self.polling.turn))
        gone = asyncio.ensure_future(_disconnected(receive))
        await asyncio.wait({poll, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if poll.done():
            return poll.result()
        # Nobody is there to take updates: they wait for the next poller.
        poll.cancel()
        return None

    def _execute_reply(self, given: Json) -> None:
        """A call that came in the answer to a webhook: run and recorded, its result told to nobody."""
        name = given["method"]
        method = self._methods.get(name.lower())
        raw = {k: v for k, v in given.items() if k != "method"}
        if method is None or method.name == "getUpdates":
            self._refused(name, raw, ApiError(404, "Not Found: method not found"))
            return
        call = self._record.add(at=self._world.clock(), method=method.name, params=raw)
        try:
            self._run(method, method.read(raw, uploads={}), call)
        except ApiError as error:
            _note(call, error)

    async def _refuse_by_fault(
        self, method: Method, raw: Json, fault: Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        error = {
            "cut": ApiError(0, "the connection was cut before the call was accepted"),
            "too_many": _too_many(int(fault.seconds)),
            "server_error": ApiError(502, "Bad Gateway"),
        }[fault.kind]
        self._refused(method.name, raw, error).fault = fault.kind
        if fault.kind == "cut":
            await self._end(scope, receive)
        else:
            await _send(send, error.code, _refusal(error))

    def _refused(self, name: str, params: Json, error: ApiError) -> CallRecord:
        call = self._record.add(at=self._world.clock(), method=name, params=params)
        _note(call, error)
        return call

    async def _end(self, scope: Scope, receive: Receive) -> None:
        self._cut(scope)
        # The server answers 500 for an application that returns in silence, unless it knows that the client is gone.
        await _disconnected(receive)

    async def _serve_file(self, path: str, send: Send) -> None:
        for row in self._world.files.values():
            if row["file_path"] == path:
                await _send(send, 200, self._world.file_bytes(row["file_id"]), mime=row["mime_type"])
                return
        await _send(send, 404, _refusal(ApiError(404, "Not Found")))


class _ClientGoneError(Exception):
    pass


def _note(call: CallRecord, error: ApiError) -> None:
    call.outcome, call.error_code, call.description = "error", error.code, error.description


def _too_many(seconds: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {seconds}", parameters={"retry_after": seconds})


def _refusal(error: ApiError) -> bytes:
    body: Json = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters is not None:
        body["parameters"] = error.parameters
    return _encode(body).encode()


async def _read(scope: Scope, receive: Receive) -> tuple[Json, dict[str, Upload]]:
    """A call's parameters from query, form or JSON, and its files. Raises ApiError."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"").lower()
    raw: Json = _form(scope["query_string"]) if scope["query_string"] else {}
    if kind.startswith(b"multipart/form-data"):
        fields, uploads = await _multipart(scope, receive)
        return {**raw, **fields}, uploads
    body = await _body(receive)
    if not body:
        return raw, {}
    if kind.startswith(b"application/json"):
        try:
            given = json.loads(body)
            if b"\\u" in body:
                check_encodable(given)
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
        except ValueError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(given, dict):
            raise bad_request("can't parse request: Object expected")
        return {**raw, **given}, {}
    return {**raw, **_form(body)}, {}


def _form(encoded: bytes) -> Json:
    try:
        return dict(parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise bad_request("strings must be encoded in UTF-8") from None


async def _multipart(scope: Scope, receive: Receive) -> tuple[Json, dict[str, Upload]]:
    fields: Json = {}
    uploads: dict[str, Upload] = {}
    try:
        async with Request(scope, receive).form(max_files=20) as form:
            for name, value in form.items():
                if isinstance(value, UploadFile):
                    content = await value.read(MAX_BODY + 1)
                    if len(content) > MAX_BODY:
                        raise ApiError(413, "Request Entity Too Large")
                    uploads[name] = Upload(value.filename or "", value.content_type or "", content)
                else:
                    fields[name] = value
    except MultiPartException as error:
        raise bad_request(f"can't parse multipart body: {error.message}") from None
    except ClientDisconnect:
        raise _ClientGoneError from None
    return fields, uploads


async def _body(receive: Receive) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _ClientGoneError
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGoneError
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise ApiError(413, "Request Entity Too Large")
    return body


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, body: bytes, *, mime: str = "application/json") -> None:
    headers = [(b"content-type", mime.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
