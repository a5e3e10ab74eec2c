"""Settings of the portal itself: its address, secrets, database, processes, limits and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from portal.settings.types import (
    DatabaseUrl,
    RateLimit,
    RedisUrl,
    SiteUrl,
    encryption_problems,
    is_public_host,
    secret_problems,
)

DEVELOPMENT_SECRET_KEY = "development-only-secret-key"


class CoreSettings(BaseSettings):
    """Settings that every other subject builds on."""

    # Deferred: of the classes of the subjects only the one that combines them is ever used.
    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True, defer_build=True
    )

    portal_env: Literal["development", "production"] = "development"
    app_url: SiteUrl = "http://127.0.0.1:8000"
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET_KEY)
    data_key: SecretStr = SecretStr("")
    database_url: DatabaseUrl = ""
    database_direct_url: DatabaseUrl = ""
    database_replica_url: DatabaseUrl = ""
    database_replica_max_lag_seconds: Annotated[int, Field(ge=2, le=300)] = 10
    portal_data_dir: Path = Path(".data")
    redis_url: RedisUrl = ""
    cron_secret: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")
    scheduler_enabled: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_log: bool = True
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    hsts_include_subdomains: bool = False
    business_timezone: str = "Europe/Kyiv"

    rate_limit_beacon: RateLimit = "600 per minute"
    rate_limit_requests: RateLimit = "600 per minute"
    rate_limit_sign_up: RateLimit = "60 per minute"
    rate_limit_sign_in: RateLimit = "60 per minute"
    rate_limit_proof: RateLimit = "60 per minute"
    rate_limit_orders: RateLimit = "120 per minute"
    rate_limit_payments: RateLimit = "120 per minute"
    rate_limit_account: RateLimit = "120 per minute"
    rate_limit_exports: RateLimit = "60 per minute"
    rate_limit_store_key: RateLimit = "18000 per minute"
    rate_limit_hooks: RateLimit = "18000 per minute"
    sign_in_failures_per_address: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    sign_in_failures_per_account: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    session_idle_hours: Annotated[int, Field(ge=1, le=87_600)] = 168
    session_total_hours: Annotated[int, Field(ge=1, le=87_600)] = 720
    step_up_minutes: Annotated[int, Field(ge=1, le=525_600)] = 15
    registration_confirmation: bool = False

    @property
    def is_production(self) -> bool:
        return self.portal_env == "production"

    @property
    def stored_key(self) -> str:
        """Return the key of stored secrets and hashes, which outlives changes of SECRET_KEY."""
        return self.data_key.get_secret_value() or self.secret_key.get_secret_value()

    @cached_property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.business_timezone)

    @field_validator("business_timezone")
    @classmethod
    def _check_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (
            ZoneInfoNotFoundError,
            ValueError,
            OSError,
        ) as error:  # OSError: a folder of zones, a long name
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
        if self.secret_key.get_secret_value() in ("", DEVELOPMENT_SECRET_KEY):
            yield "SECRET_KEY must be a random value in production"
        yield from secret_problems(
            secret_key=self.secret_key,
            data_key=self.data_key,
            cron_secret=self.cron_secret,
            metrics_token=self.metrics_token,
        )
        if not self.database_url:
            yield "DATABASE_URL must name a PostgreSQL database: production refuses the embedded one"
        yield from encryption_problems(redis_url=self.redis_url)
        for name, url in (
            ("DATABASE_URL", self.database_url),
            ("DATABASE_DIRECT_URL", self.database_direct_url),
            ("DATABASE_REPLICA_URL", self.database_replica_url),
        ):
            if _is_unencrypted_database(url):
                yield f"{name} must have sslmode=require or stricter in production, since its host is public"
        if not self.app_url.startswith("https://"):
            yield "APP_URL must start with https:// in production"


def _is_unencrypted_database(url: str) -> bool:
    """Return whether a database outside the private network may be reached without TLS."""
    parts = urlsplit(url)
    modes = parse_qs(parts.query).get("sslmode", [""])
    return is_public_host(parts.hostname or "") and modes[-1] not in ("require", "verify-ca", "verify-full")
