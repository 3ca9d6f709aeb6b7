"""What an operator can set: every section, its defaults and what each value must look like.

Frozen models and nothing else: where the values come from and how a mistake is told is in `bot/settings.py`, what
a single value may be in `bot/setting_values.py`, what it does where it is used. The defaults of the house's rules are
`domain/rulebook.py`'s, and `bot/rules.py` makes a rulebook of the settings again. Each field's description says what
it takes; it is what the error message, `docs/settings.md` and its test use.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import time
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.setting_values import (
    DatabaseUrl,
    SecretUrl,
    clock_time,
    is_country,
    is_database,
    is_listen,
    is_listen_or_off,
    is_proxy,
    is_public_key,
    is_time_zone,
    is_token,
    is_urgency,
    is_web_url,
    is_web_url_or_empty,
    is_webhook_secret,
    over,
    split,
    table,
)
from domain.backup import Keep
from domain.clocks import is_quiet
from domain.jobs import NAMES, cadence_for
from domain.limits import Rates
from domain.meetings.duties import Often
from domain.notices.terms import MAX_VALID_DAYS
from domain.rulebook import OTHER_KIND, URGENCIES, Category, Rulebook

DEFAULTS = Rulebook()
RATES = Rates()
TELEGRAM_URL = "https://api.telegram.org"
ENVIRONMENT_PREFIX = "LINLI_"
ENVIRONMENT_DELIMITER = "__"

Urgency = Annotated[str, AfterValidator(is_urgency)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
Text = Annotated[str, Field(min_length=1, max_length=64)]


class Section(BaseModel):
    """One table of `config.toml`: unknown names are errors, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _problem(key: str, reason: str) -> PydanticCustomError:
    """A mistake of one key (``at``, or ``digests.at`` seen from all settings) that only shows beside others."""
    return PydanticCustomError("together", "{reason}", {"key": key, "reason": reason})


class TelegramSettings(Section):
    token: Annotated[SecretStr, AfterValidator(is_token)] = Field(
        SecretStr(""),
        description='the bot\'s token from @BotFather, "123456:ABC-…"; empty plays on the sandbox',
    )
    base_url: Annotated[str, AfterValidator(is_web_url)] = Field(
        TELEGRAM_URL, description="the address of the Bot API server, http:// or https:// without a user name"
    )
    proxy: Annotated[SecretUrl, AfterValidator(is_proxy)] = Field(
        SecretUrl(""),
        description="a proxy to reach it through, http://[user:password@]host:port; empty for none",
    )
    mode: Literal["polling", "webhook"] = Field(
        "polling", description='how updates arrive: "polling" or "webhook"'
    )
    webhook_url: Annotated[str, AfterValidator(is_web_url_or_empty)] = Field(
        "", description="the public https:// address Telegram posts updates to; needed in webhook mode"
    )
    webhook_secret: Annotated[SecretStr, AfterValidator(is_webhook_secret)] = Field(
        SecretStr(""),
        description="1 to 256 of A-Z a-z 0-9 _ - that each post must carry; needed in webhook mode",
    )
    webhook_listen: Annotated[str, AfterValidator(is_listen)] = Field(
        "127.0.0.1:8443", description="host:port where the webhook is served, behind your reverse proxy"
    )
    poll_seconds: int = Field(
        50, ge=1, le=50, description="seconds one long poll waits: a whole number from 1 to 50"
    )
    limits_enabled: bool = Field(
        True, description="true or false: keep to Telegram's sending limits (false only for tests)"
    )
    overall_per_second: int = Field(
        30, ge=1, le=30, description="messages a second, everything together: a whole number from 1 to 30"
    )
    bulk_per_second: int = Field(
        29,
        ge=1,
        le=30,
        description="broadcasts leave while no more than so many messages do in all: 1 to overall_per_second",
    )

    @property
    def webhook_path(self) -> str:
        """The path of `webhook_url`, where the webhook route stands; "/telegram" when it names none."""
        path = urlsplit(self.webhook_url).path
        return path if path not in ("", "/") else "/telegram"

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        # Left alone, it is as many as there are in all.
        given = "bulk_per_second" in self.model_fields_set
        if given and self.bulk_per_second > self.overall_per_second:
            raise _problem("bulk_per_second", "more than overall_per_second")
        if self.mode == "webhook":
            if not self.webhook_url:
                raise _problem("webhook_url", "empty, in webhook mode")
            if self.base_url == TELEGRAM_URL and not self.webhook_url.startswith("https://"):
                raise _problem("webhook_url", "not https, which Telegram asks for")
            if not self.webhook_secret.get_secret_value():
                raise _problem("webhook_secret", "empty, in webhook mode")
        return self


