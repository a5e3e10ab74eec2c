"""Settings as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from portal.chain import checksummed
from portal.lib.colors import contrast_color, contrast_ratio
from portal.runtime import Portal
from portal.settings import Settings
from portal.stored_settings import SavedSettings, is_fixed
from portal.web.text.format import When, number, when
from portal.web.text.translate import gettext as _

# The fields of the form by how they are typed.
TEXTS = ("brand_name", "brand_color", "brand_accent_color", "brand_token_symbol", "order_expires_hours")
FLAGS = ("referral_consent_required", "referral_joining_approval", "registration_confirmation")
LISTS = ("offered_languages",)
# What an admin asks about most, without secrets.
_SHOWN = (
    "portal_env",
    "app_url",
    "business_timezone",
    "referral_chain_id",
    "referral_rewards_address",
    "referral_reward_token_address",
    "referral_reward_percent",
    "referral_commission_max_percent",
    "referral_rate_source",
    "referral_uah_per_usd",
    "referral_second_approval_usd",
    "settlement_payout_mode",
    "card_payments",
    "wayforpay_merchant_account",
    "mail_from",
    "smtp_url",
    "cron_secret",
    "metrics_token",
    "scheduler_enabled",
)


@dataclass(frozen=True, slots=True)
class SettingField:
    """A setting in the form: its value as typed or in force, and whether the environment fixes it."""

    name: str
    variable: str
    value: str
    is_on: bool
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class VersionWords:
    """The newest version: its number and when it was saved."""

    number: int
    saved: When


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """A setting of the environment: its value, or only whether it is set where it is a secret."""

    variable: str
    value: str


def setting_fields(portal: Portal, typed: Mapping[str, object]) -> dict[str, SettingField]:
    """Return the fields of the form by name."""
    return {name: _field(portal, name, typed) for name in (*TEXTS, *FLAGS, *LISTS)}


def _field(portal: Portal, name: str, typed: Mapping[str, object]) -> SettingField:
    fixed = is_fixed(portal.environment, name)
    value = getattr(portal.settings, name) if fixed else typed.get(name, getattr(portal.settings, name))
    return SettingField(name, name.upper(), str(value), value is True, fixed)


def version_words(saved: SavedSettings) -> VersionWords | None:
    """Return the newest version, None before anything was saved."""
    return VersionWords(saved.version, when(saved.created_at)) if saved.created_at else None


def contrast_words(color: str) -> str:
    """Return how well text can be read on a colour."""
    ratio = contrast_ratio(color, contrast_color(color))
    return f"{number(round(ratio, 1))} : 1"


def environment_rows(environment: Settings) -> list[EnvironmentRow]:
    """Return the settings that only a new start changes."""
    unused = () if environment.card_payments else ("wayforpay_merchant_account",)
    return [
        EnvironmentRow(name.upper(), _shown(getattr(environment, name)))
        for name in _SHOWN
        if name not in unused
    ]


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return _("set") if value.get_secret_value() else _("not set")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return checksummed(str(value)) if value not in ("", None) else _("not set")
