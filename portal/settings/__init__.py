"""Environment variables as one frozen, validated `Settings` object, in one module per subject.

A missing or malformed value stops the start with one sentence that names the setting; production refuses every
development default.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource

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
from portal.settings.types import LINE_MAX

__all__ = [
    "DEVELOPMENT_CHAIN_ID",
    "LINE_MAX",
    "TEST_MERCHANT_ACCOUNT",
    "TEST_MERCHANT_SECRET",
    "WAYFORPAY_PAY_URL",
    "CoreSettings",
    "Settings",
    "SettingsInvalid",
    "load_settings",
    "without_file",
]


# What is right where a pattern says it to programs only.
_FORMS = {
    "BRAND_ACCENT_COLOR": "must be empty or a colour such as #3b4cca",
    "BRAND_COLOR": "must be a colour such as #3b4cca",
    "BRAND_TOKEN_SYMBOL": "must have 1 to 12 of A-Z, a-z, 0-9, $ and the full stop",
}


class SettingsInvalid(Exception):
    """The environment cannot be used; the message is one sentence for the operator."""


class Settings(
    ReferralSettings, ChainSettings, PaymentSettings, MailSettings, BrandSettings, PrivacySettings
):
    """Hold every setting of the portal; field names are the lower-cased environment names."""


def without_file(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the settings that the command line copied into it from `.env`.

    A process that is started later reads the file as it is then.
    """
    in_file = DotEnvSettingsSource(Settings).env_vars
    return {
        name: value
        for name, value in environment.items()
        if name.lower() not in Settings.model_fields or in_file.get(name.lower()) != value
    }


def load_settings(**overrides: object) -> Settings:
    """Read the environment and `.env`; raise SettingsInvalid with one sentence naming the setting."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsInvalid(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    name = "_".join(str(part) for part in first["loc"]).upper()
    reason = _FORMS.get(name) or first["msg"].removeprefix("Value error, ")
    return f"Setting {name}: {reason}." if name else f"Setting {reason}."