class DatabaseSettings(Section):
    url: Annotated[DatabaseUrl, AfterValidator(is_database)] = Field(
        DatabaseUrl("sqlite:///data/linli.db"),
        description="sqlite:///file (sqlite:////file from the root) or postgresql://user:password@host/database",
    )
    readers: int = Field(
        2, ge=1, le=16, description="reading threads or connections: a whole number from 1 to 16"
    )


class SandboxSettings(Section):
    port: int = Field(
        8090, ge=0, le=65535, description="the sandbox page's port on this machine; 0 takes any free"
    )
    state: str = Field(
        "data/sandbox.jsonl", description="the file that keeps the sandbox's state; empty keeps none"
    )
    demo: bool = Field(True, description="true or false: fill an empty sandbox with demo people")


class HttpSettings(Section):
    listen: Annotated[str, AfterValidator(is_listen_or_off)] = Field(
        "127.0.0.1:8091", description="host:port of /healthz and /metrics; empty switches both off"
    )


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description='the least level written: "debug", "info", "warning" or "error"'
    )
    format: Literal["console", "json"] = Field(
        "console", description='"console" for people or "json", one object a line, for machines'
    )


class SkillSettings(Section):
    code: Code = Field(description="a short name of a-z 0-9 _ that never changes: it is kept with people")
    zh: Text = Field(description="its name in Chinese, 1 to 64 characters")
    en: Text = Field(description="its name in English, 1 to 64 characters")


class TagSettings(SkillSettings):
    """The same of what staff note of a person."""


class NoticeKindSettings(Section):
    code: Code = Field(description="a short name of a-z 0-9 _ that never changes: it stands in old buttons")
    zh: Text = Field(description="its name in Chinese, 1 to 64 characters")
    en: Text = Field(description="its name in English, 1 to 64 characters")


C = TypeVar("C", SkillSettings, TagSettings, NoticeKindSettings)


def _no_code_twice(listed: tuple[C, ...]) -> tuple[C, ...]:
    codes = [one.code for one in listed]
    if twice := {code for code in codes if codes.count(code) > 1}:
        raise ValueError(f"the code {min(twice)} stands twice")
    return listed


def _other_too(kinds: tuple[NoticeKindSettings, ...]) -> tuple[NoticeKindSettings, ...]:
    if OTHER_KIND not in [kind.code for kind in kinds]:
        raise ValueError(f'the kind "{OTHER_KIND}" is missing')
    return kinds


class CommunitySettings(Section):
    name: Text = Field("邻里社区", description="the community's name as people read it, 1 to 64 characters")
    time_zone: Annotated[str, AfterValidator(is_time_zone)] = Field(
        DEFAULTS.time_zone, description='an IANA time zone such as "Asia/Shanghai" or "Europe/Berlin"'
    )
    calendar: Annotated[str, AfterValidator(is_country)] = Field(
        DEFAULTS.calendar,
        description='the country whose public holidays are kept, two letters such as "CN"; empty: weekends only',
    )
    more_calendars: Annotated[
        tuple[Annotated[str, AfterValidator(is_country), Field(min_length=2)], ...], BeforeValidator(split)
    ] = Field((), description='further countries whose holidays a unit may keep instead, such as ["HK"]')
    calendar_file: str = Field(
        "",
        description='a file of days of one\'s own, lines such as "2027-02-05,off,name"; empty for none',
    )
    language: Literal["zh", "en"] = Field(
        "zh", description='"zh" or "en", for who has not chosen and whose Telegram says neither'
    )
    admins: Annotated[tuple[Annotated[int, Field(gt=0, lt=2**63)], ...], BeforeValidator(split)] = Field(
        (), description="the Telegram ids (positive whole numbers) of the first admins, such as [123456789]"
    )
    skills: Annotated[
        tuple[SkillSettings, ...],
        BeforeValidator(split),
        AfterValidator(_no_code_twice),
        Field(min_length=1, max_length=40),
    ] = Field(
        tuple(SkillSettings.model_validate(asdict(skill)) for skill in DEFAULTS.skills),
        description="what members can be good at: 1 to 40 tables of code, zh and en, no code twice",
    )
    consent_version: int = Field(
        DEFAULTS.consent_version,
        ge=1,
        le=1_000_000,
        description="the number of the terms people agree to; a higher one asks everybody again: a whole number from 1",
    )


