"""The bot writes: sendMessage and its kin. Each function takes the world and a call's typed parameters.

Whether the bot may write there, and what the message then looks like. Raises ApiError in Telegram's words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sandbox.acts import without_reply
from sandbox.content import caption_fields, markup_of, media_fields, text_fields
from sandbox.errors import bad_request, forbidden
from sandbox.methods import Upload
from sandbox.world import PRESS_LIFE, Json, World

Call: TypeAlias = Callable[[World, Json], Any]

_ALBUM_KINDS = ("photo", "video", "document", "audio")
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def known_chat(world: World, chat_id: int | str) -> int:
    """The chat's id. Raises 400 when no such chat is known to the bot."""
    if chat_id in world.people or chat_id in world.groups:
        return int(chat_id)
    raise bad_request("chat not found")


def open_chat(world: World, chat_id: int | str) -> int:
    """The chat's id, when the bot may write there now."""
    known = known_chat(world, chat_id)
    if known in world.groups:
        _check_group(world.groups[known])
        return known
    person = world.people[known]
    if person["deactivated"]:
        raise forbidden("user is deactivated")
    if person["blocked"]:
        raise forbidden("bot was blocked by the user")
    if not person["started"]:
        raise forbidden("bot can't initiate conversation with a user")
    return known


def _check_group(group: Json) -> None:
    if group["migrated_to"]:
        raise bad_request(
            "group chat was upgraded to a supergroup chat",
            parameters={"migrate_to_chat_id": group["migrated_to"]},
        )
    if group["bot"] == "kicked":
        raise forbidden(f"bot was kicked from the {group['type']} chat")
    if group["bot"] == "left":
        raise forbidden(f"bot is not a member of the {group['type']} chat")


def _deliver(world: World, params: Json, build: Callable[[], Json]) -> Json:
    """Post what `build` makes, once the chat, the reply and the keyboard are known to be right."""
    chat_id = open_chat(world, params["chat_id"])
    inline, keyboard = markup_of(world, chat_id, params)
    reply = _replied(world, chat_id, params)
    content = {**reply, **build()}
    if inline is not None:
        content["reply_markup"] = inline
    if params.get("protect_content"):
        content["has_protected_content"] = True
    if keyboard is not None:
        _change_keyboard(world, chat_id, keyboard)
    return world.post(chat_id, sender=world.bot, content=content)


def _replied(world: World, chat_id: int, params: Json) -> Json:
    reply = params.get("reply_parameters")
    if reply is None:
        return {}
    wanted = reply.get("message_id")
    original = world.messages(chat_id).get(wanted) if isinstance(wanted, int) else None
    if original is not None:
        return {"reply_to_message": without_reply(original)}
    if reply.get("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")


def _change_keyboard(world: World, chat_id: int, keyboard: Json) -> None:
    if "keyboard" in keyboard:
        world.tables.put("keyboards", chat_id, keyboard)
    elif keyboard.get("remove_keyboard"):
        world.tables.drop("keyboards", chat_id)


def send_message(world: World, params: Json) -> Json:
    return _deliver(world, params, lambda: text_fields(world, params))


def send_location(world: World, params: Json) -> Json:
    latitude, longitude = params["latitude"], params["longitude"]
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad_request("wrong location specified")
    return _deliver(world, params, lambda: {"location": {"latitude": latitude, "longitude": longitude}})


def send_contact(world: World, params: Json) -> Json:
    fields = ("phone_number", "first_name", "last_name", "vcard")
    contact = {field: params[field] for field in fields if params.get(field)}
    if "phone_number" not in contact or "first_name" not in contact:
        raise bad_request("contact phone number and first name must be non-empty")
    return _deliver(world, params, lambda: {"contact": contact})


def _send_media(kind: str) -> Call:
    def send(world: World, params: Json) -> Json:
        # The caption first: a refused message must not leave a stored file behind.
        def build() -> Json:
            caption = caption_fields(world, params)
            return {**media_fields(world, kind, _file(params[kind], params)), **caption}

        return _deliver(world, params, build)

    return send


def _file(given: Any, params: Json) -> Upload | str:
    """The upload an `attach://name` points at, or what was given itself."""
    if isinstance(given, str) and given.startswith("attach://"):
        upload = params.get("uploads", {}).get(given.removeprefix("attach://"))
        if upload is None:
            raise bad_request(f"can't find the file {given} in the request")
        given = upload
    if not isinstance(given, str | Upload):
        raise bad_request("invalid file: an upload, attach:// or a file_id is needed")
    return given


def input_media(world: World, media: Any, params: Json) -> Json:
    """Content of a message from an InputMedia object: the media and its caption."""
    if not isinstance(media, dict) or media.get("type") not in (*_ALBUM_KINDS, "animation"):
        raise bad_request("can't parse InputMedia: unsupported type specified")
    if "media" not in media:
        raise bad_request("can't parse InputMedia: media not found")
    caption = caption_fields(world, media)
    return {**media_fields(world, media["type"], _file(media["media"], params)), **caption}


def send_media_group(world: World, params: Json) -> list[Json]:
    chat_id = open_chat(world, params["chat_id"])
    items = params["media"]
    if not 2 <= len(items) <= 10:
        raise bad_request("media group must include 2-10 items")
    kinds = {item.get("type") if isinstance(item, dict) else None for item in items}
    if not kinds <= set(_ALBUM_KINDS) or (len(kinds) > 1 and not kinds <= {"photo", "video"}):
        raise bad_request("media of these types can't be sent together in an album")
    reply = _replied(world, chat_id, params)
    contents = [input_media(world, item, params) for item in items]
    album = world.album_id()
    return [
        world.post(chat_id, sender=world.bot, content={**reply, "media_group_id": album, **content})
        for content in contents
    ]


def send_chat_action(world: World, params: Json) -> bool:
    chat_id = open_chat(world, params["chat_id"])
    if params["action"] not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.publish({"type": "chat_action", "chat_id": chat_id, "action": params["action"]})
    return True


def answer_callback_query(world: World, params: Json) -> bool:
    press = world.presses.get(params["callback_query_id"])
    if press is None or world.clock() - press["at"] > PRESS_LIFE:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = params.get("text", "")
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    world.answered(
        chat_id=press["chat_id"],
        user_id=press["user_id"],
        text=text,
        show_alert=bool(params.get("show_alert")),
    )
    return True


SENDING: dict[str, Call] = {
    "sendMessage": send_message,
    "sendLocation": send_location,
    "sendContact": send_contact,
    "sendMediaGroup": send_media_group,
    "sendChatAction": send_chat_action,
    "answerCallbackQuery": answer_callback_query,
    **{
        f"send{kind.title()}": _send_media(kind)
        for kind in ("photo", "video", "voice", "document", "sticker", "audio", "animation")
    },
}
