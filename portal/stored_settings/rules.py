"""Which settings may change while the portal runs, and which values are right. See docs/rules/settings.md."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from portal.lib.colors import contrast_color, contrast_ratio
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.texts import clean_line
from portal.settings import LINE_MAX, Settings

CHANGEABLE = (
    "brand_name",
    "brand_color",
    "brand_accent_color",
    "brand_token_symbol",
    "brand_logo_url",
    "offered_languages",
    "referral_consent_required",
    "referral_joining_approval",
    "registration_confirmation",
    "order_expires_hours",
)
# WCAG 2.2, 1.4.3: text of normal size.
LEAST_CONTRAST = Decimal("4.5")


class SettingInvalid(PortalError):
    """The value of a setting is not possible; `field` is its name."""

    code = "setting_invalid"


class ColorUnreadable(PortalError):
    """Neither dark nor light text can be read on the colour; params ratio and at_least."""

    code = "color_unreadable"


class LanguageMissing(PortalError):
    """No language is offered."""

    code = "language_missing"


class ConfirmationNeedsMail(PortalError):
    """Registration cannot ask for a confirmation while no letter can be sent."""

    code = "confirmation_needs_mail"


def is_fixed(environment: Settings, name: str) -> bool:
    """Return whether the environment gives a setting another value than its default, which nobody can change here."""
    return bool(getattr(environment, name) != type(environment).model_fields[name].default)


def effective_settings(environment: Settings, stored: Mapping[str, Any]) -> Settings:
    """Return the settings in force: the environment's, and what is stored where it leaves the default.

    A stored value that is not possible any more is left out.
    """
    changes: dict[str, Any] = {}
    for name in CHANGEABLE:
        if name in stored and not is_fixed(environment, name):
            try:
                changes[name] = _parsed(name, stored[name])
            except SettingInvalid:
                continue
    return environment.model_copy(update=changes)


def check_settings(environment: Settings, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values to store of the settings that are not fixed; raise InputInvalid with an error per field."""
    values: dict[str, Any] = {}
    errors: dict[str, PortalError] = {}
    for name, value in typed.items():
        if is_fixed(environment, name):
            continue
        try:
            values[name] = _checked(name, value, environment)
        except PortalError as error:
            errors[name] = error
    if errors:
        raise InputInvalid(errors)
    return values


def logo_url(digest: str) -> str:
    """Return the address of an uploaded logo, on every host the portal is reached at."""
    return f"/brand/{digest}.webp"


def _checked(name: str, value: Any, environment: Settings) -> Any:
    if name == "brand_name":
        return _name(value)
    if name == "offered_languages" and not value:
        raise LanguageMissing(field=name)
    parsed = _parsed(name, value)
    if name == "brand_color":
        ratio = contrast_ratio(parsed, contrast_color(parsed))
        if ratio < LEAST_CONTRAST:
            raise ColorUnreadable(field=name, ratio=f"{ratio:.2f}", at_least=LEAST_CONTRAST)
    if name == "registration_confirmation" and parsed and not _can_send(environment):
        raise ConfirmationNeedsMail(field=name)
    return parsed


def _name(value: str) -> str:
    name = clean_line(value, "brand_name")
    if not 0 < len(name) <= LINE_MAX:
        raise SettingInvalid(field="brand_name")
    return name


def _can_send(environment: Settings) -> bool:
    return environment.mail_configured or environment.shows_mail


def _parsed(name: str, value: Any) -> Any:
    """Return a value as the class of settings reads it from the environment; raise SettingInvalid."""
    try:
        return _adapter(name).validate_python(value)
    except ValidationError:
        raise SettingInvalid(field=name) from None


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    field = Settings.model_fields[name]
    kind: Any = field.annotation
    return TypeAdapter(Annotated[(kind, *field.metadata)] if field.metadata else kind)
