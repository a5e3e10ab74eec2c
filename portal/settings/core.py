"""Settings of the portal itself: its address, secrets, database, processes, limits and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from portal.settings.types import SiteUrl

DEVELOPMENT_SECRET_KEY = "development-only-secret-key"
SECRET_KEY_LENGTH_MIN = 32
CRON_SECRET_LENGTH_MIN = 16
METRICS_TOKEN_LENGTH_MIN = 16


class CoreSettings(BaseSettings):
    """Settings that every other subject builds on."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    portal_env: Literal["development", "production"] = "development"
    app_url: SiteUrl = "http://127.0.0.1:8000"
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET_KEY)
    database_url: str = ""
    portal_data_dir: Path = Path(".data")
    redis_url: str = ""
    cron_secret: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")
    scheduler_enabled: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    hsts_include_subdomains: bool = False
    business_timezone: str = "Europe/Kyiv"

    rate_limit_beacon: str = "600 per minute"
    rate_limit_sign_up: str = "60 per minute"
    rate_limit_sign_in: str = "60 per minute"
    sign_in_failures_per_address: Annotated[int, Field(ge=1)] = 20
    sign_in_failures_per_account: Annotated[int, Field(ge=1)] = 200
    session_idle_hours: Annotated[int, Field(ge=1)] = 168
    session_total_hours: Annotated[int, Field(ge=1)] = 720
    step_up_minutes: Annotated[int, Field(ge=1)] = 15
    registration_confirmation: bool = False

    @property
    def is_production(self) -> bool:
        return self.portal_env == "production"

    @cached_property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.business_timezone)

    @field_validator("business_timezone")
    @classmethod
    def _check_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("must be a time zone name such as Europe/Kyiv") from error
        return value

    @model_validator(mode="after")
    def _check_production(self) -> Self:
        if self.is_production:
            for problem in self._production_problems():
                raise ValueError(problem)
        return self

    def _production_problems(self) -> Iterator[str]:
        """Yield one sentence for each value that production refuses; subjects add their own."""
        secret_key = self.secret_key.get_secret_value()
        if secret_key == DEVELOPMENT_SECRET_KEY or len(secret_key) < SECRET_KEY_LENGTH_MIN:
            yield f"SECRET_KEY must be a random value of {SECRET_KEY_LENGTH_MIN} characters or more in production"
        if not self.database_url:
            yield "DATABASE_URL must name a PostgreSQL database: production refuses the embedded one"
        if 0 < len(self.cron_secret.get_secret_value()) < CRON_SECRET_LENGTH_MIN:
            yield f"CRON_SECRET must be empty or have {CRON_SECRET_LENGTH_MIN} characters or more in production"
        if 0 < len(self.metrics_token.get_secret_value()) < METRICS_TOKEN_LENGTH_MIN:
            yield f"METRICS_TOKEN must be empty or have {METRICS_TOKEN_LENGTH_MIN} characters or more in production"
        if not self.app_url.startswith("https://"):
            yield "APP_URL must start with https:// in production"
