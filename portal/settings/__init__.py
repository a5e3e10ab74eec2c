"""Environment variables as one frozen, validated `Settings` object, in one module per subject.

A missing or malformed value stops the start with one sentence that names the setting; production refuses every
development default.
"""

from __future__ import annotations

from pydantic import ValidationError

from portal.settings.brand import BrandSettings
from portal.settings.chain import DEVELOPMENT_CHAIN_ID, ChainSettings
from portal.settings.core import CoreSettings
from portal.settings.mail import MailSettings
from portal.settings.payments import (
    TEST_MERCHANT_ACCOUNT,
    TEST_MERCHANT_SECRET,
    WAYFORPAY_PAY_URL,
    PaymentSettings,
)
from portal.settings.privacy import PrivacySettings
from portal.settings.referrals import ReferralSettings

__all__ = [
    "DEVELOPMENT_CHAIN_ID",
    "TEST_MERCHANT_ACCOUNT",
    "TEST_MERCHANT_SECRET",
    "WAYFORPAY_PAY_URL",
    "CoreSettings",
    "Settings",
    "SettingsInvalid",
    "load_settings",
]


class SettingsInvalid(Exception):
    """The environment cannot be used; the message is one sentence for the operator."""


class Settings(
    ReferralSettings, ChainSettings, PaymentSettings, MailSettings, BrandSettings, PrivacySettings
):
    """Hold every setting of the portal; field names are the lower-cased environment names."""


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
