"""The rules of notices: what may follow what, state by state, and whose yes it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.addressees import Addressees
from domain.base import Action, Actor, Decision, Held, Refresh, Refused, Role, ToPerson, ToResponsible
from domain.notices import DECIDE
from domain.notices.correcting import AskAgain
from domain.notices.sending import needs_second, next_time, reminds_next
from domain.notices.shapes import (
    BEFORE,
    CARD,
    MAX_AHEAD,
    MAX_CAPTION,
    MAX_MEDIA,
    MAX_TEXT,
    ON_ITS_WAY,
    OPTIONS,
    OUT,
    Address,
    BeginCase,
    BeginNotice,
    CallCase,
    ConfirmNotice,
    CopyCase,
    CopyNotice,
    Errand,
    GoOnNotice,
    HoldNotice,
    Mailing,
    MarkCalled,
    MarkRead,
    NoticeCase,
    NoticeState,
    PublicNotice,
    PutMedia,
    PutText,
    ReadNotice,
    RemindNotice,
    SetTime,
    StartNotice,
    StopNotice,
    Switch,
    TakeBack,
    TickOffCall,
    WithdrawNotice,
)
from domain.notices.terms import Mute, MuteCase, MuteKind, SetKind, SetValid
from domain.rulebook import Rulebook

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATHS = {4: "1.2.4.", 5: "1.2.5.", 9: "1.3.9."}
SECRETARY = Actor(person_id=7, held=(Held(Role.SECRETARY, 2, "1.2."),))
ANOTHER = Actor(person_id=8, held=(Held(Role.SECRETARY, 2, "1.2."),))
LEADER = Actor(person_id=6, held=(Held(Role.LEADER, 4, PATHS[4]),))
RULES = Rulebook()
S = NoticeState

DRAFT = PublicNotice(
    1,
    3,
    author_id=7,
    unit_id=4,
    state=S.DRAFT,
    created_at=NOW - HOUR,
    texts={"zh": "停水"},
    addressees={"units": [4]},
)


def a_case(state: NoticeState = S.DRAFT, **changes: Any) -> NoticeCase:
    """A notice in this state, for forty people of building 4."""
    of_case = {name: changes.pop(name) for name in list(changes) if name in NoticeCase.__dataclass_fields__}
    notice = replace(DRAFT, state=state, **changes)
    return NoticeCase(notice, PATHS[4], **{"paths": PATHS, "count": 40, "new_mailing": 11, **of_case})


def decide(case: Any, action: Action, *, actor: Actor = SECRETARY, now: datetime = NOW) -> Decision:
    return DECIDE[type(action)](case, action, actor=actor, now=now, rules=RULES)


def notice_of(decision: Decision) -> PublicNotice:
    (found,) = [one for one in decision.saves if isinstance(one, PublicNotice)]
    return found


def walks(decision: Decision) -> list[Mailing]:
    return [one for one in decision.saves if isinstance(one, Mailing)]


def refusal(case: Any, action: Action, **named: Any) -> str:
    with pytest.raises(Refused) as refused:
        decide(case, action, **named)
    return refused.value.key


def walk(errand: Errand, **changes: Any) -> Mailing:
    return replace(Mailing(10, 0, 1, errand, created_at=NOW - HOUR, reached=30), **changes)


# --- what may follow what ---------------------------------------------------------------------------------------------------

MAY: Mapping[type[Action], tuple[Action, tuple[NoticeState, ...]]] = {
    PutText: (PutText(1, "zh", "后天停水", 4), (*BEFORE, *OUT)),
    PutMedia: (PutMedia(1, (("photo", "f"),)), BEFORE),
    Switch: (Switch(1, "urgent"), BEFORE),
    Address: (Address(1, Addressees((5,))), BEFORE),
    SetTime: (SetTime(1, NOW + HOUR), BEFORE),
    SetKind: (SetKind(1, "safety"), BEFORE),
    SetValid: (SetValid(1, days=7), BEFORE),
    ConfirmNotice: (ConfirmNotice(1, 3), (S.DRAFT, S.ASKED)),
    StartNotice: (StartNotice(1), (S.PLANNED,)),
    HoldNotice: (HoldNotice(1), (S.SENDING,)),
    GoOnNotice: (GoOnNotice(1), (S.PAUSED,)),
    StopNotice: (StopNotice(1), (*BEFORE, *ON_ITS_WAY)),
    WithdrawNotice: (WithdrawNotice(1), OUT),
    RemindNotice: (RemindNotice(1), (S.SENT, S.CANCELLED)),
}


@pytest.mark.parametrize("state", NoticeState)
@pytest.mark.parametrize("kind", MAY, ids=lambda kind: kind.__name__)
def test_what_may_follow_in_each_state(kind: type[Action], state: NoticeState) -> None:
    action, states = MAY[kind]
    # Whoever asked first, it is not who says yes now.
    case = a_case(state, confirmed_by=8 if state is S.ASKED else None)
    if state in states:
        decision = decide(case, action)
        assert notice_of(decision).id == 1
        assert [event.subject_id for event in decision.events] == [1]
    else:
        assert refusal(case, action) == "notice.not_now"


def test_every_action_on_a_notice_stands_in_the_table() -> None:
    of_others = {BeginNotice, CopyNotice, ReadNotice, TickOffCall, MuteKind, AskAgain}
    assert set(MAY) | of_others == set(DECIDE)


@pytest.mark.parametrize("state", [S.ASKED, S.PLANNED])
@pytest.mark.parametrize(
    "kind", [PutText, PutMedia, Switch, Address, SetTime, SetKind, SetValid], ids=lambda kind: kind.__name__
)
def test_what_changes_has_to_be_confirmed_anew(kind: type[Action], state: NoticeState) -> None:
    changed = notice_of(decide(a_case(state, confirmed_by=7, seconded_by=8), MAY[kind][0]))
    assert (changed.state, changed.confirmed_by, changed.seconded_by) == (S.DRAFT, None, None)


# --- composing ----------------------------------------------------------------------------------------------------------------

BEGIN = BeginCase(1, PATHS[4])


def test_a_new_one_is_a_draft_for_everybody_at_the_unit() -> None:
    decision = decide(BEGIN, BeginNotice(4, "zh", "停水", 2))
    notice = notice_of(decision)
    assert (notice.state, notice.author_id, notice.texts) == (S.DRAFT, 7, {"zh": "停水"})
    assert notice.whom == Addressees((4,))
    assert (notice.wants_read, notice.to_people, notice.urgent, notice.to_groups) == (
        True,
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("action", "key"),
    [
        (BeginNotice(4, "zh", "  ", 2), "form.words_needed"),
        (BeginNotice(4, "fr", "eau", 3), "form.words_needed"),
        (BeginNotice(4, "zh", "水", MAX_TEXT + 1), "notice.too_long"),
        (BeginNotice(4, "zh", "水", MAX_CAPTION + 1, (("photo", "f"),)), "notice.too_long"),
        (BeginNotice(4, "zh", "水", 1, (("photo", "f"),) * (MAX_MEDIA + 1)), "notice.too_many_files"),
        (BeginNotice(4, "zh", "水", 1, (("photo", "f"), ("document", "g"))), "notice.no_album"),
    ],
)
def test_what_cannot_be_a_notice_is_refused(action: BeginNotice, key: str) -> None:
    assert refusal(BEGIN, action) == key


@pytest.mark.parametrize(
    "action",
    [
        BeginNotice(4, "zh", "水", MAX_TEXT),
        BeginNotice(4, "zh", "水", MAX_CAPTION, (("photo", "f"),)),
        BeginNotice(4, "zh", "水", MAX_TEXT, (("photo", "f"), ("video", "g"))),
        BeginNotice(4, "zh", "", 0, (("document", "f"),)),
    ],
)
def test_up_to_the_limits_it_is_one(action: BeginNotice) -> None:
    assert notice_of(decide(BEGIN, action)).media == action.media


def test_a_language_is_added_and_taken_away_but_the_last_one_stays() -> None:
    both = notice_of(decide(a_case(), PutText(1, "en", "No water", 8)))
    assert both.texts == {"zh": "停水", "en": "No water"}
    case = a_case(texts=both.texts)
    assert notice_of(decide(case, PutText(1, "zh", "", 0))).texts == {"en": "No water"}
    assert refusal(a_case(), PutText(1, "zh", " ", 1)) == "form.words_needed"
    with_picture = a_case(media=(("photo", "f"),))
    assert notice_of(decide(with_picture, PutText(1, "zh", "", 0))).texts == {}
    assert refusal(a_case(texts={}, media=(("photo", "f"),)), PutMedia(1, ())) == "form.words_needed"


def test_words_under_a_picture_are_short() -> None:
    long = PutText(1, "zh", "水", MAX_CAPTION + 1)
    assert refusal(a_case(media=(("photo", "f"),)), long) == "notice.too_long"
    assert decide(a_case(), long)


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_turns_and_turns_back(option: str) -> None:
    case = a_case(to_people=True, to_groups=True)
    turned = notice_of(decide(case, Switch(1, option)))
    assert getattr(turned, option) is not getattr(case.notice, option)
    again = notice_of(decide(replace(case, notice=turned), Switch(1, option)))
    assert again == case.notice


def test_it_goes_to_people_or_groups_and_there_is_no_other_option() -> None:
    assert refusal(a_case(to_groups=False), Switch(1, "to_people")) == "notice.to_nobody"
    assert refusal(a_case(to_people=False, to_groups=True), Switch(1, "to_groups")) == "notice.to_nobody"
    assert refusal(a_case(), Switch(1, "state")) == "refused.not_found"


def test_only_units_that_one_leads_may_be_addressed_and_any_left_out() -> None:
    wanted = Addressees((4, 5), ("resident",), ("medical",), "en", (9,), ("leader",))
    assert notice_of(decide(a_case(), Address(1, wanted))).whom == wanted
    assert refusal(a_case(), Address(1, Addressees((4, 9)))) == "refused.not_found"
    assert refusal(a_case(), Address(1, wanted), actor=LEADER) == "refused.not_found"
    assert refusal(a_case(), Address(1, Addressees((77,)))) == "refused.not_found"
    assert refusal(a_case(), Address(1, Addressees())) == "notice.to_nobody"


@pytest.mark.parametrize(
    ("at", "key"),
    [
        (NOW, "notice.time_past"),
        (NOW - HOUR, "notice.time_past"),
        (NOW + MAX_AHEAD + timedelta(seconds=1), "notice.time_far"),
    ],
)
def test_a_time_is_ahead_and_within_a_year(at: datetime, key: str) -> None:
    assert refusal(a_case(), SetTime(1, at)) == key


def test_a_time_is_set_and_taken_away() -> None:
    assert notice_of(decide(a_case(), SetTime(1, NOW + MAX_AHEAD))).send_at == NOW + MAX_AHEAD
    assert notice_of(decide(a_case(send_at=NOW + HOUR), SetTime(1, None))).send_at is None


# --- confirming -----------------------------------------------------------------------------------------------------------------


def test_one_yes_to_few_and_it_begins() -> None:
    begun = notice_of(decide(a_case(), ConfirmNotice(1, 3)))
    assert (begun.state, begun.confirmed_by, begun.expected) == (S.FREEZING, 7, 40)
    assert (begun.begun_at, begun.frozen_to) == (NOW, 0)


def test_one_yes_to_one_with_a_time_and_it_is_planned() -> None:
    planned = notice_of(decide(a_case(send_at=NOW + HOUR), ConfirmNotice(1, 3)))
    assert (planned.state, planned.begun_at) == (S.PLANNED, None)


@pytest.mark.parametrize("many", [{"count": RULES.notices.second_above + 1}, {"top": True}])
def test_many_or_the_whole_community_need_a_second_yes_by_somebody_else(many: dict[str, Any]) -> None:
    decision = decide(a_case(**many), ConfirmNotice(1, 3))
    asked = notice_of(decision)
    assert (asked.state, asked.confirmed_by) == (S.ASKED, 7)
    (told,) = decision.notices
    assert told.to == ToResponsible(4, (Role.SECRETARY,), passing_over=frozenset({7}))
    case = a_case(S.ASKED, confirmed_by=7, expected=asked.expected, **many)
    assert refusal(case, ConfirmNotice(1, 3)) == "notice.not_twice"
    begun = notice_of(decide(case, ConfirmNotice(1, 3), actor=ANOTHER))
    assert (begun.state, begun.confirmed_by, begun.seconded_by) == (S.FREEZING, 7, 8)


@pytest.mark.parametrize(
    ("count", "top", "needed"),
    [
        (RULES.notices.second_above, False, False),
        (RULES.notices.second_above + 1, False, True),
        (1, True, True),
    ],
)
def test_how_many_need_a_second_yes(count: int, top: bool, needed: bool) -> None:
    assert needs_second(a_case(count=count, top=top), RULES) is needed


@pytest.mark.parametrize("state", [S.DRAFT, S.ASKED])
@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"author_may": False}, "notice.author_left"),
        ({"count": 0}, "notice.nobody"),
        ({"count": 40, "to_people": False, "to_groups": True}, "notice.nobody"),
        ({"send_at": NOW}, "notice.time_past"),
        ({"paths": {}}, "refused.not_found"),
        ({"addressees": {"units": [9]}}, "refused.not_found"),
    ],
)
def test_what_cannot_be_confirmed(state: NoticeState, changes: dict[str, Any], key: str) -> None:
    assert refusal(a_case(state, confirmed_by=8, **changes), ConfirmNotice(1, 3)) == key


@pytest.mark.parametrize("state", [S.DRAFT, S.ASKED])
def test_a_yes_is_to_what_was_seen(state: NoticeState) -> None:
    assert refusal(a_case(state, confirmed_by=8), ConfirmNotice(1, 2)) == "notice.changed"


def test_groups_alone_are_enough_to_be_sent() -> None:
    case = a_case(count=0, groups=1, to_people=False, to_groups=True)
    assert notice_of(decide(case, ConfirmNotice(1, 3))).state is S.FREEZING


def test_a_planned_one_begins_or_is_dropped_when_its_author_serves_no_more() -> None:
    clock = Actor.system("notices")
    assert notice_of(decide(a_case(S.PLANNED), StartNotice(1), actor=clock)).state is S.FREEZING
    decision = decide(a_case(S.PLANNED, author_may=False), StartNotice(1), actor=clock)
    assert notice_of(decision).state is S.DROPPED
    assert [told.to for told in decision.notices] == [ToPerson(7)]


# --- on its way -----------------------------------------------------------------------------------------------------------------


def test_held_and_gone_on_with_where_it_stood_and_a_correction_is_not_held() -> None:
    sending, correcting = walk(Errand.SEND), walk(Errand.CORRECT, id=12)
    decision = decide(a_case(S.SENDING, mailings=(sending, correcting)), HoldNotice(1))
    assert notice_of(decision).state is S.PAUSED
    assert walks(decision) == [replace(sending, held=True)]
    assert decision.sweeps == (TakeBack(1, again=True),)
    held = replace(sending, held=True)
    decision = decide(a_case(S.PAUSED, mailings=(held, correcting)), GoOnNotice(1))
    assert notice_of(decision).state is S.SENDING
    assert walks(decision) == [sending]


@pytest.mark.parametrize("state", BEFORE)
def test_stopped_before_anything_left_it_is_dropped(state: NoticeState) -> None:
    decision = decide(a_case(state), StopNotice(1))
    assert (notice_of(decision).state, decision.sweeps) == (S.DROPPED, ())


@pytest.mark.parametrize("state", ON_ITS_WAY)
def test_stopped_half_way_nothing_further_leaves(state: NoticeState) -> None:
    decision = decide(a_case(state, mailings=(walk(Errand.SEND),)), StopNotice(1))
    assert (notice_of(decision).state, notice_of(decision).finished_at) == (S.CANCELLED, NOW)
    assert [one.finished_at for one in walks(decision)] == [NOW]
    assert decision.sweeps == (TakeBack(1, again=False),)


def test_withdrawn_every_other_errand_ends_and_copies_are_fetched() -> None:
    under_way = (walk(Errand.SEND), walk(Errand.CORRECT, id=12))
    decision = decide(a_case(S.SENDING, mailings=under_way), WithdrawNotice(1))
    assert notice_of(decision).state is S.WITHDRAWN
    *ended, fetching = walks(decision)
    assert [one.finished_at for one in ended] == [NOW, NOW]
    assert (fetching.id, fetching.errand, fetching.reached) == (11, Errand.WITHDRAW, 0)
    assert decision.sweeps == (TakeBack(1, again=False),)


@pytest.mark.parametrize("state", OUT)
def test_corrected_after_it_has_left_every_copy_follows(state: NoticeState) -> None:
    decision = decide(a_case(state), PutText(1, "zh", "后天", 2))
    assert (notice_of(decision).state, notice_of(decision).texts) == (state, {"zh": "后天"})
    assert [(one.errand, one.reached, one.id) for one in walks(decision)] == [(Errand.CORRECT, 0, 11)]
    again = decide(a_case(state, mailings=(walk(Errand.CORRECT),)), PutText(1, "zh", "大后天", 3))
    assert [(one.errand, one.reached, one.id) for one in walks(again)] == [(Errand.CORRECT, 0, 10)]


def test_a_correction_says_when_it_was_and_which_language_lags_behind() -> None:
    both = {"zh": "周二", "en": "Tuesday"}
    first = notice_of(decide(a_case(S.SENT, texts=both), PutText(1, "zh", "周三", 2)))
    assert (first.corrected_at, first.uncorrected) == (NOW, "en")
    again = notice_of(decide(replace(a_case(), notice=first), PutText(1, "zh", "周四", 2)))
    assert again.uncorrected == "en"
    second = notice_of(decide(replace(a_case(), notice=again), PutText(1, "en", "Thursday", 8)))
    assert (second.texts, second.uncorrected) == ({"zh": "周四", "en": "Thursday"}, "")
    added = notice_of(decide(a_case(S.SENT), PutText(1, "en", "No water", 8)))
    assert (added.corrected_at, added.uncorrected) == (NOW, "")
    dropped = notice_of(decide(replace(a_case(), notice=first), PutText(1, "en", "", 0)))
    assert dropped.uncorrected == ""
    draft = notice_of(decide(a_case(texts=both), PutText(1, "zh", "周三", 2)))
    assert (draft.corrected_at, draft.uncorrected) == (None, "")


@pytest.mark.parametrize("state", NoticeState)
def test_after_a_correction_everybody_is_asked_to_look_again_once(state: NoticeState) -> None:
    case = a_case(state, corrected_at=NOW - HOUR)
    if state not in (S.SENT, S.CANCELLED):
        assert refusal(case, AskAgain(1)) == "notice.not_now"
        return
    assert refusal(a_case(state), AskAgain(1)) == "notice.not_now"
    decision = decide(case, AskAgain(1))
    assert notice_of(decision).again_at == NOW
    assert [(one.errand, one.reached) for one in walks(decision)] == [(Errand.AGAIN, 0)]
    assert refusal(replace(case, notice=notice_of(decision)), AskAgain(1)) == "notice.asked_again_before"
    later = replace(notice_of(decision), corrected_at=NOW + HOUR)
    assert decide(replace(case, notice=later), AskAgain(1), now=NOW + HOUR)


def test_by_itself_it_reminds_once_and_not_sooner_after_what_was_done_by_hand() -> None:
    pause = timedelta(hours=RULES.notices.remind_hours)
    out = a_case(S.SENT, remind=True, finished_at=NOW - HOUR)
    assert reminds_next(out.notice, RULES) == NOW - HOUR + pause
    by_hand = notice_of(decide(out, RemindNotice(1)))
    assert (by_hand.nudged_at, reminds_next(by_hand, RULES)) == (None, NOW + pause)
    clock = Actor.system("notices")
    nudged = notice_of(decide(replace(out, notice=by_hand), RemindNotice(1), actor=clock, now=NOW + pause))
    assert (nudged.nudged_at, reminds_next(nudged, RULES)) == (NOW + pause, None)
    stopped = a_case(S.CANCELLED, remind=True, finished_at=NOW)
    assert reminds_next(stopped.notice, RULES) is None
    assert notice_of(decide(replace(out, notice=nudged, new_notice=9), CopyNotice(1))).nudged_at is None


def test_reminded_at_most_once_in_so_many_hours_and_only_where_reading_counts() -> None:
    pause = timedelta(hours=RULES.notices.remind_hours)
    decision = decide(a_case(S.SENT), RemindNotice(1))
    assert notice_of(decision).reminded_at == NOW
    assert [one.errand for one in walks(decision)] == [Errand.REMIND]
    early = a_case(S.SENT, reminded_at=NOW - pause + timedelta(seconds=1))
    assert refusal(early, RemindNotice(1)) == "notice.reminded"
    assert decide(a_case(S.SENT, reminded_at=NOW - pause), RemindNotice(1))
    assert refusal(a_case(S.SENT, wants_read=False), RemindNotice(1)) == "notice.not_now"


# --- recipients -----------------------------------------------------------------------------------------------------------------


def a_copy(state: NoticeState = S.SENT, *, read_at: datetime | None = None, **changes: Any) -> CopyCase:
    return CopyCase(replace(DRAFT, state=state, **changes), 7, read_at)


def test_reading_counts_once_and_not_once_it_is_withdrawn() -> None:
    assert decide(a_copy(), ReadNotice(1)).sweeps == (MarkRead(1, 7, NOW),)
    assert decide(a_copy(read_at=NOW - HOUR), ReadNotice(1)).sweeps == ()
    assert refusal(a_copy(S.WITHDRAWN), ReadNotice(1)) == "notice.withdrawn"


def test_a_call_is_ticked_off_once() -> None:
    decision = decide(CallCase(1, 30, PATHS[4], author_id=7), TickOffCall(1, 30))
    assert decision.sweeps == (MarkCalled(1, 30, 7, NOW),)
    assert not decision.refreshes
    theirs = decide(CallCase(1, 30, PATHS[4], author_id=8), TickOffCall(1, 30))
    assert theirs.refreshes == (Refresh(CARD, 1, person_id=8),)
    assert decide(CallCase(1, 30, PATHS[4], called=True), TickOffCall(1, 30)) == Decision()


@pytest.mark.parametrize("state", NoticeState)
def test_a_copy_of_any_notice_is_a_draft_that_nobody_has_confirmed(state: NoticeState) -> None:
    case = replace(a_case(state, confirmed_by=8, send_at=NOW, repeat="weekly", urgent=True), new_notice=99)
    fresh = notice_of(decide(case, CopyNotice(1)))
    assert (fresh.id, fresh.version, fresh.state, fresh.urgent) == (99, 0, S.DRAFT, True)
    assert (fresh.confirmed_by, fresh.send_at, fresh.repeat, fresh.frozen_to) == (None, None, "", 0)
    assert fresh.texts == case.notice.texts


SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("repeat", "first", "after", "zone", "following"),
    [
        ("weekly", "2026-03-02T01:00", "2026-03-02T01:00", SHANGHAI, "2026-03-09T01:00"),
        # The clocks go forward in between: nine in the morning stays nine in the morning.
        ("weekly", "2026-03-23T08:00", "2026-03-23T08:00", BERLIN, "2026-03-30T07:00"),
        # Weeks in which nothing ran are not made up for.
        ("weekly", "2026-03-02T01:00", "2026-03-20T00:00", SHANGHAI, "2026-03-23T01:00"),
        ("monthly", "2026-01-31T01:00", "2026-01-31T01:00", SHANGHAI, "2026-02-28T01:00"),
        ("monthly", "2026-01-31T01:00", "2026-02-28T01:00", SHANGHAI, "2026-03-31T01:00"),
        ("monthly", "2026-12-15T01:00", "2026-12-15T01:00", SHANGHAI, "2027-01-15T01:00"),
    ],
)
def test_a_repeated_notice_leaves_again_by_the_same_clock(
    repeat: str, first: str, after: str, zone: ZoneInfo, following: str
) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    begun = a_case(
        S.PLANNED, send_at=at(first), repeat=repeat, repeat_day=at(first).astimezone(zone).day
    ).notice
    assert next_time(begun, zone=zone, after=at(after)) == at(following)


def test_a_repeated_notice_leaves_and_its_next_one_is_planned_with_the_same_two_names() -> None:
    case = replace(
        a_case(S.PLANNED, confirmed_by=7, seconded_by=8, send_at=NOW, repeat="weekly"),
        new_notice=99,
        zone="Asia/Shanghai",
    )
    decision = decide(case, StartNotice(1), actor=Actor.system("notices"))
    begun, following = (saved for saved in decision.saves if isinstance(saved, PublicNotice))
    assert (begun.state, begun.repeat) == (S.FREEZING, "")
    assert (following.id, following.state, following.repeat) == (99, S.PLANNED, "weekly")
    assert (following.confirmed_by, following.seconded_by) == (7, 8)
    assert following.send_at == NOW + timedelta(weeks=1)


# --- how long it is valid, and what it is about -----------------------------------------------------------------------------

SHANGHAI = ZoneInfo("Asia/Shanghai")


def midnight(month: int, day: int) -> datetime:
    """The beginning of a day of that year in Shanghai."""
    return datetime(2026, month, day, tzinfo=SHANGHAI)


def test_a_draft_is_valid_for_as_long_as_the_house_says() -> None:
    decision = decide(BeginCase(1, PATHS[4]), BeginNotice(4, "zh", "停水", 2))
    assert (notice_of(decision).valid_days, notice_of(decision).kind) == (30, "other")


@pytest.mark.parametrize(("days", "until"), [(0, None), (1, midnight(3, 4)), (30, midnight(4, 2))])
def test_days_are_counted_from_the_day_on_which_it_leaves(days: int, until: datetime | None) -> None:
    # 10:00 on the second of March: the day itself and so many more.
    assert notice_of(decide(a_case(valid_days=days), ConfirmNotice(1, 3))).valid_until == until
    late = a_case(S.PLANNED, valid_days=days, send_at=NOW)
    at = NOW + timedelta(hours=20)
    began = notice_of(decide(late, StartNotice(1), now=at))
    assert began.valid_until == (until + timedelta(days=1) if until else None)


def test_a_day_of_ones_own_is_its_last_and_a_span_when_it_is_sent_again() -> None:
    chosen = notice_of(decide(a_case(), SetValid(1, until=date(2026, 3, 9))))
    assert (chosen.valid_until, chosen.valid_days) == (midnight(3, 10), 7)
    began = notice_of(decide(NoticeCase(chosen, PATHS[4], paths=PATHS, count=1), ConfirmNotice(1, 3)))
    assert began.valid_until == midnight(3, 10)
    assert began.valid(midnight(3, 10) - timedelta(seconds=1))
    assert not began.valid(midnight(3, 10))
    again = notice_of(decide(NoticeCase(began, PATHS[4], new_notice=2), CopyNotice(1)))
    assert (again.valid_until, again.valid_days) == (None, 7)
    today = notice_of(decide(a_case(), SetValid(1, until=date(2026, 3, 2))))
    assert (today.valid_until, today.valid_days) == (midnight(3, 3), 1)


def test_a_day_in_another_zone_ends_with_its_own_midnight() -> None:
    chosen = notice_of(decide(a_case(zone="Europe/Berlin"), SetValid(1, until=date(2026, 3, 29))))
    assert chosen.valid_until == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("action", "planned", "key"),
    [
        (SetValid(1, until=date(2026, 3, 1)), None, "notice.valid_past"),
        (SetValid(1, until=date(2026, 3, 4)), NOW + timedelta(days=3), "notice.valid_past"),
        (SetValid(1, days=-1), None, "notice.valid_far"),
        (SetValid(1, days=3651), None, "notice.valid_far"),
        (SetValid(1, until=date(2099, 1, 1)), None, "notice.valid_far"),
        (SetKind(1, "nothing"), None, "refused.not_found"),
    ],
)
def test_what_cannot_be_its_last_day_or_its_kind(action: Action, planned: datetime | None, key: str) -> None:
    assert refusal(a_case(send_at=planned), action) == key


def test_what_is_over_before_it_leaves_is_not_sent() -> None:
    case = a_case(send_at=NOW + timedelta(days=3), valid_until=NOW + timedelta(days=2))
    assert refusal(case, ConfirmNotice(1, 3)) == "notice.valid_past"


def test_a_kind_is_muted_once_and_only_one_there_is() -> None:
    on = decide(MuteCase(7, muted=False), MuteKind("party", muted=True))
    assert on.sweeps == (Mute(7, "party", muted=True),)
    assert decide(MuteCase(7, muted=True), MuteKind("party", muted=True)) == Decision()
    assert decide(MuteCase(7, muted=True), MuteKind("party", muted=False)).sweeps
    assert refusal(MuteCase(7, muted=False), MuteKind("nothing", muted=True)) == "refused.not_found"