class PeopleSettings(Section):
    tags: Annotated[
        tuple[TagSettings, ...],
        BeforeValidator(split),
        AfterValidator(_no_code_twice),
        Field(max_length=40),
    ] = Field(
        tuple(TagSettings.model_validate(asdict(tag)) for tag in DEFAULTS.tags),
        description="what staff may note of a person: up to 40 tables of code, zh and en, no code twice",
    )


class DeliverySettings(Section):
    in_flight: int = Field(
        16, ge=1, le=16, description="messages on their way at the same time: a whole number from 1 to 16"
    )
    lease_seconds: int = Field(
        20,
        ge=10,
        le=3600,
        description="seconds of silence after which a stand-by process may take over: 10 to 3600",
    )


def _most(name: str, *, of: str) -> Any:
    return Field(
        getattr(RATES, name),
        ge=0,
        le=1_000_000,
        description=f"{of}; 0 for as many as they like",
    )


class LimitsSettings(Section):
    enabled: bool = Field(RATES.enabled, description="true or false: count at all")
    updates_per_minute: int = _most("updates_per_minute", of="messages and presses of one person in a minute")
    group_updates_per_minute: int = _most(
        "group_updates_per_minute", of="commands and presses in one group in a minute, of all together"
    )
    requests_per_day: int = _most("requests_per_day", of="requests one person passes on in 24 hours")
    uploads_per_hour: int = _most("uploads_per_hour", of="photos, voices and files of one person in an hour")
    searches_per_hour: int = _most("searches_per_hour", of="searches for people by one person in an hour")
    unknown_codes_per_hour: int = _most(
        "unknown_codes_per_hour", of="tries of one person with codes that there are none of, in an hour"
    )


class ImportsSettings(Section):
    max_megabytes: int = Field(
        20, ge=1, le=200, description="the greatest sheet that is opened, in megabytes: 1 to 200"
    )
    max_rows: int = Field(
        100_000, ge=1, le=1_000_000, description="rows that one sheet may have at most: 1 to 1000000"
    )


Hours = Annotated[int, Field(ge=1, le=8760)]


def _answer(urgency: str, *, hours: str) -> Any:
    return Field(DEFAULTS.answer_hours[urgency], description=f"{hours} to the first human answer: 1 to 8760")


def _solution(urgency: str, *, hours: str) -> Any:
    of = DEFAULTS.deadlines.solution_hours[urgency]
    return Field(of, description=f"{hours} from the raising to the solution: 1 to 8760")


class FirstAnswerHours(Section):
    urgent: Hours = _answer("urgent", hours="hours, round the clock,")
    timely: Hours = _answer("timely", hours="working hours")
    ordinary: Hours = _answer("ordinary", hours="working hours")
    complex: Hours = _answer("complex", hours="working hours")


ClockTime = Annotated[time, BeforeValidator(clock_time)]


