"""Carries out what a handler answers: at most one action for each update, and every update finished.

Knows the order of things (a press is answered first, what is sent is sent before it is finished). Which handler
answers which update is said in the registrations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.base import CONSENT_AGAIN, Refused, Scalar
from handlers import gate
from handlers.speaker import Speaker
from handlers.turn import Answer, Change, Do, Handler, Heard, Nothing, Say, Show, Turn
from storage.drafts import Draft
from storage.outbox import Reply, consent_question
from storage.unit import Done, Outcome, Refusal, Store
from views.catalogue import Texts, language_of
from views.kinds import said
from views.message import Message, Reader
from views.safe import cut, plain
from views.voice import Voice

MAX_TOAST = 200
STRANGER = "toast.start_first"


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs handlers against a store and a speaker."""

    store: Store
    speaker: Speaker
    texts: Texts

    async def run(self, handler: Handler, turn: Turn) -> Answer:
        """The answer that was carried out. Errors other than refusals reach the caller, with the update not done."""
        try:
            answer = await handler(turn)
            if isinstance(answer, Do):
                gate.allow(turn, answer.action)
        except Refused as refused:
            answer = await self._refused(turn, refused)
        match answer:
            case Do():
                await self._do(turn, answer)
            case Show():
                await self._show(turn, answer)
            case Heard():
                await self._heard(turn, answer)
            case Nothing(mute=mute):
                if not mute:
                    await self._answer(turn)
                await self.store.finish(turn.update_id, now=turn.now, who=turn.who)
        return answer

    async def _refused(self, turn: Turn, refused: Refused) -> Show:
        """A look-up said no: the one who asked is told, in a window over the chat or in words."""
        stranger = not (await turn.actor()).person_id
        key, params = (STRANGER, {}) if stranger else (refused.key, refused.params)
        if refused.key == CONSENT_AGAIN:
            question = consent_question(turn.who.telegram_id, turn.rules.consent_version)
            return Show(toast=key, alert=True, replies=(question,))
        if turn.press is not None:
            return Show(toast=key, params=params, alert=True)
        return Show((Say(said(key, voice=await turn.voice(), **params)),)) if turn.private else Show()

    async def _do(self, turn: Turn, do: Do) -> None:
        if_refused = do.if_refused
        if if_refused is None and turn.press is None:
            if_refused = Reply("refused", turn.chat_id)
        outcome = await self.store.perform(
            do.action,
            turn.who,
            now=turn.now,
            update_id=turn.update_id,
            draft=do.draft,
            replies=do.replies,
            if_refused=if_refused,
        )
        await self._answer_outcome(turn, do, outcome)

    async def _answer_outcome(self, turn: Turn, do: Do, outcome: Outcome) -> None:
        match outcome:
            case Refusal(key=key, params=params, actor=actor):
                if not actor.person_id:
                    await self._answer(turn, STRANGER, language=language_of(turn.who.language), alert=True)
                else:
                    await self._answer(turn, key, params=params, language=actor.language, alert=True)
            case Done(actor=actor):
                gate.done(turn, do.action)
                await self._answer(turn, do.toast, language=actor.language)
            case _:
                await self._answer(turn)

    async def _show(self, turn: Turn, show: Show) -> None:
        if turn.press is not None:
            language = await turn.language() if show.toast else ""
            await self._answer(turn, show.toast, params=show.params, language=language, alert=show.alert)
        shown: int | None = None
        for say in show.says:
            message = say.message if isinstance(say.message, Message) else await say.message()
            if say.edit is None:
                shown = await self.speaker.send(turn.chat_id, message)
            else:
                shown = await self.speaker.edit(turn.chat_id, say.edit, message)
        draft = show.draft
        if isinstance(draft, Draft) and show.says:
            draft = replace(draft, message_id=shown)
        if show.noting is not None:
            await self.store.perform(
                show.noting,
                turn.who,
                now=turn.now,
                update_id=turn.update_id,
                draft=draft,
                replies=show.replies,
            )
            return
        await self.store.finish(turn.update_id, now=turn.now, who=turn.who, draft=draft, replies=show.replies)

    async def _heard(self, turn: Turn, heard: Heard) -> None:
        store, update_id, now = self.store, turn.update_id, turn.now
        match heard.change:
            case Change.PERSON_LEFT:
                await store.person_left(update_id, telegram_id=heard.chat_id, now=now)
            case Change.PERSON_RETURNED:
                await store.person_returned(update_id, telegram_id=heard.chat_id, now=now)
            case Change.GROUP_LEFT:
                await store.group_left(update_id, chat_id=heard.chat_id, now=now)
            case Change.GROUP_MIGRATED:
                await store.group_migrated(
                    update_id, chat_id=heard.chat_id, to_chat_id=heard.to_chat_id, now=now
                )

    async def _answer(
        self,
        turn: Turn,
        key: str | None = None,
        *,
        params: Mapping[str, Scalar] | None = None,
        language: str = "",
        alert: bool = False,
    ) -> None:
        """The waiting sign goes off a pressed button, with words when there are any."""
        if turn.press is None:
            return
        voice = Voice(self.texts, Reader(language), turn.rules, turn.now)
        text = cut(plain(voice.say(key, **(params or {}))), MAX_TOAST) if key else ""
        await self.speaker.answer(turn.press.callback_id, text, alert=alert)
