"""Updates brought to the bot by HTTP POST: one after another within a chat, chats side by side, again until taken.

A delivery is confirmed by any 2xx answer; otherwise it is tried again after the answer's Retry-After, else after a
growing pause. Also the calls that set, remove and describe the webhook.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.errors import bad_request
from sandbox.faults import Faults
from sandbox.world import Json, World

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_TIMEOUT = 60.0
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot's server said; `status` 0 when it could not be reached."""

    status: int
    retry_after: float | None = None
    body: bytes = b""
    error: str = ""


class Webhook:
    """`sleep` waits between tries; `execute` runs a call that the bot put into its answer."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        *,
        sleep: Callable[[float], Awaitable[None]],
        execute: Callable[[Json], None],
    ) -> None:
        self._world = world
        self._faults = faults
        self._sleep = sleep
        self._execute = execute
        self._queues: dict[int, deque[int]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._threads: ThreadPoolExecutor | None = None
        self._running = False
        world.queue_listeners.append(self._queued)

    # the calls

    def set(self, params: Json) -> bool:
        url = params["url"]
        if not url:
            return self.delete(params)
        if not _is_address(url):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if "secret_token" in params and not _SECRET.fullmatch(params["secret_token"]):
            raise bad_request("secret token contains unallowed characters")
        if not 1 <= params.get("max_connections", 40) <= 100:
            raise bad_request("max_connections must be 1-100")
        self._halt()
        if "allowed_updates" in params:
            self._world.tables.put("settings", "allowed_updates", params["allowed_updates"])
        self._drop_pending(params)
        kept = ("url", "secret_token", "max_connections", "ip_address")
        self._world.tables.put("settings", "webhook", {k: params[k] for k in kept if k in params})
        self.start()
        return True

    def delete(self, params: Json) -> bool:
        self._halt()
        self._drop_pending(params)
        self._world.tables.drop("settings", "webhook")
        return True

    def info(self) -> Json:
        hook = self._hook()
        told: Json = {
            "url": hook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.updates),
        }
        if hook:
            told["max_connections"] = hook.get("max_connections", 40)
        for field in ("ip_address", "last_error_date", "last_error_message"):
            if field in hook:
                told[field] = hook[field]
        allowed = self._world.settings.get("allowed_updates")
        return {**told, "allowed_updates": allowed} if allowed else told

    def _drop_pending(self, params: Json) -> None:
        if params.get("drop_pending_updates"):
            for update_id in list(self._world.updates):
                self._world.forget_update(int(update_id))

    def _hook(self) -> Json:
        return self._world.settings.get("webhook") or {}

    # delivery

    def start(self) -> None:
        """Begin to deliver what waits, if a webhook is set. Needs a running loop."""
        hook = self._hook()
        if not hook or self._running:
            return
        self._running = True
        self._threads = ThreadPoolExecutor(max_workers=hook.get("max_connections", 40))
        for update_id, entry in list(self._world.updates.items()):
            self._queued(int(update_id), entry["update"])

    async def stop(self) -> None:
        workers = list(self._workers)
        self._halt()
        await asyncio.gather(*workers, return_exceptions=True)

    def _halt(self) -> None:
        self._running = False
        for worker in self._workers:
            worker.cancel()
        self._workers.clear()
        self._queues.clear()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    def _queued(self, update_id: int, update: Json) -> None:
        if not self._running:
            return
        key = _order_key(update)
        queue = self._queues.setdefault(key, deque())
        queue.append(update_id)
        if len(queue) == 1:
            worker = asyncio.get_running_loop().create_task(self._work(key, queue))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self, key: int, queue: deque[int]) -> None:
        while queue:
            self._world.expire()
            entry = self._world.updates.get(queue[0])
            if entry is not None:
                for _ in range(self._faults.copies(entry["update"])):
                    await self._bring(entry["update"])
                self._world.forget_update(queue[0])
                self._world.tables.commit()
                self._world.ring()
            queue.popleft()
        # After a change of the webhook this chat may already have another queue and worker.
        if self._queues.get(key) is queue:
            del self._queues[key]

    async def _bring(self, update: Json) -> None:
        body = json.dumps(update, ensure_ascii=False).encode()
        tries = 0
        while update["update_id"] in self._world.updates:
            answer = await self._post(body)
            if 200 <= answer.status < 300:
                self._reply(answer.body)
                return
            self._note(answer)
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            await self._sleep(pause if answer.retry_after is None else answer.retry_after)
            tries += 1
            self._world.expire()

    async def _post(self, body: bytes) -> Answer:
        hook = self._hook()
        headers = {"Content-Type": "application/json"}
        if "secret_token" in hook:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook["secret_token"]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _post, hook["url"], body, headers)

    def _reply(self, body: bytes) -> None:
        """A bot may answer with a call of one method, whose result it never hears."""
        try:
            call = json.loads(body) if body else None
        except ValueError:
            return
        if isinstance(call, dict) and isinstance(call.get("method"), str):
            self._execute(call)

    def _note(self, answer: Answer) -> None:
        status = f"Wrong response from the webhook: {answer.status}" if answer.status else answer.error
        noted = {**self._hook(), "last_error_date": self._world.now(), "last_error_message": status}
        self._world.tables.put("settings", "webhook", noted)
        self._world.tables.commit()


def _order_key(update: Json) -> int:
    """The chat an update belongs to, else the person, else one queue for the rest."""
    for name, body in update.items():
        if name == "update_id" or not isinstance(body, dict):
            continue
        place = body.get("chat") or (body.get("message") or {}).get("chat") or body.get("from") or {}
        return int(place.get("id", 0))
    return 0


def _is_address(url: str) -> bool:
    try:
        address = urlsplit(url)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:  # brackets or a port that are none
        return False


def _post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=_TIMEOUT)
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read(1_000_000)
        return Answer(response.status, _seconds(response.getheader("Retry-After")), content)
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, error=f"{type(error).__name__}: {error}")
    finally:
        connection.close()


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdigit() else None