class OfficeSettings(Section):
    opens: ClockTime = Field(
        DEFAULTS.working_hours.opens, description='the local time the office opens, such as "09:00"'
    )
    closes: ClockTime = Field(
        DEFAULTS.working_hours.closes,
        description='the local time it closes, later the same day, such as "17:00"',
    )
    weekdays: Annotated[
        tuple[Annotated[int, Field(ge=1, le=7)], ...], BeforeValidator(split), Field(min_length=1)
    ] = Field(
        tuple(sorted(DEFAULTS.working_hours.weekdays)),
        description="the days it works, 1 (Monday) to 7 (Sunday), at least one, such as [1, 2, 3, 4, 5]",
    )

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        if self.closes <= self.opens:
            raise _problem("closes", "not later than opens")
        return self


class RulesSettings(Section):
    max_open_claims: int = Field(
        DEFAULTS.max_open_claims,
        ge=1,
        le=100,
        description="tasks one member may hold at once: a whole number from 1 to 100",
    )
    max_places: int = Field(
        DEFAULTS.max_places,
        ge=1,
        le=100,
        description="members that one task may ask for at most: a whole number from 1 to 100",
    )
    checkin_months: int = Field(
        DEFAULTS.checkin_months,
        ge=1,
        le=120,
        description="months that a member's check-in is valid: a whole number from 1 to 120",
    )
    office: OfficeSettings = Field(OfficeSettings(), description="a table: opens, closes, weekdays")
    first_answer_hours: FirstAnswerHours = Field(
        FirstAnswerHours(), description="a table of hours: urgent, timely, ordinary, complex"
    )


class PointsSettings(Section):
    version: int = Field(
        DEFAULTS.points.version,
        ge=1,
        le=1_000_000,
        description="the number of these rules, written beside all they earn: a whole number from 1",
    )
    per_hour: Annotated[
        Mapping[Code, Annotated[int, Field(ge=0, le=100_000)]], over(DEFAULTS.points.weights)
    ] = Field(
        DEFAULTS.points.weights,
        validate_default=True,
        description="kind of service = hundredths of a point for an hour of it: whole numbers from 0 to 100000",
    )
    rating_factor: Annotated[
        Mapping[Annotated[int, Field(ge=1, le=5)], Annotated[int, Field(ge=0, le=1000)]],
        over(DEFAULTS.points.factors),
    ] = Field(
        DEFAULTS.points.factors,
        validate_default=True,
        description="stars (1 to 5) = per cent of the points they earn: whole numbers from 0 to 1000",
    )
    rounding_minutes: int = Field(
        DEFAULTS.points.rounding,
        ge=1,
        le=60,
        description="minutes of service are rounded to a multiple of this: 1 to 60",
    )
    task_hours: int = Field(
        DEFAULTS.points.task_hours,
        ge=1,
        le=24,
        description="hours of one person's work on one task that earn points, unless more was agreed on before: 1 to 24",
    )
    day_hours: int = Field(
        DEFAULTS.points.day_hours,
        ge=1,
        le=24,
        description="hours of one person's service in a day that earn points: 1 to 24",
    )
    home_week_hours: int = Field(
        DEFAULTS.points.home_week_hours,
        ge=1,
        le=168,
        description="hours of one person's service for the same household in a week that earn points: 1 to 168",
    )


def _days(default: int, *, after: str) -> Any:
    return Field(
        default, ge=0, le=36_500, description=f"days {after}: a whole number from 0 to 36500, 0 for ever"
    )


class RetentionSettings(Section):
    inbox_payloads: int = _days(
        DEFAULTS.retention.inbox_payloads,
        after="until the words of finished updates and the parameters of finished messages are emptied",
    )
    inbox_rows: int = _days(DEFAULTS.retention.inbox_rows, after="until finished updates are dropped")
    outbox_rows: int = _days(DEFAULTS.retention.outbox_rows, after="until finished messages are dropped")
    drafts: int = _days(DEFAULTS.retention.drafts, after="until a form that nobody went on with is dropped")
    job_runs: int = _days(DEFAULTS.retention.job_runs, after="until the notes of what jobs did are dropped")
    cards: int = _days(
        DEFAULTS.retention.cards, after="since it was last shown until a card without buttons is let go of"
    )
    closed_request_words: int = _days(
        DEFAULTS.retention.closed_request_words,
        after="until words, pictures and places of a closed request are emptied",
    )
    notice_answers: int = _days(
        DEFAULTS.retention.notice_answers,
        after="since the last words until what was answered to a notice, and written back, is emptied",
    )
    leave_reasons: int = _days(
        DEFAULTS.retention.leave_reasons,
        after="since a meeting until the reasons of those who took leave from it are emptied",
    )
    import_rows: int = _days(
        DEFAULTS.retention.import_rows, after="until the lines of a finished import are dropped"
    )
    audit: int = _days(DEFAULTS.retention.audit, after="until sealed rows of the audit trail are dropped")


