"""The filters of the list of orders, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from portal.lib.money import CurrencyUnknown, check_currency
from portal.lib.texts import CharacterRefused, clean_line, identifier_form
from portal.orders import OrderFilter, OrderStatus, list_order_currencies
from portal.settings import Settings
from portal.stores import ChoiceInvalid, StoreUnknown, find_store
from portal.web.core.filters import FilterView, read_code, read_days
from portal.web.text.messages import error_text

Value = TypeVar("Value")

STATUSES = tuple(OrderStatus)
REFERRALS = {"yes": True, "no": False}
FIELDS = (
    "number", "store", "status", "currency", "referral", "code", "product", "waiting", "since", "until",
)  # fmt: skip


def read_orders_view(arguments: Mapping[str, str], settings: Settings) -> FilterView[OrderFilter]:
    """Read the filters of a URL; an invalid field gets an error and does not filter."""
    typed = {name: arguments.get(name, "").strip()[:200] for name in FIELDS}
    typed["number"], typed["code"] = identifier_form(typed["number"]), identifier_form(typed["code"])
    errors: dict[str, str] = {}
    since, until = read_days(typed, settings, errors)
    filters = OrderFilter(
        store_id=_read(lambda: _store(typed["store"]), "store", errors),
        status=_read(lambda: _choice(typed["status"], STATUSES), "status", errors) or "",
        currency=_read(lambda: _currency(typed["currency"]), "currency", errors) or "",
        is_referred=REFERRALS.get(
            _read(lambda: _choice(typed["referral"], tuple(REFERRALS)), "referral", errors) or ""
        ),
        code=read_code(typed["code"]),
        number=typed["number"],
        product=_read(lambda: clean_line(typed["product"], "product"), "product", errors) or "",
        is_waiting=_read(lambda: _choice(typed["waiting"], ("yes",)), "waiting", errors) == "yes",
        since=since,
        until=until,
    )
    return FilterView(filters, typed, errors)


def _read(read: Callable[[], Value | None], field: str, errors: dict[str, str]) -> Value | None:
    """Return what a field says, None with an entry in `errors` if it is invalid."""
    try:
        return read()
    except (ChoiceInvalid, CurrencyUnknown, CharacterRefused, StoreUnknown) as error:
        errors[field] = error_text(error)
        return None


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text and text not in choices:
        raise ChoiceInvalid(choices=", ".join(choices))
    return text


def _currency(text: str) -> str:
    """Return a currency, also one that only orders of earlier releases have."""
    return text if not text or text in list_order_currencies() else check_currency(text)


def _store(text: str) -> int | None:
    if not text:
        return None
    store = find_store(text)
    if store is None:
        raise StoreUnknown
    return int(store.id)
