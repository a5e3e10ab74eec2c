"""Environment variables become one frozen, validated `Settings` object.

Names and defaults come from SPEC section 9. A value that is missing or malformed
stops the start with one sentence that names it; production refuses every
development default.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from portal.lib.addresses import InvalidAddress, canonical_address

DEVELOPMENT_SECRET_KEY = "development-only-secret-key"
TEST_MERCHANT_ACCOUNT = "test_merch_n1"
TEST_MERCHANT_SECRET = "flk3409refn54t54t*FNJRET"
DEVELOPMENT_CHAIN_ID = 31337
WAYFORPAY_API_URL = "https://api.wayforpay.com/api"
WAYFORPAY_PAY_URL = "https://secure.wayforpay.com/pay"
_MAIL_SCHEMES = {"smtps", "smtp", "smtp+plain"}
_OWN_HOSTS = {"localhost", "127.0.0.1", "::1"}
STAND_IN_API_PATH = "/dev/wayforpay/api"
STAND_IN_PAY_PATH = "/dev/wayforpay/pay"
SECRET_LENGTH_MIN = 16


class SettingsInvalid(Exception):
    """The environment cannot be used; the message is one sentence for the operator."""


def _address(value: str) -> str:
    try:
        return canonical_address(value) if value else ""
    except InvalidAddress as error:
        raise ValueError("must be an address of 0x and 40 hex digits") from error


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise ValueError("must be an http:// or https:// URL")
    return value.rstrip("/")


def _logo_url(value: str) -> str:
    if value.startswith("/") and not value.startswith("//"):
        return value
    return _http_url(value)


Address = Annotated[str, AfterValidator(_address)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
PositiveDecimal = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


# Addresses of other services and of what browsers load from them.
_ENCRYPTED_SETTINGS = (
    "wayforpay_pay_url",
    "wayforpay_api_url",
    "nbu_rate_url",
    "polygon_rpc_url",
    "polygon_rpc_fallback_url",
    "chain_explorer_url",
    "brand_logo_url",
)


def _is_plain_http(url: str) -> bool:
    """Return whether a URL is unencrypted and its host is public: a node of one's own may use http://."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    try:
        return ip_address(parts.hostname or "").is_global
    except ValueError:
        return "." in (parts.hostname or "")


