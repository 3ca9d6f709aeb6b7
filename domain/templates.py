"""Templates of notices: what was composed once, under a name, to begin the next ones with. Source: docs/rules.md §7.

A template is its unit's: who may send in the unit's name uses, renames and drops it. It holds what a copy of a notice
would hold, and nothing of what became of the notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from domain.base import (
    Action,
    Actor,
    Decision,
    Entity,
    Event,
    Notice,
    Query,
    Refused,
    Scalar,
    Subject,
    Sweep,
    ToPerson,
    says_something,
)
from domain.lanes import Lane
from domain.notices.common import event_of
from domain.notices.shapes import CARD, OPTIONS, NoticeState, PublicNotice
from domain.permissions import Permission
from domain.queries import Place
from domain.rulebook import Rulebook

MAX_NAME = 30
MOST = 100
"""Templates of one unit."""
COMPOSED = ("texts", "media", "addressees", "kind", "valid_days", *OPTIONS)
"""The fields of a notice that a template keeps."""


@dataclass(frozen=True, slots=True)
class Template(Entity):
    """``composed``: the fields of ``COMPOSED`` as they were, in JSON's values."""

    unit_id: int
    name: str
    created_at: datetime
    composed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DropTemplate(Sweep):
    """A template is no more."""

    template_id: int


@dataclass(frozen=True, slots=True)
class SaveCase:
    """A notice to be kept as a template. ``names``: those its unit has already, folded."""

    notice: PublicNotice
    path: str
    new_id: int
    names: frozenset[str] = frozenset()

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class TemplateCase:
    """A template, the path of its unit ("" when that is closed) and the names of the others there, folded.

    ``new_notice``: the id of the next.
    """

    template: Template
    path: str
    names: frozenset[str] = frozenset()
    new_notice: int = 0

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class SaveTemplate(Action):
    """Keep what was composed of a notice, in whatever state, under a name."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    name: str


@dataclass(frozen=True, slots=True)
class UseTemplate(Action):
    """A new draft with everything of a template."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    template_id: int


@dataclass(frozen=True, slots=True)
class RenameTemplate(Action):
    """Call it so."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    template_id: int
    name: str


@dataclass(frozen=True, slots=True)
class DeleteTemplate(Action):
    """Have it no more. Notices made of it stay."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    template_id: int


def folded(name: str) -> str:
    """A name as far as two of them are the same."""
    return " ".join(name.split()).casefold()


def named(name: str, others: frozenset[str]) -> str:
    """A name as it is kept. Raises Refused for one that says nothing, is too long or is taken."""
    found = " ".join(name.split())
    if not says_something(found):
        raise Refused("form.words_needed")
    if len(found) > MAX_NAME:
        raise Refused("request.too_long", most=MAX_NAME)
    if folded(found) in others:
        raise Refused("template.taken", name=found)
    return found


def _event(name: str, template: Template, **data: Scalar) -> Event:
    return Event(name, "template", template.id, data, unit_id=template.unit_id)


def save(case: SaveCase, action: SaveTemplate, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The audience stays as it was chosen; whether it may be addressed is asked when a notice is sent."""
    name = named(action.name, case.names)
    if len(case.names) >= MOST:
        raise Refused("template.too_many", most=MOST)
    composed = {key: getattr(case.notice, key) for key in COMPOSED}
    composed["media"] = [list(one) for one in case.notice.media]
    template = Template(case.new_id, 0, case.notice.unit_id, name, now, composed)
    return Decision(
        saves=(template,),
        events=(_event("notice.template_saved", template, notice=case.notice.id),),
        result={"template_id": template.id},
    )


def use(case: TemplateCase, action: UseTemplate, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """To be read through and confirmed like any other notice."""
    template = case.template
    kept = {key: value for key, value in template.composed.items() if key in COMPOSED}
    kept["media"] = tuple((kind, file_id) for kind, file_id in kept.get("media", ()))
    notice = PublicNotice(
        case.new_notice,
        0,
        author_id=actor.person_id,
        unit_id=template.unit_id,
        state=NoticeState.DRAFT,
        created_at=now,
        **kept,
    )
    return Decision(
        saves=(notice,),
        events=(event_of("notice.composed", notice, template=template.id),),
        notices=(Notice(ToPerson(actor.person_id), CARD, notice.id, lane=Lane.PERSON, card=True),),
        result={"notice_id": notice.id},
    )


def rename(
    case: TemplateCase, action: RenameTemplate, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """To a name that no other of the unit has."""
    template = replace(case.template, name=named(action.name, case.names))
    return Decision(saves=(template,), events=(_event("notice.template_renamed", template),))


def delete(
    case: TemplateCase, action: DeleteTemplate, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """For good."""
    return Decision(
        sweeps=(DropTemplate(case.template.id),),
        events=(_event("notice.template_deleted", case.template),),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    SaveTemplate: save,
    UseTemplate: use,
    RenameTemplate: rename,
    DeleteTemplate: delete,
}

# --- what is shown --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A template in a list. ``words``: how it begins."""

    id: int
    name: str
    place: Place
    words: str = ""
    files: int = 0


@dataclass(frozen=True, slots=True)
class Beginnings:
    """With how many templates and unsent notices the reader may begin, each counted to ``COUNTED`` and no further."""

    templates: int = 0
    drafts: int = 0


@dataclass(frozen=True, slots=True)
class SeeBeginnings(Query):
    """``Beginnings``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE


@dataclass(frozen=True, slots=True)
class ListTemplates(Query):
    """Templates of the units for which the reader may send notices, by unit and name: ``Page[TemplateLine]``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeeTemplate(Query):
    """One of them: ``TemplateLine``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    template_id: int


@dataclass(frozen=True, slots=True)
class ListDrafts(Query):
    """Notices that were composed and are not sent, newest first: ``Page[NoticeLine]``."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    page: int = 1
