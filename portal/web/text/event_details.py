"""What an event of the log carries, in words: the change of a status, and the values of its data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from portal.accounts import ROLES
from portal.catalogue import STORE_TIERS
from portal.chain import checksummed
from portal.lib.money import CurrencyUnknown
from portal.web.text.account import device_words, role_words, sign_in_words
from portal.web.text.format import money, token_text
from portal.web.text.platforms import platform_words
from portal.web.text.products import tier_words
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import pgettext

_DETAIL_MAX = 200
# The kind of statuses of an entity, where it is not the entity itself.
_KINDS = {
    "commission_statement": "statement",
    "mint_job": "job",
    "order_fulfilment": "delivery",
    "payout": "batch",
    "payout_batch": "batch",
    "product_import": "import",
    "webhook_delivery": "webhook",
}
_DEVICE = ("method", "browser", "system", "network")
# Only a program reads these: the digest of a file, and the number of an alert, which its reason says.
_HIDDEN = {"digest", "number"}
_MINOR, _WEI = "Minor", "Wei"


def change_text(entity: str, before: str | None, after: str | None) -> str:
    """Return a change of status in words, "" without one."""
    return " → ".join(_status(entity, status) for status in (before, after) if status)


def detail_text(data: Mapping[str, Any], names: Mapping[tuple[str, str], str] = MappingProxyType({})) -> str:
    """Return the values of an event's data on one line, cut where it is long; `names` maps (entity, id) to names."""
    shown = {
        name: value for name, value in data.items() if name not in _HIDDEN and value not in (None, "", [], {})
    }
    if vendor := names.get(("vendor", str(data.get("vendorId")))):
        shown["vendorId"] = vendor
    text = ", ".join(_parts(shown))
    return text if len(text) <= _DETAIL_MAX else f"{text[:_DETAIL_MAX]}…"


def _status(entity: str, status: str) -> str:
    if entity == "user" and status in ROLES:
        return role_words(status)
    try:
        return status_words(_KINDS.get(entity, entity), status)
    except KeyError:
        return status


def _parts(data: Mapping[str, Any]) -> Iterator[str]:
    if "method" in data:
        yield sign_in_words(str(data["method"]))
        yield device_words(str(data.get("browser", "")), str(data.get("system", "")))
        if "network" in data:
            yield str(data["network"])
    has_amount = any(name.endswith(_MINOR) for name in data)
    labels = _labels()
    for name, value in data.items():
        if ("method" in data and name in _DEVICE) or (has_amount and name == "currency"):
            continue
        bare = name.removesuffix(_MINOR).removesuffix(_WEI)
        yield f"{labels.get(bare) or _name_words(bare)}: {_value(name, value, data)}"


def _value(name: str, value: Any, data: Mapping[str, Any]) -> str:
    is_number = str(value).lstrip("-").isdecimal()
    if name.endswith(_MINOR) and is_number and "currency" in data:
        try:
            return money(int(value), str(data["currency"]))
        except CurrencyUnknown:
            return str(value)
    if name.endswith(_WEI) and is_number:
        return token_text(int(value))
    if words := _words().get(name):
        return words(str(value))
    return ", ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> str:
    return checksummed(str(value))


def _words() -> dict[str, Callable[[str], str]]:
    """Return what turns the codes of a value into words, by the name of the value."""
    return {"platform": platform_words, "role": _role, "tier": _tier}


def _role(role: str) -> str:
    return role_words(role) if role in ROLES else role


def _tier(tier: str) -> str:
    return tier_words(tier) if tier in STORE_TIERS else tier


def _name_words(name: str) -> str:
    """Return the name of a value without a text of its own: camelCase as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).lower()


def _labels() -> dict[str, str]:
    return {
        "address": _("Wallet"),
        "alias": _("Alias"),
        "amount": _("Amount"),
        "budgetUsd": _("Budget"),
        "by": _("Who"),
        "code": _("Code"),
        "codes": _("Codes"),
        "currency": _("Currency"),
        "endsAt": _("Ends"),
        "from": _("From"),
        "fromUsd": _("From"),
        "label": _("Label"),
        "languages": _("Languages"),
        "key": _("Store ID"),
        "name": pgettext("thing", "Name"),
        "percent": _("Percent"),
        "platform": _("Platform"),
        "prefix": _("Key"),
        "quantity": _("Quantity"),
        "referrer": _("Referrer"),
        "role": _("Role"),
        "startsAt": _("Starts"),
        "settlements": _("Settlements"),
        "stores": _("Stores"),
        "tier": _("Tier"),
        "to": _("To"),
        "toUsd": _("To"),
        "userId": _("Account"),
        "vendorId": _("Vendor"),
        "wallet": _("Wallet"),
    }