class NoticesSettings(Section):
    second_above: int = Field(
        DEFAULTS.notices.second_above,
        ge=0,
        le=1_000_000,
        description="a notice to more people than this needs a second person's yes: a whole number from 0 to 1000000",
    )
    remind_hours: int = Field(
        DEFAULTS.notices.remind_hours,
        ge=1,
        le=720,
        description="hours between two reminders of the same notice: 1 to 720",
    )
    call_days: int = Field(
        DEFAULTS.notices.call_days,
        ge=1,
        le=366,
        description="days for which the desk lists those to be called whom a notice did not reach: 1 to 366",
    )
    quiet_from: ClockTime = Field(
        DEFAULTS.notices.quiet_from,
        description='the local time from which nothing routine is sent, such as "22:00"',
    )
    quiet_to: ClockTime = Field(
        DEFAULTS.notices.quiet_to,
        description='the local time at which routine messages go out again, such as "07:30"; the same as quiet_from: no quiet hours',
    )
    valid_days: int = Field(
        DEFAULTS.notices.valid_days,
        ge=0,
        le=MAX_VALID_DAYS,
        description=f"days a notice is valid unless its sender says otherwise: 0 to {MAX_VALID_DAYS}, 0 for without an end",
    )
    kinds: Annotated[
        tuple[NoticeKindSettings, ...],
        BeforeValidator(split),
        AfterValidator(_no_code_twice),
        AfterValidator(_other_too),
        Field(max_length=16),
    ] = Field(
        tuple(NoticeKindSettings.model_validate(asdict(kind)) for kind in DEFAULTS.notices.kinds),
        description=f'what notices are about: up to 16 tables of code, zh and en, one of them "{OTHER_KIND}", no code twice',
    )


class DigestsSettings(Section):
    at: ClockTime = Field(
        DEFAULTS.digests.at,
        description='the local time at which digests are sent, outside the quiet hours, such as "08:00"',
    )
    weekday: int = Field(
        DEFAULTS.digests.weekday,
        ge=1,
        le=7,
        description="the day of weekly digests: 1 (Monday) to 7 (Sunday)",
    )


class SolutionHours(Section):
    urgent: Hours = _solution("urgent", hours="hours, round the clock,")
    timely: Hours = _solution("timely", hours="working hours")
    ordinary: Hours = _solution("ordinary", hours="working hours")
    complex: Hours = _solution("complex", hours="working hours")


def _rising(hours: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(hours)):
        raise ValueError("not in rising order")
    return hours


