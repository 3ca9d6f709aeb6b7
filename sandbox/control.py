"""The sandbox's other side: JSON routes by which a page or a test plays people, watches and judges.

Thin: acts are in `acts`, faults and limits in their own modules. Every refusal is `{"ok": false, "error": "sentence"}`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.acts import Acts
from sandbox.asking import commands_for
from sandbox.content import MEDIA
from sandbox.errors import ActError
from sandbox.faults import FaultPlan, Faults
from sandbox.limits import Limiter
from sandbox.methods import Upload, check_encodable
from sandbox.record import Record
from sandbox.world import Json, World

PAGE = Path(__file__).parent / "page"
_CLOSE = object()


class Control:
    def __init__(self, world: World, acts: Acts, *, faults: Faults, limiter: Limiter, record: Record) -> None:
        self._world = world
        self._acts = acts
        self._faults = faults
        self._limiter = limiter
        self._record = record
        self._streams: set[asyncio.Queue[Any]] = set()
        world.listeners.append(self._spread)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/sandbox/events", self._events),
                Route("/sandbox/state", self._state),
                Route("/sandbox/chats/{chat_id:str}/messages", self._messages),
                Route("/sandbox/people", self._refusing(self._add_person), methods=["POST"]),
                Route("/sandbox/groups", self._refusing(self._add_group), methods=["POST"]),
                Route("/sandbox/act", self._refusing(self._act), methods=["POST"]),
                Route("/sandbox/emit", self._refusing(self._emit), methods=["POST"]),
                Route("/sandbox/files/{file_id}", self._file),
                Route("/sandbox/record", self._calls),
                Route("/sandbox/faults", self._refusing(self._set_faults), methods=["POST"]),
                Route("/sandbox/limits", self._refusing(self._set_limits), methods=["POST"]),
                Mount("/static", StaticFiles(directory=PAGE, check_dir=False)),
            ]
        )

    def close(self) -> None:
        """End all event streams, so that the server can stop."""
        for stream in self._streams:
            stream.put_nowait(_CLOSE)

    # watching

    async def _page(self, request: Request) -> Response:
        page = PAGE / "index.html"
        if not page.exists():
            return Response("The sandbox serves its page from sandbox/page.", media_type="text/plain")
        return FileResponse(page, headers={"Cache-Control": "no-cache"})

    def _spread(self, event: Json) -> None:
        for stream in self._streams:
            stream.put_nowait(event)

    async def _events(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[str]:
        stream: asyncio.Queue[Any] = asyncio.Queue()
        self._streams.add(stream)
        try:
            yield "retry: 1000\n\n"
            while (event := await stream.get()) is not _CLOSE:
                yield f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
        finally:
            self._streams.discard(stream)

    async def _state(self, request: Request) -> Response:
        world = self._world
        bot = {field: world.bot[field] for field in ("id", "first_name", "username")}
        buttons = world.tables.table("menu_buttons")
        groups = [
            {
                **{field: group[field] for field in ("chat_id", "title", "type", "bot")},
                "members": [
                    {"user_id": int(user_id), "status": status}
                    for user_id, status in group["members"].items()
                ],
            }
            for group in world.groups.values()
            if not group["migrated_to"]
        ]
        return JSONResponse(
            {
                "bot": bot,
                "people": list(world.people.values()),
                "groups": groups,
                "commands_for": {str(user_id): commands_for(world, int(user_id)) for user_id in world.people},
                "menu_button": buttons.get("default", {"type": "commands"}),
                "limits": self._limiter.limits.on,
                "limits_mode": self._limiter.limits.mode,
                "faults": self._faults.state(),
            }
        )

    async def _messages(self, request: Request) -> Response:
        try:
            chat_id = int(request.path_params["chat_id"])
            limit = int(request.query_params.get("limit", "200"))
        except ValueError:
            return _no("chat_id and limit are numbers.")
        if chat_id not in self._world.people and chat_id not in self._world.groups:
            return _no(f"There is no chat {chat_id}.", status=404)
        messages = list(self._world.messages(chat_id).values())
        keyboard = self._world.keyboards.get(chat_id)
        return JSONResponse({"messages": messages[-limit:] if limit > 0 else [], "reply_keyboard": keyboard})

    async def _file(self, request: Request) -> Response:
        row = self._world.files.get(request.path_params["file_id"])
        if row is None:
            return _no("There is no such file.", status=404)
        # The page shows what people sent: nothing of it may run as a page of its own.
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        return Response(self._world.file_bytes(row["file_id"]), media_type=row["mime_type"], headers=headers)

    async def _calls(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        calls = self._record.after(int(after) if after.isdigit() else 0)
        return JSONResponse({"calls": [call.to_json() for call in calls]})

    # doing

    def _refusing(self, do: Callable[[Json], Json]) -> Callable[[Request], Awaitable[Response]]:
        async def route(request: Request) -> Response:
            if not _same_origin(request):
                return _no("Only the sandbox's own page may do this.", status=403)
            try:
                body = await request.json()
                if not isinstance(body, dict):
                    return _no("The body must be a JSON object.")
                check_encodable(body)
                return JSONResponse(do(body))
            except ActError as error:
                return _no(str(error))
            except KeyError as error:
                return _no(f"The field {error} is missing.")
            except (ValueError, TypeError) as error:
                return _no(f"The body cannot be used: {error}")
            finally:
                self._world.tables.commit()

        return route

    def _add_person(self, body: Json) -> Json:
        return self._acts.add_person(**body)

    def _add_group(self, body: Json) -> Json:
        return self._acts.add_group(
            title=body["title"],
            members=body.get("members", []),
            creator=body["creator"],
            supergroup=bool(body.get("supergroup")),
        )

    def _emit(self, body: Json) -> Json:
        return {"ok": True, "update_id": self._world.queue(body)}

    def _act(self, body: Json) -> Json:
        message = _do(self._acts, dict(body))
        return {"ok": True} if message is None else {"ok": True, "message": message}

    def _set_faults(self, body: Json) -> Json:
        body = dict(body)
        dead = body.pop("dead_seconds", None)
        self._faults.set(FaultPlan.from_json(body))
        if dead is not None:
            self._faults.die(float(dead))
        self._world.publish({"type": "faults"})
        return {"ok": True, "faults": self._faults.state()}

    def _set_limits(self, body: Json) -> Json:
        mode = body.get("mode")
        if mode not in (None, "bucket", "window"):
            raise ValueError('mode is "bucket" or "window"')
        self._limiter.set(self._limiter.limits.switched(on=bool(body["on"]), mode=mode))
        self._world.publish({"type": "faults"})
        return {"ok": True, "limits": self._limiter.limits.on, "mode": self._limiter.limits.mode}


def _do(acts: Acts, body: Json) -> Json | None:
    """One act as the control API words it. Gives the message it made, if it made one."""
    do, user_id = body["do"], int(body["user_id"])
    chat_id = int(body["chat_id"]) if body.get("chat_id") is not None else None
    if do in MEDIA:
        return acts.media(
            user_id,
            kind=do,
            file=_upload(body["file"]),
            caption=body.get("caption") or "",
            chat_id=chat_id,
            media_group_id=body.get("media_group_id"),
        )
    if do in ("press", "forge"):
        press = acts.press if do == "press" else acts.forge
        press(user_id, message_id=int(body["message_id"]), data=str(body["data"]), chat_id=chat_id)
        return None
    if do in ("block", "unblock", "deactivate"):
        {"block": acts.block, "unblock": acts.unblock, "deactivate": acts.deactivate}[do](user_id)
        return None
    return _say(acts, do, user_id, chat_id, body)


def _say(acts: Acts, do: str, user_id: int, chat_id: int | None, body: Json) -> Json | None:
    match do:
        case "text":
            return acts.text(user_id, text=str(body["text"]), chat_id=chat_id, reply_to=body.get("reply_to"))
        case "start":
            return acts.start(user_id, payload=body.get("payload"))
        case "edit":
            return acts.edit(
                user_id, message_id=int(body["message_id"]), text=str(body["text"]), chat_id=chat_id
            )
        case "location":
            return acts.location(
                user_id,
                latitude=float(body["latitude"]),
                longitude=float(body["longitude"]),
                chat_id=chat_id,
            )
        case "contact" if body.get("own"):
            return acts.contact(user_id, own=True, chat_id=chat_id)
        case "contact":
            return acts.contact(
                user_id,
                own=False,
                phone_number=str(body["phone_number"]),
                first_name=str(body["first_name"]),
                contact_user_id=body.get("contact_user_id"),
                chat_id=chat_id,
            )
    if chat_id is None:
        raise ActError(f"{do!r} is no act, or needs a chat_id.")
    match do:
        case "join":
            return acts.join(user_id, chat_id=chat_id)
        case "leave":
            return acts.leave(user_id, chat_id=chat_id)
        case "promote":
            acts.promote(user_id, chat_id=chat_id)
        case "migrate":
            return acts.migrate(chat_id=chat_id)
        case "remove_bot":
            acts.remove_bot(user_id, chat_id=chat_id)
        case _:
            raise ActError(f"{do!r} is no act.")
    return None


def _upload(file: Json) -> Upload:
    try:
        content = base64.b64decode(file["base64"], validate=True)
    except binascii.Error:
        raise ActError("The file is not valid base64.") from None
    return Upload(str(file.get("name", "")), str(file.get("mime", "")), content)


def _same_origin(request: Request) -> bool:
    """Other sites open in the same browser must not play people here; programs send no Origin."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _no(error: str, *, status: int = 400) -> JSONResponse:
    return JSONResponse({"ok": False, "error": error}, status_code=status)
