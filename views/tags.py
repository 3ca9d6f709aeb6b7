"""What is noted of a person, as staff choose it on the card."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.people_seen import PersonCard
from views.message import Button, Message
from views.safe import line, plain
from views.voice import Voice, block, card, press, rows


def person_tags(params: Mapping[str, Scalar], facts: PersonCard, voice: Voice) -> Message:
    """Each tag with whether the person has it; one that is no longer in the list can be taken off."""
    known = [tag.code for tag in voice.rules.tags]
    codes = (*known, *(code for code in facts.tags if code not in known))
    choices = (
        Button(
            f"{'✅' if code in facts.tags else '▫️'} {plain(voice.tag(code))}",
            press("person.untag" if code in facts.tags else "person.tag", facts.id, code),
        )
        for code in codes
    )
    return Message(
        card(
            block(
                voice.on_top(params),
                voice.say("tags.title", name=line(facts.name, limit=64)),
            ),
            voice.say("tags.how" if codes else "tags.none"),
        ),
        keyboard=(*rows(choices, width=2), (voice.button("button.back", "person.back", facts.id),)),
    )