class DeadlinesSettings(Section):
    urgent_warn_minutes: int = Field(
        DEFAULTS.deadlines.urgent_warn_minutes,
        ge=1,
        le=1440,
        description="minutes before an urgent deadline at which a warning comes: 1 to 1440",
    )
    warn_percent: int = Field(
        DEFAULTS.deadlines.warn_percent,
        ge=1,
        le=90,
        description="per cent of the span before any other deadline at which it comes: 1 to 90",
    )
    start_minutes: int = Field(
        DEFAULTS.deadlines.start_minutes,
        ge=10,
        le=43200,
        description="minutes in which a member starts on what they took on: 10 to 43200",
    )
    urgent_start_minutes: int = Field(
        DEFAULTS.deadlines.urgent_start_minutes,
        ge=5,
        le=1440,
        description="the same of what is urgent: 5 to 1440",
    )
    widen_percent: int = Field(
        DEFAULTS.deadlines.widen_percent,
        ge=1,
        le=100,
        description="per cent of the span after which what nobody took on is offered one level further: 1 to 100",
    )
    list_percent: int = Field(
        DEFAULTS.deadlines.list_percent,
        ge=1,
        le=100,
        description="per cent of the span after which it is laid before the secretary: 1 to 100",
    )
    remind_hours: Annotated[
        tuple[Hours, ...],
        BeforeValidator(split),
        AfterValidator(_rising),
        Field(min_length=1, max_length=10),
    ] = Field(
        DEFAULTS.deadlines.remind_hours,
        description="hours after which somebody who is asked is reminded, 1 to 10 of them, rising, such as [24, 72]",
    )
    silent_days: int = Field(
        DEFAULTS.deadlines.silent_days,
        ge=1,
        le=90,
        description="days after which it is closed without their word: 1 to 90",
    )
    solution_hours: SolutionHours = Field(
        SolutionHours(), description="a table of hours: urgent, timely, ordinary, complex"
    )


class StudySettings(Section):
    points_per_hour: int = Field(
        DEFAULTS.study.points_per_hour,
        ge=0,
        le=10_000,
        description="hundredths of a point for an hour of a lesson, where nobody says another number: 0 to 10000",
    )
    daily_cap: int = Field(
        DEFAULTS.study.daily_cap,
        ge=0,
        le=100_000,
        description="hundredths of a point that learning earns one person in a day at most: 0 to 100000",
    )
    minimum_share: int = Field(
        DEFAULTS.study.minimum_share,
        ge=0,
        le=100,
        description="per cent of a lesson's minutes before somebody can say that it is done: 0 to 100",
    )
    pass_mark: int = Field(
        DEFAULTS.study.pass_mark,
        ge=1,
        le=100,
        description="per cent of right answers that pass the questions of a new lesson: 1 to 100",
    )
    tries_a_day: int = Field(
        DEFAULTS.study.tries_a_day,
        ge=1,
        le=20,
        description="how often a day the questions of a new lesson may be begun: 1 to 20",
    )
    remind_at: ClockTime = Field(
        DEFAULTS.study.remind_at,
        description='the local time from which people are reminded of what is due, outside the quiet hours, such as "09:00"',
    )


def _duty(kind: str, *, of: str) -> Any:
    return Field(
        Often(DEFAULTS.meetings.duties[kind]),
        description=f"how often {of} is owed: {', '.join(Often)}",
    )


class MeetingDuties(Section):
    branch: Often = _duty("branch", of="the branch meeting of a grid or branch")
    committee: Often = _duty("committee", of="its committee meeting")
    group: Often = _duty("group", of="the group meeting of a building")
    lecture: Often = _duty("lecture", of="a Party lecture of a grid or branch")
    theme_day: Often = _duty("theme_day", of="its Party day")


class MeetingsSettings(Section):
    usual_minutes: int = Field(
        DEFAULTS.meetings.usual_minutes, ge=10, le=600, description="minutes a meeting takes: 10 to 600"
    )
    remind_at: ClockTime = Field(
        DEFAULTS.meetings.remind_at,
        description='the local time at which people are reminded the day before, outside the quiet hours, such as "09:00"',
    )
    remind_hours_before: int = Field(
        DEFAULTS.meetings.remind_hours_before,
        ge=1,
        le=12,
        description="hours before a meeting at which they are reminded once more: 1 to 12",
    )
    checkin_opens_minutes_before: int = Field(
        DEFAULTS.meetings.checkin_opens_minutes_before,
        ge=0,
        le=240,
        description="minutes before the beginning from which people may check in: 0 to 240",
    )
    checkin_closes_minutes_after: int = Field(
        DEFAULTS.meetings.checkin_closes_minutes_after,
        ge=0,
        le=600,
        description="minutes after the end until which they may: 0 to 600",
    )
    ask_place: bool = Field(
        DEFAULTS.meetings.ask_place,
        description="true or false: who checks in shows where they are, if the meeting's place has been pinned",
    )
    place_metres: int = Field(
        DEFAULTS.meetings.place_metres,
        ge=20,
        le=20_000,
        description="metres from the pinned place within which they may check in then: 20 to 20000",
    )
    points: int = Field(
        DEFAULTS.meetings.points,
        ge=0,
        le=10_000,
        description="hundredths of a point for who was at a meeting, below the day's cap of study: 0 to 10000",
    )
    duty_reminders: bool = Field(
        DEFAULTS.meetings.duty_reminders,
        description="true or false: who leads a unit is told which meeting of a month or quarter is missing",
    )
    duties: MeetingDuties = Field(
        MeetingDuties(), description="a table of how often: branch, committee, group, lecture, theme_day"
    )


