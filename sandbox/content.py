"""What a message holds: media objects, and the checks Telegram makes of texts, captions and keyboards.

Pure but for the files it stores and the world it reads. Who may send what where is not decided here.
"""

from __future__ import annotations

import struct
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import bad_request
from sandbox.markup import formatted, utf16
from sandbox.methods import Upload
from sandbox.world import Json, World

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_BUTTONS = 100
MAX_BUTTON_DATA = 64
MAX_DOWNLOAD = 20 * 1024 * 1024
MEDIA = ("photo", "video", "voice", "document", "sticker", "audio", "animation")
# A button does one thing; Telegram wants exactly one of these.
_ACTIONS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
)  # fmt: skip
_DEFAULT_NAMES = {
    "photo": ("photo.jpg", "image/jpeg"),
    "video": ("video.mp4", "video/mp4"),
    "voice": ("voice.ogg", "audio/ogg"),
    "document": ("file.bin", "application/octet-stream"),
    "sticker": ("sticker.webp", "image/webp"),
    "audio": ("audio.mp3", "audio/mpeg"),
    "animation": ("animation.mp4", "video/mp4"),
}


def text_fields(world: World, params: Json) -> Json:
    """`text` and `entities` of a message from a call's parameters."""
    text, entities = formatted(
        params["text"], parse_mode=params.get("parse_mode"), entities=params.get("entities")
    )
    if not text:
        raise bad_request("message text is empty")
    if utf16(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return _with_marks(world, "text", text, "entities", entities)


def caption_fields(world: World, params: Json) -> Json:
    """`caption` and `caption_entities`, nothing when there is no caption."""
    text, entities = formatted(
        params.get("caption", ""),
        parse_mode=params.get("parse_mode"),
        entities=params.get("caption_entities"),
    )
    if utf16(text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return _with_marks(world, "caption", text, "caption_entities", entities) if text else {}


def _with_marks(world: World, name: str, text: str, marks_name: str, marks: list[Json]) -> Json:
    fields: Json = {name: text}
    kept = []
    for mark in marks:
        url = mark.get("url", "")
        if url.startswith("tg://user?id="):
            user_id = url.removeprefix("tg://user?id=")
            if not user_id.isdigit() or int(user_id) not in world.people:
                continue  # a mention of nobody the bot may know is plain text
            mark = {k: v for k, v in mark.items() if k != "url"}
            mark.update(type="text_mention", user=world.user(int(user_id)))
        kept.append(mark)
    if kept:
        fields[marks_name] = kept
    return fields


def inline_keyboard(markup: Json) -> Json | None:
    """The inline keyboard, checked; None when it has no buttons."""
    rows = markup.get("inline_keyboard")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    buttons = [button for row in rows for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    for button in buttons:
        _check_button(button)
    rows = [row for row in rows if row]
    return {"inline_keyboard": rows} if rows else None


def _check_button(button: Any) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request(
            "can't parse inline keyboard button: InlineKeyboardButton must be an Object with text"
        )
    if not button["text"].strip():
        raise bad_request("can't parse inline keyboard button: text must be non-empty")
    actions = [name for name in _ACTIONS if name in button]
    if len(actions) != 1:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
            if not actions
            else f"can't parse inline keyboard button: exactly one of {', '.join(actions)} may be there"
        )
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= MAX_BUTTON_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not _is_link(button["url"]):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def _is_link(url: Any) -> bool:
    try:
        address = urlsplit(str(url))
    except ValueError:
        return False
    return address.scheme in ("http", "https", "tg", "mailto", "tel") and bool(address.netloc or address.path)


def markup_of(world: World, chat_id: int, params: Json) -> tuple[Json | None, Json | None]:
    """The inline keyboard of a message to be sent, and the change it makes to the reply keyboard, each None if none.

    The change is a ReplyKeyboardMarkup, a ForceReply or a ReplyKeyboardRemove object, checked.
    """
    markup = params.get("reply_markup")
    if not markup:
        return None, None
    if "inline_keyboard" in markup:
        return inline_keyboard(markup), None
    if markup.get("remove_keyboard") is True or markup.get("force_reply") is True:
        return None, markup
    rows = markup.get("keyboard")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and row for row in rows):
        raise bad_request(
            "object expected as reply markup: no inline_keyboard, keyboard, remove_keyboard or force_reply"
        )
    keyboard = [[{"text": b} if isinstance(b, str) else b for b in row] for row in rows]
    for button in (button for row in keyboard for button in row):
        if not isinstance(button, dict) or not str(button.get("text", "")).strip():
            raise bad_request("can't parse keyboard button: text must be non-empty")
        if button.get("request_contact") and chat_id in world.groups:
            raise bad_request("phone number can be requested in private chats only")
        if button.get("request_location") and chat_id in world.groups:
            raise bad_request("location can be requested in private chats only")
    return None, {**markup, "keyboard": keyboard}


def media_fields(world: World, kind: str, given: Upload | str) -> Json:
    """`photo`, `voice` … of a message: a new upload is stored, a string is the id of a file sent before."""
    if isinstance(given, Upload):
        if not given.content:
            raise bad_request("file must be non-empty")
        name, mime = _DEFAULT_NAMES[kind]
        # Telegram makes a JPEG of any photo and gives it no name.
        if kind != "photo" or given.mime.startswith("image/"):
            name, mime = given.name or name, given.mime or mime
        row = world.keep_file(kind=kind, content=given.content, name=name, mime=mime)
    elif given in world.files:
        row = world.files[given]
        if row["kind"] != kind and kind != "document":
            raise bad_request(f"can't use file of type {row['kind'].title()} as {kind.title()}")
    elif given.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content: this sandbox fetches nothing")
    else:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return {kind: _media_object(world, kind, row)}


def _media_object(world: World, kind: str, row: Json) -> Any:
    media = {k: row[k] for k in ("file_id", "file_unique_id", "file_size")}
    if kind == "photo":
        width, height = _picture_size(world.file_bytes(row["file_id"]))
        return [{**media, "width": width, "height": height}]
    if kind == "sticker":
        size = {"width": 512, "height": 512, "is_animated": False, "is_video": False}
        return {**media, "type": "regular", **size}
    media["mime_type"] = row["mime_type"]
    if kind == "voice":
        return {**media, "duration": 3}
    media["file_name"] = row["file_name"]
    if kind in ("video", "animation"):
        return {**media, "duration": 3, "width": 640, "height": 360}
    return {**media, "duration": 3} if kind == "audio" else media


def _picture_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG or a JPEG in pixels; a usual size for anything else."""
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    at = 2
    while content[:2] == b"\xff\xd8" and at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        # SOF0 to SOF15 carry the size; 0xC4, 0xC8 and 0xCC in that range are other tables.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return 1280, 960
