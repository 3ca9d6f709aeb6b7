"""What an operator can set: every section, its defaults and what each value must look like.

Frozen models and nothing else: where the values come from and how a mistake is told is in `bot/settings.py`, what
a single value may be in `bot/setting_values.py`, what it does where it is used. Each field's description says
what it takes; it is what the error message, `docs/settings.md` and its test use.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self
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
    is_database,
    is_listen,
    is_listen_or_off,
    is_proxy,
    is_time_zone,
    is_token,
    is_web_url,
    is_web_url_or_empty,
    is_webhook_secret,
    over,
    split,
)

TELEGRAM_URL = "https://api.telegram.org"
ENVIRONMENT_PREFIX = "LINLI_"
ENVIRONMENT_DELIMITER = "__"

Urgency = Literal["urgent", "timely", "ordinary", "complex"]
URGENCIES: tuple[Urgency, ...] = ("urgent", "timely", "ordinary", "complex")

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
Text = Annotated[str, Field(min_length=1, max_length=64)]


class Section(BaseModel):
    """One table of `config.toml`: unknown names are errors, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _problem(key: str, reason: str) -> PydanticCustomError:
    """A mistake of one key that only shows beside the section's other keys."""
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
        28, ge=1, le=30, description="messages a second, everything together: a whole number from 1 to 30"
    )
    bulk_per_second: int = Field(
        22, ge=1, le=30, description="of these, broadcasts at most: 1 to overall_per_second"
    )

    @property
    def webhook_path(self) -> str:
        """The path of `webhook_url`, where the webhook route stands; "/telegram" when it names none."""
        path = urlsplit(self.webhook_url).path
        return path if path not in ("", "/") else "/telegram"

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.bulk_per_second > self.overall_per_second:
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


class CommunitySettings(Section):
    name: Text = Field("邻里社区", description="the community's name as people read it, 1 to 64 characters")
    time_zone: Annotated[str, AfterValidator(is_time_zone)] = Field(
        "Asia/Shanghai", description='an IANA time zone such as "Asia/Shanghai" or "Europe/Berlin"'
    )
    language: Literal["zh", "en"] = Field(
        "zh", description='"zh" or "en", for who has not chosen and whose Telegram says neither'
    )
    admins: Annotated[tuple[Annotated[int, Field(gt=0, lt=2**63)], ...], BeforeValidator(split)] = Field(
        (), description="the Telegram ids (positive whole numbers) of the first admins, such as [123456789]"
    )


class DeliverySettings(Section):
    in_flight: int = Field(
        16, ge=1, le=16, description="messages on their way at the same time: a whole number from 1 to 16"
    )
    lease_seconds: int = Field(
        60,
        ge=10,
        le=3600,
        description="seconds after which a message taken and not finished is taken again: 10 to 3600",
    )


Hours = Annotated[int, Field(ge=1, le=8760)]


class FirstAnswerHours(Section):
    urgent: Hours = Field(2, description="hours, round the clock, to the first human answer: 1 to 8760")
    timely: Hours = Field(4, description="working hours to the first human answer: 1 to 8760")
    ordinary: Hours = Field(8, description="working hours to the first human answer: 1 to 8760")
    complex: Hours = Field(8, description="working hours to the first human answer: 1 to 8760")


class SolveHours(Section):
    urgent: Hours = Field(24, description="hours in which it is to be solved: 1 to 8760")
    timely: Hours = Field(24, description="hours in which it is to be solved: 1 to 8760")
    ordinary: Hours = Field(168, description="hours in which it is to be solved: 1 to 8760 (168 are 7 days)")
    complex: Hours = Field(360, description="hours in which it is to be solved: 1 to 8760 (360 are 15 days)")


class RulesSettings(Section):
    max_open_claims: int = Field(
        3, ge=1, le=100, description="tasks one member may hold at once: a whole number from 1 to 100"
    )
    first_answer_hours: FirstAnswerHours = Field(
        FirstAnswerHours(), description="a table of hours: urgent, timely, ordinary, complex"
    )
    solve_hours: SolveHours = Field(
        SolveHours(), description="a table of hours: urgent, timely, ordinary, complex"
    )
    visit_due_notice_days: int = Field(
        0, ge=0, le=30, description="days before a pairing visit is due that its helper is reminded: 0 to 30"
    )


# Multiples of four, so that a quarter of an hour is a whole number of hundredths.
PER_HOUR: Mapping[str, int] = {
    "errand": 400,
    "repair_help": 600,
    "elder_help": 600,
    "visit": 480,
    "patrol": 400,
    "teaching": 480,
    "activity": 400,
    "other": 400,
}
RATING_FACTOR: Mapping[int, int] = {5: 120, 4: 100, 3: 80, 2: 0, 1: 0}


