"""The bot changes what it wrote: edits and deletions. Raises ApiError in Telegram's words."""

from __future__ import annotations

from sandbox.content import caption_fields, inline_keyboard, text_fields
from sandbox.errors import bad_request
from sandbox.sending import Call, input_media, open_chat
from sandbox.world import Json, World

_UNCHANGED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
_DELETABLE = 48 * 3600
_CONTENT = (
    "text",
    "entities",
    "caption",
    "caption_entities",
    "photo",
    "video",
    "document",
    "audio",
    "animation",
)


def edit_text(world: World, params: Json) -> Json:
    message = _own(world, params)
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    return _save(world, params, message, text_fields(world, params))


def edit_caption(world: World, params: Json) -> Json:
    message = _own(world, params)
    media = {k: message[k] for k in _CONTENT if k in message and not k.startswith("caption")}
    if not media or "text" in message:
        raise bad_request("there is no caption in the message to edit")
    return _save(world, params, message, {**media, **caption_fields(world, params)})


def edit_media(world: World, params: Json) -> Json:
    message = _own(world, params)
    return _save(world, params, message, input_media(world, params["media"], params))


def edit_markup(world: World, params: Json) -> Json:
    message = _own(world, params)
    return _save(world, params, message, {k: message[k] for k in _CONTENT if k in message})


def _own(world: World, params: Json) -> Json:
    if "inline_message_id" in params:
        raise bad_request("not supported by this sandbox: inline_message_id")
    if "chat_id" not in params:
        raise bad_request("chat_id is empty")
    if "message_id" not in params:
        raise bad_request("message identifier is not specified")
    chat_id = open_chat(world, params["chat_id"])
    message: Json | None = world.messages(chat_id).get(params["message_id"])
    if message is None:
        raise bad_request("message to edit not found")
    if message["from"]["id"] != world.bot["id"]:
        raise bad_request("message can't be edited")
    return message


def _save(world: World, params: Json, message: Json, content: Json) -> Json:
    changed = {k: v for k, v in message.items() if k not in _CONTENT and k != "reply_markup"}
    changed.update(content)
    keyboard = inline_keyboard(params["reply_markup"]) if params.get("reply_markup") else None
    # An edit without a keyboard takes the old one away, as on Telegram.
    if keyboard is not None:
        changed["reply_markup"] = keyboard
    if {k: v for k, v in message.items() if k != "edit_date"} == {
        k: v for k, v in changed.items() if k != "edit_date"
    }:
        raise bad_request(_UNCHANGED)
    changed["edit_date"] = world.now()
    world.replace(message["chat"]["id"], changed)
    return changed


def delete_message(world: World, params: Json) -> bool:
    chat_id = open_chat(world, params["chat_id"])
    message = world.messages(chat_id).get(params["message_id"])
    if message is None:
        raise bad_request("message to delete not found")
    if world.now() - message["date"] > _DELETABLE:
        raise bad_request("message can't be deleted for everyone")
    if chat_id in world.groups and message["from"]["id"] != world.bot["id"]:
        raise bad_request("message can't be deleted")
    world.remove(chat_id, params["message_id"])
    return True


def delete_messages(world: World, params: Json) -> bool:
    wanted = params["message_ids"]
    if not 1 <= len(wanted) <= 100 or not all(isinstance(number, int) for number in wanted):
        raise bad_request("message_ids must hold 1-100 identifiers")
    chat_id = open_chat(world, params["chat_id"])
    for message_id in wanted:
        # Telegram skips those that are gone.
        if message_id in world.messages(chat_id):
            delete_message(world, {"chat_id": chat_id, "message_id": message_id})
    return True


EDITING: dict[str, Call] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageMedia": edit_media,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
}