KEEP = Keep()


def _kept(default: int, *, each: str) -> Any:
    return Field(
        default,
        ge=0,
        le=1000,
        description=f"of how many {each} the newest backup stays: a whole number from 0 to 1000",
    )


class BackupSettings(Section):
    directory: str = Field(
        "data/backups",
        description="where backups go, best another disk; empty makes none at night",
    )
    at: ClockTime = Field(
        time(3), description='the local time from which the nightly backup is made, such as "03:00"'
    )
    # Hidden wherever settings are shown, for whoever puts the private one here by mistake.
    public_key: Annotated[SecretStr, AfterValidator(is_public_key)] = Field(
        SecretStr(""),
        description="an age public key, age1…, for which backups are encrypted; empty leaves them readable",
    )
    keep_daily: int = _kept(KEEP.daily, each="days")
    keep_weekly: int = _kept(KEEP.weekly, each="weeks")
    keep_monthly: int = _kept(KEEP.monthly, each="months")
    warn_free_mb: int = Field(
        1024,
        ge=0,
        le=10_000_000,
        description="megabytes free on the disks of data and backups below which the admins are told: 0 to 10000000",
    )


_PLAIN = Category("plain", "-", "-")
_LONGEST = 60


class CategorySettings(Section):
    code: Code = Field(description="a short name of a-z 0-9 _ that never changes: it stands in old buttons")
    zh: Text = Field(description="its name in Chinese, 1 to 64 characters")
    en: Text = Field(description="its name in English, 1 to 64 characters")
    urgencies: Annotated[tuple[Urgency, ...], Field(min_length=1)] = Field(
        _PLAIN.urgencies,
        description="the urgencies to choose from, the usual one first: some of " + ", ".join(URGENCIES),
    )
    sensitive: bool = Field(
        _PLAIN.sensitive, description="true or false: is about staff and goes past them to the level above"
    )
    always_private: bool = Field(_PLAIN.always_private, description="true or false: never shown in a group")
    kind: Code = Field(
        _PLAIN.kind, description="the kind of service its points are weighed by, a name from points.per_hour"
    )
    photo_on_report: bool = Field(
        _PLAIN.photo_on_report, description="true or false: the helper ends the work with a photo"
    )


def _category(category: Category) -> CategorySettings:
    return CategorySettings.model_validate(asdict(category))


CATEGORIES = tuple(_category(category) for category in DEFAULTS.categories)


def _one_of_each(categories: tuple[CategorySettings, ...]) -> tuple[CategorySettings, ...]:
    codes = [category.code for category in categories]
    if twice := {code for code in codes if codes.count(code) > 1}:
        raise ValueError(f"the code {min(twice)} stands twice")
    if "other" not in codes:
        raise ValueError('the category "other" is missing')
    return categories


def _cadences(clock: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in clock.items():
        if name not in NAMES:
            close = get_close_matches(name, NAMES, n=1)
            meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(NAMES)}"
            raise _problem(name, f"no such job ({meant})")
        try:
            cadence_for(name, text)
        except ValueError as error:
            raise _problem(name, f'got "{text}" ({error})' if len(text) <= _LONGEST else str(error)) from None
    return clock