class PointsSettings(Section):
    per_hour: Annotated[Mapping[Code, Annotated[int, Field(ge=0, le=100_000)]], over(PER_HOUR)] = Field(
        PER_HOUR,
        validate_default=True,
        description="kind of service = hundredths of a point for an hour of it: whole numbers from 0 to 100000",
    )
    rating_factor: Annotated[
        Mapping[Annotated[int, Field(ge=1, le=5)], Annotated[int, Field(ge=0, le=1000)]], over(RATING_FACTOR)
    ] = Field(
        RATING_FACTOR,
        validate_default=True,
        description="stars (1 to 5) = per cent of the points they earn: whole numbers from 0 to 1000",
    )
    rounding_minutes: int = Field(
        15, ge=1, le=60, description="minutes of service are rounded to a multiple of this: 1 to 60"
    )

    def weight(self, kind: str) -> int:
        """Hundredths of a point for an hour of `kind`; a kind without a weight of its own counts as "other"."""
        return self.per_hour.get(kind, self.per_hour["other"])


class CategorySettings(Section):
    code: Code = Field(description="a short name of a-z 0-9 _ that never changes: it stands in old buttons")
    zh: Text = Field(description="its name in Chinese, 1 to 64 characters")
    en: Text = Field(description="its name in English, 1 to 64 characters")
    urgencies: Annotated[tuple[Urgency, ...], Field(min_length=1)] = Field(
        URGENCIES, description="the urgencies it can have: some of urgent, timely, ordinary, complex"
    )
    sensitive: bool = Field(
        False, description="true or false: goes past the people on the spot to the level above them"
    )
    always_private: bool = Field(False, description="true or false: never shown in the open list of tasks")


def _category(code: str, zh: str, en: str, *urgencies: Urgency, **flags: bool) -> CategorySettings:
    return CategorySettings(code=code, zh=zh, en=en, urgencies=urgencies or URGENCIES, **flags)


CATEGORIES = (
    _category("lift", "电梯", "Lift", "urgent", "timely", "ordinary"),
    _category("water_power", "水电暖", "Water, power, heating", "urgent", "timely", "ordinary"),
    _category("repair", "维修", "Repair", "timely", "ordinary", "complex"),
    _category("noise", "邻里噪音", "Noise", "timely", "ordinary", "complex"),
    _category("environment", "环境卫生", "Cleanliness", "timely", "ordinary", "complex"),
    _category("parking", "停车", "Parking", "timely", "ordinary", "complex"),
    _category(
        "elder_help", "老人帮扶", "Help for the elderly", "urgent", "timely", "ordinary", always_private=True
    ),
    _category("micro_wish", "微心愿", "Micro-wish", "ordinary", "complex"),
    _category("sensitive", "涉及工作人员", "About our own staff", sensitive=True, always_private=True),
    _category("other", "其他", "Other"),
)

DANGER_WORDS = (
    *(
        "着火",
        "起火",
        "火灾",
        "爆炸",
        "燃气泄漏",
        "煤气味",
        "煤气泄漏",
        "漏电",
        "触电",
        "晕倒",
        "昏迷",
        "没有呼吸",
    ),
    *("救命", "自杀", "不想活", "跳楼", "打人", "持刀", "抢劫", "家暴", "溺水", "被困电梯", "困在电梯"),
    *(
        "on fire",
        "fire!",
        "explosion",
        "gas leak",
        "smell of gas",
        "smell gas",
        "electric shock",
        "unconscious",
    ),
    *("not breathing", "collapsed", "suicide", "kill myself", "being beaten", "with a knife", "drowning"),
)


def _one_of_each(categories: tuple[CategorySettings, ...]) -> tuple[CategorySettings, ...]:
    codes = [category.code for category in categories]
    if twice := {code for code in codes if codes.count(code) > 1}:
        raise ValueError(f"the code {min(twice)} stands twice")
    if "other" not in codes:
        raise ValueError('the category "other" is missing')
    return categories


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
        DANGER_WORDS,
        description="words that show the emergency numbers at once: a list of texts of 1 to 64 characters",
    )
    telegram: TelegramSettings = Field(TelegramSettings(), description="a table")
    database: DatabaseSettings = Field(DatabaseSettings(), description="a table")
    sandbox: SandboxSettings = Field(SandboxSettings(), description="a table")
    http: HttpSettings = Field(HttpSettings(), description="a table")
    log: LogSettings = Field(LogSettings(), description="a table")
    community: CommunitySettings = Field(CommunitySettings(), description="a table")
    delivery: DeliverySettings = Field(DeliverySettings(), description="a table")
    rules: RulesSettings = Field(RulesSettings(), description="a table")
    points: PointsSettings = Field(PointsSettings(), description="a table")
    categories: Annotated[
        tuple[CategorySettings, ...], BeforeValidator(split), AfterValidator(_one_of_each)
    ] = Field(CATEGORIES, description='a list of tables, one of them with the code "other", no code twice')

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
