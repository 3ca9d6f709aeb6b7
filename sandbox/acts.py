"""What people do: write, press, share, block, come and go. Each act changes the world and tells the bot by an update.

Knows nothing of HTTP. Raises ActError with a sentence when a person could not do such a thing.
"""

from __future__ import annotations

from typing import Any

from sandbox.content import media_fields
from sandbox.errors import ActError, ApiError
from sandbox.markup import with_found
from sandbox.methods import Upload
from sandbox.world import Json, World

_IN_GROUP = frozenset({"creator", "administrator", "member"})
_FIRST_PERSON = 5_000_000_001
_FIRST_GROUP = 4_100_001
_FIRST_SUPERGROUP = 1_000_000_000_000 + 2_200_000_001


class Acts:
    """The verbs of people in one world. `chat_id` None is the person's private chat with the bot."""

    def __init__(self, world: World) -> None:
        self.world = world

    # who there is

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
    ) -> Json:
        if not first_name.strip():
            raise ActError("A person needs a first name.")
        if user_id is None:
            user_id = self.world.next_number("person", first=_FIRST_PERSON)
            while user_id in self.world.people:
                user_id = self.world.next_number("person", first=_FIRST_PERSON)
        if user_id in self.world.people or user_id <= 0:
            raise ActError(f"The user id {user_id} is taken or not positive.")
        person = {
            "user_id": user_id,
            "first_name": first_name,
            "last_name": last_name,
            "username": username,
            "language_code": language_code,
            "phone": phone or f"+86138{user_id % 100_000_000:08d}",
            "note": note,
            "started": started,
            "blocked": False,
            "deactivated": False,
        }
        self.world.save_person(person)
        return person

    def add_group(self, *, title: str, members: list[int], creator: int, supergroup: bool = False) -> Json:
        """A group the bot is put into by its creator."""
        for user_id in (*members, creator):
            self._person(user_id)
        if supergroup:
            chat_id = -self.world.next_number("supergroup", first=_FIRST_SUPERGROUP)
        else:
            chat_id = -self.world.next_number("group", first=_FIRST_GROUP)
        group = {
            "chat_id": chat_id,
            "title": title,
            "type": "supergroup" if supergroup else "group",
            "members": {**{str(user_id): "member" for user_id in members}, str(creator): "creator"},
            "bot": "left",
            "migrated_to": None,
        }
        self.world.save_group(group)
        self._bot_status(chat_id, by=creator, status="member")
        self._say(creator, chat_id, {"new_chat_members": [self.world.bot]})
        return group

    # writing

    def text(
        self, user_id: int, *, text: str, chat_id: int | None = None, reply_to: int | None = None
    ) -> Json:
        if not text.strip():
            raise ActError("A message needs some text.")
        content: Json = {"text": text}
        marks = with_found(text, [])
        if marks:
            content["entities"] = marks
        return self._say(user_id, chat_id, content, reply_to=reply_to)

    def start(self, user_id: int, *, payload: str | None = None) -> Json:
        return self.text(user_id, text=f"/start {payload}" if payload else "/start")

    def media(
        self,
        user_id: int,
        *,
        kind: str,
        file: Upload,
        caption: str = "",
        chat_id: int | None = None,
        media_group_id: str | None = None,
    ) -> Json:
        self._may_write(user_id, chat_id)
        try:
            content = media_fields(self.world, kind, file)
        except ApiError as error:
            raise ActError(error.description) from None
        if caption:
            content["caption"] = caption
            marks = with_found(caption, [])
            if marks:
                content["caption_entities"] = marks
        if media_group_id:
            content["media_group_id"] = media_group_id
        return self._say(user_id, chat_id, content)

    def location(
        self, user_id: int, *, latitude: float, longitude: float, chat_id: int | None = None
    ) -> Json:
        place = {"latitude": latitude, "longitude": longitude}
        return self._say(user_id, chat_id, {"location": place})

    def contact(
        self,
        user_id: int,
        *,
        own: bool = True,
        phone_number: str = "",
        first_name: str = "",
        contact_user_id: int | None = None,
        chat_id: int | None = None,
    ) -> Json:
        """Share the own card, or somebody else's (whose user id is often not known)."""
        if own:
            person = self._person(user_id)
            contact = {
                "phone_number": person["phone"],
                "first_name": person["first_name"],
                "user_id": user_id,
            }
        else:
            contact = {"phone_number": phone_number, "first_name": first_name}
            if contact_user_id is not None:
                contact["user_id"] = contact_user_id
        return self._say(user_id, chat_id, {"contact": contact})

    def edit(self, user_id: int, *, message_id: int, text: str, chat_id: int | None = None) -> Json:
        chat_id = self._may_write(user_id, chat_id)
        message = self.world.messages(chat_id).get(message_id)
        if message is None or message["from"]["id"] != user_id or "text" not in message:
            raise ActError("One can only edit a text one wrote oneself.")
        changed = {**message, "text": text, "edit_date": self.world.now()}
        changed.pop("entities", None)
        marks = with_found(text, [])
        if marks:
            changed["entities"] = marks
        self.world.replace(chat_id, changed)
        self.world.tell("edited_message", changed)
        return changed

    # pressing

    def press(self, user_id: int, *, message_id: int, data: str, chat_id: int | None = None) -> Json:
        """Press a button that is there."""
        where = chat_id or user_id
        message = self.world.messages(where).get(message_id, {})
        if data not in button_data(message):
            raise ActError(f"There is no button with the data {data!r} under message {message_id}.")
        return self.forge(user_id, message_id=message_id, data=data, chat_id=chat_id)

    def forge(self, user_id: int, *, message_id: int, data: str, chat_id: int | None = None) -> Json:
        """Send a press as a client of one's own making can: any data, any message, also one that is gone."""
        where = chat_id or user_id
        person = self._person(user_id)
        if where == user_id and (person["blocked"] or not person["started"]):
            raise ActError("There is no conversation with the bot to press in.")
        message = self.world.messages(where).get(message_id) or {
            "message_id": message_id,
            "chat": self.world.chat(where),
            "date": 0,
        }
        press = {"user_id": user_id, "chat_id": where, "message_id": message_id}
        query_id = self.world.ask(press)
        self.world.next_moment()
        query = {
            "id": query_id,
            "from": self.world.user(user_id),
            "message": message,
            "chat_instance": str(-7_000_000_000 - abs(where)),
            "data": data,
        }
        self.world.tell("callback_query", query)
        return query

    # coming and going

    def block(self, user_id: int) -> None:
        self._set_blocked(user_id, blocked=True)

    def unblock(self, user_id: int) -> None:
        self._set_blocked(user_id, blocked=False)

    def deactivate(self, user_id: int) -> None:
        """Delete the account: the bot is told nothing and finds out when it writes."""
        self.world.save_person({**self._person(user_id), "deactivated": True})

    def join(self, user_id: int, *, chat_id: int) -> Json:
        self._set_member(user_id, chat_id=chat_id, status="member")
        return self._say(user_id, chat_id, {"new_chat_members": [self.world.user(user_id)]})

    def leave(self, user_id: int, *, chat_id: int) -> Json:
        message = self._say(user_id, chat_id, {"left_chat_member": self.world.user(user_id)})
        self._set_member(user_id, chat_id=chat_id, status="left")
        return message

    def promote(self, user_id: int, *, chat_id: int) -> None:
        """Make a member an administrator of the group."""
        self._set_member(user_id, chat_id=chat_id, status="administrator")

    def remove_bot(self, user_id: int, *, chat_id: int) -> None:
        self._member(user_id, chat_id)
        self._bot_status(chat_id, by=user_id, status="kicked")

    def migrate(self, *, chat_id: int) -> Json:
        """Make the group a supergroup with a new id; the old id answers with the new one from then on."""
        group = self._group(chat_id)
        if group["type"] == "supergroup" or group["migrated_to"]:
            raise ActError("Only a plain group can become a supergroup.")
        new_id = -self.world.next_number("supergroup", first=_FIRST_SUPERGROUP)
        self.world.save_group({**group, "chat_id": new_id, "type": "supergroup"})
        creator = next(int(user_id) for user_id, status in group["members"].items() if status == "creator")
        self._say(creator, chat_id, {"migrate_to_chat_id": new_id})
        self.world.save_group({**group, "migrated_to": new_id})
        self._say(creator, new_id, {"migrate_from_chat_id": chat_id})
        return self._group(new_id)

    # shared

    def _say(self, user_id: int, chat_id: int | None, content: Json, *, reply_to: int | None = None) -> Json:
        where = self._may_write(user_id, chat_id)
        if where == user_id and not self._person(user_id)["started"]:
            self.world.save_person({**self._person(user_id), "started": True})
        if reply_to is not None:
            original = self.world.messages(where).get(reply_to)
            if original is None:
                raise ActError(f"There is no message {reply_to} to reply to.")
            content = {"reply_to_message": without_reply(original), **content}
        message = self.world.post(where, sender=self.world.user(user_id), content=content)
        if where not in self.world.groups or self.world.groups[where]["bot"] in _IN_GROUP:
            self.world.tell("message", message)
        return message

    def _may_write(self, user_id: int, chat_id: int | None) -> int:
        person = self._person(user_id)
        if chat_id is None or chat_id == user_id:
            if person["blocked"]:
                raise ActError(f"{person['first_name']} has blocked the bot and must unblock it first.")
            return user_id
        if self._group(chat_id)["migrated_to"]:
            raise ActError("This group became a supergroup; write there.")
        self._member(user_id, chat_id)
        return chat_id

    def _person(self, user_id: int) -> Json:
        person: Json | None = self.world.people.get(user_id)
        if person is None:
            raise ActError(f"There is no person with the id {user_id}.")
        if person["deactivated"]:
            raise ActError("This account is deleted.")
        return person

    def _group(self, chat_id: int) -> Json:
        group: Json | None = self.world.groups.get(chat_id)
        if group is None:
            raise ActError(f"There is no group with the id {chat_id}.")
        return group

    def _member(self, user_id: int, chat_id: int) -> str:
        status: str = self._group(chat_id)["members"].get(str(user_id), "left")
        if status not in _IN_GROUP:
            raise ActError("This person is not in the group.")
        return status

    def _set_blocked(self, user_id: int, *, blocked: bool) -> None:
        person = self._person(user_id)
        if person["blocked"] == blocked:
            return
        self.world.next_moment()
        self.world.save_person({**person, "blocked": blocked})
        old, new = ("member", "kicked") if blocked else ("kicked", "member")
        self._my_chat_member(user_id, by=user_id, old=old, new=new)

    def _set_member(self, user_id: int, *, chat_id: int, status: str) -> None:
        group, user = self._group(chat_id), self.world.user(self._person(user_id)["user_id"])
        old = group["members"].get(str(user_id), "left")
        self.world.save_group({**group, "members": {**group["members"], str(user_id): status}})
        body = {
            "chat": self.world.chat(chat_id),
            "from": user,
            "date": self.world.now(),
            "old_chat_member": member_object(user, old),
            "new_chat_member": member_object(user, status),
        }
        self.world.tell("chat_member", body)

    def _bot_status(self, chat_id: int, *, by: int, status: str) -> None:
        group = self._group(chat_id)
        self.world.save_group({**group, "bot": status})
        self._my_chat_member(chat_id, by=by, old=group["bot"], new=status)

    def _my_chat_member(self, chat_id: int, *, by: int, old: str, new: str) -> None:
        body = {
            "chat": self.world.chat(chat_id),
            "from": self.world.user(by),
            "date": self.world.now(),
            "old_chat_member": member_object(self.world.bot, old),
            "new_chat_member": member_object(self.world.bot, new),
        }
        self.world.tell("my_chat_member", body)


_RIGHTS = (
    "can_be_edited", "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
    "can_delete_stories",
)  # fmt: skip


def member_object(user: Json, status: str) -> Json:
    """A ChatMember object."""
    member: Json = {"user": user, "status": status}
    if status == "kicked":
        member["until_date"] = 0
    elif status == "creator":
        member["is_anonymous"] = False
    elif status == "administrator":
        member.update(dict.fromkeys(_RIGHTS, False), is_anonymous=False)
    return member


def without_reply(message: Json) -> Json:
    """A message as it stands inside another: replies go one level deep."""
    return {k: v for k, v in message.items() if k != "reply_to_message"}


def button_data(message: Json) -> list[str]:
    rows: list[list[dict[str, Any]]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]
