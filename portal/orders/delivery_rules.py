"""Who receives the delivered lines of an order, and where. See docs/rules/orders.md."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from portal.lib.errors import InputInvalid, PortalError
from portal.lib.texts import clean_line, clean_text

NAME_MAX, ADDRESS_MAX = 200, 1000
PHONE_DIGITS_MIN, PHONE_DIGITS_MAX = 7, 15
FIELD = "delivery"
_PHONE = re.compile(r"\+?[0-9 ()./-]+")
# Hyphens and dashes that keyboards and copied numbers have.
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


class DeliveryNameInvalid(PortalError):
    """The name is missing or has more than `at_most` characters."""

    code = "delivery_name_invalid"


class DeliveryPhoneInvalid(PortalError):
    """The text is no phone number of `at_least` to `at_most` digits."""

    code = "delivery_phone_invalid"


class DeliveryAddressInvalid(PortalError):
    """The address is missing or has more than `at_most` characters."""

    code = "delivery_address_invalid"


@dataclass(frozen=True)
class Delivery:
    """A name, a phone number and an address, as a buyer typed or confirmed them."""

    name: str = ""
    phone: str = ""
    address: str = ""


def check_delivery(typed: Delivery) -> Delivery:
    """Return typed delivery data in stored form.

    Raises InputInvalid with an error for each of `delivery.name`, `delivery.phone` and `delivery.address`.
    """
    parts, errors = {}, {}
    for name, read in (("name", _read_name), ("phone", _read_phone), ("address", _read_address)):
        try:
            parts[name] = read(getattr(typed, name))
        except PortalError as error:
            errors[f"{FIELD}.{name}"] = error
    if errors:
        raise InputInvalid(errors)
    return Delivery(**parts)


def _read_name(text: str) -> str:
    name = clean_line(text)
    if not 1 <= len(name) <= NAME_MAX:
        raise DeliveryNameInvalid(at_most=NAME_MAX)
    return name


def _read_phone(text: str) -> str:
    phone = clean_line(_with_plain_digits(text))
    digits = sum(character.isdigit() for character in phone)
    if not _PHONE.fullmatch(phone) or not PHONE_DIGITS_MIN <= digits <= PHONE_DIGITS_MAX:
        raise DeliveryPhoneInvalid(at_least=PHONE_DIGITS_MIN, at_most=PHONE_DIGITS_MAX)
    return phone


def _read_address(text: str) -> str:
    address = clean_text(text)
    if not 1 <= len(address) <= ADDRESS_MAX:
        raise DeliveryAddressInvalid(at_most=ADDRESS_MAX)
    return address


def _with_plain_digits(text: str) -> str:
    """Return a text with the digits and plus signs of any script as ASCII, without direction marks."""
    compatible = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(
        str(unicodedata.digit(each, each)) for each in compatible if unicodedata.category(each) != "Cf"
    )
