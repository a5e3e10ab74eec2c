"""What a product may be: its texts by language, address, price and stock; pure. See docs/catalogue.md."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from portal.lib.errors import InputInvalid, PortalError
from portal.lib.money import check_currency as check_listed_currency
from portal.lib.money import major_text, parse_amount
from portal.lib.shown import digest_of
from portal.lib.texts import clean_line, clean_text

LANGUAGES = ("en", "uk", "ru")
NAME_LENGTH = 200
DESCRIPTION_LENGTH = 5_000
SLUG_LENGTH = 80
REASON_LENGTH = 200
MOST_STOCK = 1_000_000_000
# The most that one product costs, in minor units: an order of 999 pieces still adds up.
MOST_PRICE_MINOR = 10**12

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NO_SLUG = re.compile(r"[^a-z0-9]+")
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}")
# Ukrainian as in Resolution 55 of 2010, Russian as in passports; letters that both have are read as Ukrainian.
_LETTERS = (
    "а-a б-b в-v г-h ґ-g д-d е-e є-ie ж-zh з-z и-y і-i ї-i й-i к-k л-l м-m н-n о-o п-p р-r с-s т-t у-u ф-f"
    " х-kh ц-ts ч-ch ш-sh щ-shch ь- ю-iu я-ia ы-y э-e ё-e ъ- ß-ss ø-o ł-l đ-d æ-ae œ-oe ı-i ʼ- '- ’-"
)
_LATIN = dict(pair.split("-") for pair in _LETTERS.split(" "))
Value = TypeVar("Value")


class NameMissing(PortalError):
    """The product has no name, or a longer one than `at_most` characters."""

    code = "product_name_invalid"


class DescriptionTooLong(PortalError):
    """The description has more than `at_most` characters."""

    code = "product_description_long"


class SlugInvalid(PortalError):
    """The address has other characters than small letters, digits and hyphens, or more than `at_most`."""

    code = "product_slug_invalid"


class SlugTaken(PortalError):
    """Another product has this address; param slug."""

    code = "product_slug_taken"


class PriceInvalid(PortalError):
    """The price is below zero or above `at_most`, in major units of `currency`."""

    code = "product_price_invalid"


class StockInvalid(PortalError):
    """The number of pieces is not a whole number between zero and `at_most`."""

    code = "product_stock_invalid"


class StockMoveInvalid(PortalError):
    """The change of stock is zero, no whole number or larger than `at_most`."""

    code = "stock_move_invalid"


class StockReasonMissing(PortalError):
    """A change of stock has no reason, or a longer one than `at_most` characters."""

    code = "stock_reason_missing"


class ProductNotFound(PortalError):
    """There is no product with this id among those that the person may change."""

    code = "product_not_found"


class ProductChanged(PortalError):
    """Another person changed the product after it was shown."""

    code = "product_changed"


class ProductTexts(Protocol):
    name: str
    description: str
    translations: Mapping[str, Mapping[str, str]]


class ProductRecord(ProductTexts, Protocol):
    slug: str
    price_minor: int
    currency: str
    needs_delivery: bool


@dataclass(frozen=True)
class ProductValues:
    """What a form or a file sets of a product; the price is in minor units."""

    slug: str
    name: str
    description: str
    translations: dict[str, dict[str, str]]
    price_minor: int
    currency: str
    needs_delivery: bool

    def with_slug(self, slug: str) -> ProductValues:
        """Return the values with another address."""
        return replace(self, slug=slug)


def text_in(product: ProductTexts, text: str, language: str) -> str:
    """Return the name or the description of a product in a language, or the one that has no language."""
    return product.translations.get(language, {}).get(text) or str(getattr(product, text))


def make_slug(name: str) -> str:
    """Return the address made from a name: transliterated, `product` where nothing is left."""
    letters = (_LATIN.get(letter, letter) for letter in unicodedata.normalize("NFC", name.lower()))
    latin = unicodedata.normalize("NFKD", "".join(letters))
    marks_away = "".join(letter for letter in latin if not unicodedata.combining(letter))
    return _NO_SLUG.sub("-", marks_away.lower()).strip("-")[:SLUG_LENGTH].strip("-") or "product"


def check_slug(slug: str, field: str = "slug") -> str:
    """Return an address as typed in any case; raise SlugInvalid."""
    cleaned = slug.strip().lower()
    if len(cleaned) > SLUG_LENGTH or not _SLUG.fullmatch(cleaned):
        raise SlugInvalid(field=field, at_most=SLUG_LENGTH)
    return cleaned


def read_product(typed: Mapping[str, str], present: ProductRecord | None = None) -> ProductValues:
    """Return the values of a form; raise InputInvalid with an error for each invalid field.

    An empty slug is made from the name. A slug and a currency that `present` has already are accepted as they are.
    """
    errors: dict[str, PortalError] = {}

    def read(field: str, parse: Callable[[str], Value], fallback: Value) -> Value:
        try:
            return parse(typed.get(field, ""))
        except PortalError as error:
            errors[field] = error
            return fallback

    name = read("name", lambda text: check_name(text, "name"), "")
    currency = read("currency", lambda text: _currency(text, present), "")
    values = ProductValues(
        slug=read("slug", lambda text: _slug(text, name, present), ""),
        name=name,
        description=read("description", lambda text: _description(text, "description"), ""),
        translations=_read_translations(read),
        price_minor=read("price", lambda text: check_price(text, currency), 0) if currency else 0,
        currency=currency,
        needs_delivery=bool(typed.get("needs_delivery")),
    )
    if errors:
        raise InputInvalid(errors)
    return values


def check_name(text: str, field: str) -> str:
    """Return a name on one line; raise NameMissing or CharacterRefused."""
    name = clean_line(text, field)
    if not 0 < len(name) <= NAME_LENGTH:
        raise NameMissing(field=field, at_most=NAME_LENGTH)
    return name


def check_price(text: str, currency: str, field: str = "price") -> int:
    """Return a typed price in minor units; raise PriceInvalid or InvalidAmount."""
    minor = parse_amount(text, currency, field)
    if not 0 <= minor <= MOST_PRICE_MINOR:
        at_most = major_text(MOST_PRICE_MINOR, currency)
        raise PriceInvalid(field=field, at_most=at_most, currency=currency)
    return minor


def check_stock(text: str, field: str = "stock") -> int:
    """Return a typed number of pieces, zero for an empty text; raise StockInvalid."""
    cleaned = text.strip() or "0"
    if not _WHOLE.fullmatch(cleaned) or not 0 <= int(cleaned) <= MOST_STOCK:
        raise StockInvalid(field=field, at_most=MOST_STOCK)
    return int(cleaned)


def check_movement(quantity: str, reason: str) -> tuple[int, str]:
    """Return a change of stock, negative for pieces that leave, and its reason; raise InputInvalid."""
    errors: dict[str, PortalError] = {}
    typed = quantity.strip().replace("\u2212", "-")
    number = int(typed) if _WHOLE.fullmatch(typed) else 0
    if number == 0 or abs(number) > MOST_STOCK:
        errors["quantity"] = StockMoveInvalid(field="quantity", at_most=MOST_STOCK)
    try:
        cleaned = clean_line(reason, "reason")
        if not 0 < len(cleaned) <= REASON_LENGTH:
            raise StockReasonMissing(field="reason", at_most=REASON_LENGTH)
    except PortalError as error:
        cleaned, errors["reason"] = "", error
    if errors:
        raise InputInvalid(errors)
    return number, cleaned


def fingerprint(product: ProductRecord) -> str:
    """Return a digest of what a form shows of a product, so that nobody overwrites a change they did not see."""
    return digest_of(
        product.slug, product.name, product.description, product.translations, product.price_minor,
        product.currency, product.needs_delivery,
    )  # fmt: skip


def _slug(text: str, name: str, present: ProductRecord | None) -> str:
    if present is not None and text.strip() == present.slug:
        return present.slug
    return check_slug(text) if text.strip() else make_slug(name)


def _currency(text: str, present: ProductRecord | None) -> str:
    if present is not None and text.strip() == present.currency:
        return present.currency
    return check_listed_currency(text)


def _description(text: str, field: str) -> str:
    cleaned = clean_text(text, field)
    if len(cleaned) > DESCRIPTION_LENGTH:
        raise DescriptionTooLong(field=field, at_most=DESCRIPTION_LENGTH)
    return cleaned


def _translated_name(text: str, field: str) -> str:
    return check_name(text, field) if text.strip() else ""


def _read_translations(read: Callable[[str, Callable[[str], Any], Any], Any]) -> dict[str, dict[str, str]]:
    """Return the texts by language without the empty ones."""
    parsers = {"name": _translated_name, "description": _description}
    translations = {}
    for language in LANGUAGES:
        texts = {}
        for text, parse in parsers.items():
            field = f"{text}_{language}"
            texts[text] = read(field, partial(parse, field=field), "")
        if filled := {text: value for text, value in texts.items() if value}:
            translations[language] = filled
    return translations
