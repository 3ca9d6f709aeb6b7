"""The bot asks and sets: who it is, who others are, files, commands, the menu button. Raises ApiError in Telegram's words."""

from __future__ import annotations

import re
from typing import Any

from sandbox.acts import member_object
from sandbox.content import MAX_DOWNLOAD
from sandbox.errors import bad_request
from sandbox.sending import Call, known_chat, open_chat
from sandbox.world import Json, World

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SCOPES_OF_CHAT = ("chat", "chat_administrators", "chat_member")
_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators", *_SCOPES_OF_CHAT)
_ADMINS = ("creator", "administrator")


def get_me(world: World, params: Json) -> Json:
    return {
        **world.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def get_chat(world: World, params: Json) -> Json:
    chat_id = known_chat(world, params["chat_id"])
    if chat_id in world.groups:
        open_chat(world, chat_id)
    kinds = {
        "unlimited_gifts": False,
        "limited_gifts": False,
        "unique_gifts": False,
        "premium_subscription": False,
    }
    return {
        **world.chat(chat_id),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {**kinds, "gifts_from_channels": False},
    }


def _group(world: World, params: Json) -> Json:
    chat_id = open_chat(world, params["chat_id"])
    if chat_id not in world.groups:
        raise bad_request("there are no administrators in the private chat")
    group: Json = world.groups[chat_id]
    return group


def get_chat_member(world: World, params: Json) -> Json:
    chat_id, user_id = open_chat(world, params["chat_id"]), params["user_id"]
    if user_id == world.bot["id"]:
        status = world.groups[chat_id]["bot"] if chat_id in world.groups else "member"
        return member_object(world.bot, status)
    if user_id not in world.people:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if chat_id not in world.groups:
        return member_object(world.user(user_id), "member")
    return member_object(world.user(user_id), world.groups[chat_id]["members"].get(str(user_id), "left"))


def get_chat_administrators(world: World, params: Json) -> list[Json]:
    members = _group(world, params)["members"].items()
    return [
        member_object(world.user(int(user_id)), status) for user_id, status in members if status in _ADMINS
    ]


def get_chat_member_count(world: World, params: Json) -> int:
    members = _group(world, params)["members"].values()
    return 1 + sum(status in (*_ADMINS, "member") for status in members)


def leave_chat(world: World, params: Json) -> bool:
    group = _group(world, params)
    world.save_group({**group, "bot": "left"})
    return True


def get_file(world: World, params: Json) -> Json:
    row = world.files.get(params["file_id"])
    if row is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if row["file_size"] > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return {field: row[field] for field in ("file_id", "file_unique_id", "file_size", "file_path")}


# commands: one list per scope and language


def set_my_commands(world: World, params: Json) -> bool:
    commands = params["commands"]
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    kept = [_command(command) for command in commands]
    key = _commands_key(world, params)
    if kept:
        world.tables.put("commands", key, kept)
    else:
        world.tables.drop("commands", key)
    world.publish({"type": "commands"})
    return True


def _command(given: Any) -> Json:
    if not isinstance(given, dict) or not isinstance(given.get("command"), str):
        raise bad_request("can't parse BotCommand: expected an Object with command and description")
    name, description = given["command"].removeprefix("/"), given.get("description")
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not isinstance(description, str) or not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def get_my_commands(world: World, params: Json) -> list[Json]:
    found: list[Json] = world.tables.table("commands").get(_commands_key(world, params), [])
    return found


def delete_my_commands(world: World, params: Json) -> bool:
    world.tables.drop("commands", _commands_key(world, params))
    world.publish({"type": "commands"})
    return True


def _commands_key(world: World, params: Json) -> str:
    scope = params.get("scope") or {"type": "default"}
    kind = scope.get("type")
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    language = params.get("language_code", "")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    place = ""
    if kind in _SCOPES_OF_CHAT:
        if "chat_id" not in scope:
            raise bad_request("can't parse BotCommandScope: chat_id is empty")
        place = str(known_chat(world, _number(scope["chat_id"])))
    if kind == "chat_member":
        place += f":{_number(scope.get('user_id'))}"
    return f"{kind}|{place}|{language}"


def _number(given: Any) -> int:
    try:
        return int(given)
    except (TypeError, ValueError):
        raise bad_request("can't parse BotCommandScope: an identifier must be a number") from None


def commands_for(world: World, user_id: int) -> list[Json]:
    """The commands this person sees in the private chat: the nearest scope first, in it the own language first."""
    language = world.people[user_id].get("language_code") or ""
    for place in (f"chat|{user_id}", "all_private_chats|", "default|"):
        for spoken in (language[:2], ""):
            found: list[Json] | None = world.tables.table("commands").get(f"{place}|{spoken}")
            if found:
                return found
    return []


# the menu button


def set_chat_menu_button(world: World, params: Json) -> bool:
    button = params.get("menu_button") or {"type": "default"}
    if button.get("type") not in ("commands", "web_app", "default"):
        raise bad_request("can't parse MenuButton: unsupported type specified")
    key = str(known_chat(world, params["chat_id"])) if "chat_id" in params else "default"
    world.tables.put("menu_buttons", key, button)
    world.publish({"type": "commands"})
    return True


def get_chat_menu_button(world: World, params: Json) -> Json:
    buttons = world.tables.table("menu_buttons")
    general: Json = buttons.get("default", {"type": "commands"})
    own: Json = buttons.get(str(params.get("chat_id", "")), general)
    return own


ASKING: dict[str, Call] = {
    "getMe": get_me,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
    "getFile": get_file,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setChatMenuButton": set_chat_menu_button,
    "getChatMenuButton": get_chat_menu_button,
    "close": lambda world, params: True,
    "logOut": lambda world, params: True,
}
