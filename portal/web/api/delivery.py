"""Read the delivery data of an order from a JSON body. See docs/rules/orders.md."""

from __future__ import annotations

from typing import cast

from portal.orders import Delivery
from portal.web.core.requests import FieldInvalid, text_field

FIELD = "delivery"


def read_delivery(body: dict[str, object]) -> Delivery:
    """Return the delivery data of a body, empty texts for what is missing; raise FieldInvalid naming the field."""
    given = body.get(FIELD)
    if given is None:
        return Delivery()
    if not isinstance(given, dict):
        raise FieldInvalid(field=FIELD, expected='{"name", "phone", "address"}')
    fields = cast(dict[str, object], given)
    return Delivery(*(_text(fields, name) for name in ("name", "phone", "address")))


def _text(fields: dict[str, object], name: str) -> str:
    try:
        return text_field(fields, name, default="")
    except FieldInvalid as error:
        error.field = f"{FIELD}.{name}"
        raise