class Settings(BaseSettings):
    """Hold every setting of the portal; field names are the lower-cased environment names."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    portal_env: Literal["development", "production"] = "development"
    app_url: HttpUrl = "http://127.0.0.1:8000"
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET_KEY)
    database_url: str = ""
    portal_data_dir: Path = Path(".data")
    redis_url: str = ""
    cron_secret: SecretStr = SecretStr("")
    scheduler_enabled: bool = True
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    hsts_include_subdomains: bool = False

    referral_minter_private_key: SecretStr = SecretStr("")
    referral_minter_keystore: Path | None = None
    referral_minter_keystore_password: SecretStr = SecretStr("")
    referral_rewards_address: Address = ""
    referral_reward_token_address: Address = ""
    referral_reward_percent: Percent = Decimal(5)
    referral_commission_max_percent: Percent = Decimal(50)
    referral_chain_id: Annotated[int, Field(gt=0)] = 137
    referral_uah_per_usd: PositiveDecimal = Decimal(40)
    referral_rate_source: Literal["setting", "nbu"] = "setting"
    nbu_rate_url: HttpUrl = "https://bank.gov.ua/NBUStatService/v1/statdirectory/exchange"
    referral_reward_mode: Annotated[int, Field(ge=0, le=1)] = 0
    referral_account_fallback: bool = True
    referral_consent_required: bool = False
    polygon_rpc_url: HttpUrl = ""
    polygon_rpc_fallback_url: HttpUrl = ""
    referral_token_usd_price: PositiveDecimal | None = None
    referral_price_feed_address: Address = ""
    referral_price_heartbeat_seconds: Annotated[int, Field(gt=0)] = 3600
    referral_price_grace_seconds: Annotated[int, Field(ge=0)] = 300
    referral_mint_batch_size: Annotated[int, Field(ge=1, le=100)] = 25
    referral_max_fee_gwei: Annotated[int, Field(gt=0)] = 2000
    referral_tip_gwei: Annotated[int, Field(ge=0)] = 30
    referral_bump_after_seconds: Annotated[int, Field(gt=0)] = 60
    referral_second_approval_usd: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] = Decimal(0)
    chain_explorer_url: HttpUrl = ""
    referral_minter_address: Address = ""
    deployer_private_key: SecretStr = SecretStr("")

    settlement_payout_mode: Literal["simulated", "onchain"] = "simulated"
    settlement_payout_private_key: SecretStr = SecretStr("")
    settlement_payout_token_address: Address = ""

    wayforpay_merchant_account: str = TEST_MERCHANT_ACCOUNT
    wayforpay_secret_key: SecretStr = SecretStr(TEST_MERCHANT_SECRET)
    wayforpay_domain: str = "localhost"
    wayforpay_pay_url: HttpUrl = ""
    wayforpay_api_url: HttpUrl = WAYFORPAY_API_URL

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

    smtp_url: SecretStr = SecretStr("")
    mail_from: Annotated[str, Field(pattern=r"^([^@\s<>]+@[^@\s<>]+)?$")] = ""

    brand_name: str = "Ring Referrals"
    brand_color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#3b4cca"
    brand_logo_url: Annotated[str, AfterValidator(_logo_url)] = ""
    brand_token_symbol: Annotated[str, Field(pattern=r"^[A-Za-z0-9$.]{1,12}$")] = "RING"

    @field_validator("business_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("must be a time zone name such as Europe/Kyiv") from error
        return value

    @field_validator("referral_minter_private_key", "settlement_payout_private_key")
    @classmethod
    def _hex_key(cls, value: SecretStr) -> SecretStr:
        digits = value.get_secret_value().removeprefix("0x")
        if digits and (len(digits) != 64 or any(c not in "0123456789abcdefABCDEF" for c in digits)):
            raise ValueError("must be a private key of 64 hex digits")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _known_server(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (parts.scheme not in _MAIL_SCHEMES or not parts.hostname):
            raise ValueError("must be smtps://, smtp:// or smtp+plain:// with a host")
        return value

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Settings:
        if self.mail_configured and not self.mail_from:
            raise ValueError("MAIL_FROM must be the address letters come from when SMTP_URL is set")
        if self.is_production and self.registration_confirmation and not self.mail_configured:
            raise ValueError("REGISTRATION_CONFIRMATION needs SMTP_URL in production")
        server = urlsplit(self.smtp_url.get_secret_value())
        if self.is_production and server.scheme == "smtp+plain" and server.hostname not in _OWN_HOSTS:
            raise ValueError("SMTP_URL must use smtps:// or smtp:// (STARTTLS) in production")
        return self

    @model_validator(mode="after")
    def _production_is_real(self) -> Settings:
        if self.portal_env == "production":
            for name, is_default, remedy in self._development_defaults():
                if is_default:
                    raise ValueError(f"{name} {remedy} in production")
        return self

    @model_validator(mode="after")
    def _production_is_encrypted(self) -> Settings:
        """Refuse `http://` wherever it would leave the machine or the private network in production."""
        if self.is_production:
            for name in _ENCRYPTED_SETTINGS:
                if _is_plain_http(getattr(self, name)):
                    raise ValueError(f"{name.upper()} must start with https:// in production")
        return self

    def _development_defaults(self) -> list[tuple[str, bool, str]]:
        secret = self.secret_key.get_secret_value()
        cron_secret = self.cron_secret.get_secret_value()
        return [
            (
                "SECRET_KEY",
                secret == DEVELOPMENT_SECRET_KEY or len(secret) < 32,
                "must be a random value of 32 characters or more",
            ),
            (
                "DATABASE_URL",
                not self.database_url,
                "must name a PostgreSQL database: the embedded one is refused",
            ),
            (
                "REFERRAL_CHAIN_ID",
                self.referral_chain_id == DEVELOPMENT_CHAIN_ID,
                "must not be the development chain",
            ),
            (
                "WAYFORPAY_MERCHANT_ACCOUNT",
                self.wayforpay_merchant_account == TEST_MERCHANT_ACCOUNT,
                "must not be the published test merchant",
            ),
            (
                "WAYFORPAY_SECRET_KEY",
                self.wayforpay_secret_key.get_secret_value() == TEST_MERCHANT_SECRET,
                "must not be the published test secret",
            ),
            (
                "CRON_SECRET",
                0 < len(cron_secret) < SECRET_LENGTH_MIN,
                f"must be a random value of {SECRET_LENGTH_MIN} characters or more, or empty,",
            ),
            ("APP_URL", not self.app_url.startswith("https://"), "must start with https://"),
        ]

    @property
    def is_production(self) -> bool:
        return self.portal_env == "production"

    @property
    def mail_configured(self) -> bool:
        return bool(self.smtp_url.get_secret_value())

    @property
    def shows_mail(self) -> bool:
        """Tell whether a development page shows the letters, as if it were everybody's mailbox."""
        return not self.is_production

    @property
    def chain_configured(self) -> bool:
        return bool(self.polygon_rpc_url and self.referral_rewards_address)

    @property
    def uses_stand_in(self) -> bool:
        """Tell whether WayForPay is played by the portal's own development pages."""
        return not self.is_production and not self.wayforpay_pay_url

    @property
    def wayforpay_form_url(self) -> str:
        """Return where the browser posts a purchase form: the stand-in, the configured page or the provider's own."""
        if self.uses_stand_in:
            return f"{self.app_url}{STAND_IN_PAY_PATH}"
        return self.wayforpay_pay_url or WAYFORPAY_PAY_URL

    @property
    def wayforpay_api(self) -> str:
        """Return the address of WayForPay's JSON API: the stand-in's own, unless another one is given."""
        plays = self.uses_stand_in and self.wayforpay_api_url == WAYFORPAY_API_URL
        return f"{self.app_url}{STAND_IN_API_PATH}" if plays else self.wayforpay_api_url

    @cached_property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.business_timezone)


def load_settings(**overrides: object) -> Settings:
    """Read the environment and `.env`; raise SettingsInvalid with one sentence naming the setting."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsInvalid(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    reason = first["msg"].removeprefix("Value error, ")
    name = "_".join(str(part) for part in first["loc"]).upper()
    return f"Setting {name}: {reason}." if name else f"Setting {reason}."