class Settings(BaseSettings):
    """All settings, checked. Built by `load`; `Settings()` is the defaults and `Settings(log=…)` a test's own."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=ENVIRONMENT_DELIMITER,
        # Lists from the environment are split by the fields themselves, which also take "1,2".
        enable_decoding=False,
    )

    danger_words: Annotated[tuple[Text, ...], BeforeValidator(split)] = Field(
        DEFAULTS.danger_words,
        description="words that show the emergency numbers at once: a list of texts of 1 to 64 characters",
    )
    telegram: TelegramSettings = Field(TelegramSettings(), description="a table")
    database: DatabaseSettings = Field(DatabaseSettings(), description="a table")
    sandbox: SandboxSettings = Field(SandboxSettings(), description="a table")
    http: HttpSettings = Field(HttpSettings(), description="a table")
    log: LogSettings = Field(LogSettings(), description="a table")
    community: CommunitySettings = Field(CommunitySettings(), description="a table")
    people: PeopleSettings = Field(PeopleSettings(), description="a table")
    delivery: DeliverySettings = Field(DeliverySettings(), description="a table")
    limits: LimitsSettings = Field(LimitsSettings(), description="a table")
    imports: ImportsSettings = Field(ImportsSettings(), description="a table")
    rules: RulesSettings = Field(RulesSettings(), description="a table")
    points: PointsSettings = Field(PointsSettings(), description="a table")
    retention: RetentionSettings = Field(RetentionSettings(), description="a table")
    notices: NoticesSettings = Field(NoticesSettings(), description="a table")
    digests: DigestsSettings = Field(DigestsSettings(), description="a table")
    deadlines: DeadlinesSettings = Field(DeadlinesSettings(), description="a table")
    study: StudySettings = Field(StudySettings(), description="a table")
    meetings: MeetingsSettings = Field(MeetingsSettings(), description="a table")
    backup: BackupSettings = Field(BackupSettings(), description="a table")
    clock: Annotated[Mapping[str, str], BeforeValidator(table), AfterValidator(_cadences)] = Field(
        {},
        description='job = when it runs, such as "every 5 minutes", "daily 03:30", "weekly 7 04:00", "monthly 1 04:00"',
    )
    categories: Annotated[
        tuple[CategorySettings, ...], BeforeValidator(split), AfterValidator(_one_of_each)
    ] = Field(CATEGORIES, description='a list of tables, one of them with the code "other", no code twice')

    @model_validator(mode="after")
    def _digests_leave_when_it_is_not_quiet(self) -> Self:
        quiet = self.notices
        if is_quiet(self.digests.at, quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to):
            reason = f"in the quiet hours, which last from {quiet.quiet_from:%H:%M} to {quiet.quiet_to:%H:%M}"
            raise _problem("digests.at", reason)
        return self

    @model_validator(mode="after")
    def _people_are_reminded_when_it_is_not_quiet(self) -> Self:
        quiet = self.notices
        for name, at in (
            ("study.remind_at", self.study.remind_at),
            ("meetings.remind_at", self.meetings.remind_at),
        ):
            if is_quiet(at, quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to):
                reason = (
                    f"in the quiet hours, which last from {quiet.quiet_from:%H:%M} to {quiet.quiet_to:%H:%M}"
                )
                raise _problem(name, reason)
        return self

    @model_validator(mode="after")
    def _every_kind_has_a_weight(self) -> Self:
        for category in self.categories:
            if category.kind not in self.points.per_hour:
                reason = (
                    f"{category.code} is of the kind {category.kind}, which points.per_hour does not weigh"
                )
                raise _problem("categories", reason)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed in: reading is `load`'s, so that a test's settings never depend on the machine."""
        return (init_settings,)

    def secrets(self) -> Iterator[str]:
        """Every text that must not be printed, for a `Redactor`."""
        for secret in (self.telegram.token, self.telegram.webhook_secret):
            if secret.get_secret_value():
                yield secret.get_secret_value()
        yield from self.database.url.secrets()
        yield from self.telegram.proxy.secrets()

    def redacted(self) -> dict[str, Any]:
        """Everything, as plain JSON values with the secrets hidden."""
        return self.model_dump(mode="json")
