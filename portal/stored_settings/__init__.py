"""Settings that an admin changes while the portal runs. See docs/rules/settings.md."""

from portal.stored_settings.following import SettingsFollower
from portal.stored_settings.operations import (
    SavedSettings,
    SettingsChanged,
    find_logo,
    newest_settings,
    save_logo,
    save_settings,
)
from portal.stored_settings.rules import (
    CHANGEABLE,
    ColorUnreadable,
    ConfirmationNeedsMail,
    LanguageMissing,
    SettingInvalid,
    check_settings,
    effective_settings,
    is_fixed,
    logo_url,
)

__all__ = [
    "CHANGEABLE",
    "ColorUnreadable",
    "ConfirmationNeedsMail",
    "LanguageMissing",
    "SavedSettings",
    "SettingInvalid",
    "SettingsChanged",
    "SettingsFollower",
    "check_settings",
    "effective_settings",
    "find_logo",
    "is_fixed",
    "logo_url",
    "newest_settings",
    "save_logo",
    "save_settings",
]
