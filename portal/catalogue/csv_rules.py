"""Read a CSV file of products and say what each row would change; pure. See docs/catalogue.md for the columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.catalogue.product_rules import (
    LANGUAGES,
    MOST_STOCK,
    ProductValues,
    SlugTaken,
    StockInvalid,
    check_slug,
    make_slug,
    read_product,
)
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.money import decimal_text, major_text, plain_amount
from portal.lib.spreadsheets import unguard_formula

if TYPE_CHECKING:
    from models import Product

MOST_ROWS = 10_000
MOST_BYTES = 10 * 1024 * 1024
TEXT_COLUMNS = tuple(
    f"{text}{suffix}"
    for text in ("name", "description")
    for suffix in ("", *(f"_{code}" for code in LANGUAGES))
)
COLUMNS = (
    "slug", "vendor_id", *TEXT_COLUMNS, "price", "currency", "stock", "referral_percent", "needs_delivery", "on_sale",
)  # fmt: skip
CREATE, CHANGE, UNCHANGED, ERROR = "create", "change", "unchanged", "error"

_WORDS = {"true": True, "1": True, "yes": True, "так": True, "да": True}
_WORDS |= {"false": False, "0": False, "no": False, "ні": False, "нет": False, "": False}
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_SHOWN = 100


class CsvUnreadable(PortalError):
    """The file is no CSV in UTF-8; param reason: encoding, empty or quotes, and of quotes the row."""

    code = "csv_unreadable"


class CsvCellTooLong(PortalError):
    """A cell has more than `at_most` characters; param row."""

    code = "csv_cell_too_long"


class CsvColumnsInvalid(PortalError):
    """Columns are unknown, repeated or missing; params reason, columns and known."""

    code = "csv_columns_invalid"


class CsvTooLong(PortalError):
    """The file has more than `at_most` rows."""

    code = "csv_too_long"


class CsvCellsExtra(PortalError):
    """The row has more cells than the header."""

    code = "csv_cells_extra"


class CsvSlugRepeated(PortalError):
    """Another row of the file has the same slug; param slug."""

    code = "csv_slug_repeated"


class CsvVendorInvalid(PortalError):
    """The row names no vendor of the person, or another one than the product has."""

    code = "csv_vendor_invalid"


class CsvWordInvalid(PortalError):
    """The cell is neither true nor false."""

    code = "csv_word_invalid"


@dataclass(frozen=True)
class CsvRow:
    """A row by its number in a spreadsheet, the header being 1; `cells` by column, as typed."""

    number: int
    cells: dict[str, str]
    has_extra: bool = False


@dataclass(frozen=True)
class Plan:
    """What a row would do. `before` and `after` hold the columns that change, as canonical texts."""

    outcome: str
    slug: str
    product_id: int | None = None
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    error: PortalError | None = None


@dataclass(frozen=True)
class Importer:
    """Who imports: the vendors they may change (None is all), the vendor of every row, and how percents are read."""

    vendor_ids: frozenset[int]
    vendor_id: int | None
    read_percent: Callable[[str, int], Decimal | None]


def decode_csv(raw: bytes) -> str:
    """Return a file as text; raise CsvUnreadable for any encoding but UTF-8."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CsvUnreadable(field="file", reason="encoding") from None
    if "\x00" in text:
        raise CsvUnreadable(field="file", reason="encoding")
    return text


def read_rows(text: str) -> list[CsvRow]:
    """Return the rows of a file whose cells are separated by commas, semicolons or tabs, without the blank ones.

    Raises CsvUnreadable, CsvCellTooLong, CsvColumnsInvalid or CsvTooLong.
    """
    first_line = text.lstrip("\r\n").partition("\n")[0]
    separator = max(",;\t", key=first_line.count)
    lines = [(number, cells) for number, cells in _records(text, separator) if any(map(str.strip, cells))]
    if len(lines) < 2:
        raise CsvUnreadable(field="file", reason="empty")
    if len(lines) - 1 > MOST_ROWS:
        raise CsvTooLong(field="file", at_most=MOST_ROWS)
    columns = _check_columns([cell.strip().lower() for cell in lines[0][1]])
    return [
        CsvRow(number, dict(zip(columns, cells, strict=False)), any(map(str.strip, cells[len(columns) :])))
        for number, cells in lines[1:]
    ]


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with their numbers; raise CsvCellTooLong, or CsvUnreadable where a quote is not closed."""
    number = 0
    try:
        for number, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1
        ):
            yield number, cells
    except csv.Error as error:
        if str(error).startswith("field larger than"):
            raise CsvCellTooLong(field="file", row=number + 1, at_most=csv.field_size_limit()) from None
        raise CsvUnreadable(field="file", reason="quotes", row=number + 1) from None


def _check_columns(columns: list[str]) -> list[str]:
    while columns and not columns[-1]:
        columns.pop()
    known = ", ".join(COLUMNS)
    repeated = [name for name, count in Counter(columns).items() if count > 1]
    problems = {"unknown": [name for name in columns if name not in COLUMNS], "repeated": repeated}
    problems["missing"] = [] if {"slug", "name"} & set(columns) else ["slug"]
    for reason, names in problems.items():
        if names:
            listed = ", ".join(name or "“”" for name in names)[:_SHOWN]
            raise CsvColumnsInvalid(field="file", reason=reason, columns=listed, known=known)
    return columns


def slug_of(row: CsvRow) -> str:
    """Return the slug that names the product of a row: its cell, or the one made from its name."""
    typed = row.cells.get("slug", "").strip()
    return typed or make_slug(unguard_formula(row.cells.get("name", "")))


def row_values(product: Product) -> dict[str, str]:
    """Return a product as the columns of a file."""
    values = {"slug": product.slug, "vendor_id": str(product.vendor_id)}
    for text in ("name", "description"):
        values[text] = getattr(product, text)
        values |= {f"{text}_{code}": product.translations.get(code, {}).get(text, "") for code in LANGUAGES}
    percent = product.referral_percent
    return values | {
        "price": major_text(product.price_minor, product.currency),
        "currency": product.currency,
        "stock": str(product.stock),
        "referral_percent": "" if percent is None else decimal_text(percent, 6),
        "needs_delivery": _word(product.needs_delivery),
        "on_sale": _word(product.active),
    }


def plan_row(row: CsvRow, product: Product | None, importer: Importer, *, is_repeated: bool) -> Plan:
    """Return what a row would do to the product of its slug, None where there is none."""
    slug = slug_of(row)
    try:
        if row.has_extra:
            raise CsvCellsExtra
        if is_repeated:
            raise CsvSlugRepeated(field="slug", slug=slug[:_SHOWN])
        vendor_id = _vendor_of(row, product, importer, slug)
        before = row_values(product) if product else {}
        after = _after(row, before, product, slug, vendor_id, importer)
    except PortalError as error:
        return Plan(ERROR, slug[:_SHOWN], error=_first(error))
    if product is None:
        return Plan(CREATE, slug, after=after)
    changed = {column for column, text in after.items() if text != before[column]}
    if not changed:
        return Plan(UNCHANGED, slug, product.id)
    kept = [column for column in COLUMNS if column in changed]
    return Plan(
        CHANGE, slug, product.id, {name: before[name] for name in kept}, {name: after[name] for name in kept}
    )


def values_of(texts: Mapping[str, str], product: Product | None = None) -> ProductValues:
    """Return the values of canonical texts; raise InputInvalid."""
    needs_delivery = "1" if texts["needs_delivery"] == "true" else ""
    return read_product({**texts, "needs_delivery": needs_delivery}, product)


def _after(
    row: CsvRow,
    before: dict[str, str],
    product: Product | None,
    slug: str,
    vendor_id: int,
    importer: Importer,
) -> dict[str, str]:
    """Return every column as it would be, as canonical texts; raise what the first refused cell raises."""
    start = before or {
        **dict.fromkeys(COLUMNS, ""),
        "stock": "0",
        "needs_delivery": "false",
        "on_sale": "true",
    }
    typed = {name: unguard_formula(text).strip() for name, text in row.cells.items()}
    texts = {**start, **typed, "slug": slug if product else check_slug(slug), "vendor_id": str(vendor_id)}
    texts["stock"] = _stock(texts["stock"], start["stock"])
    for column in ("needs_delivery", "on_sale"):
        texts[column] = _word(_read_word(texts[column], column))
    values = values_of(texts, product)
    percent_text = texts["referral_percent"].removesuffix("%").strip()
    if percent_text != start["referral_percent"]:
        plain = plain_amount(percent_text, "referral_percent") if percent_text else ""
        percent = importer.read_percent(plain, vendor_id)
        percent_text = "" if percent is None else decimal_text(percent, 6)
    canonical = {"name": values.name, "description": values.description, "referral_percent": percent_text}
    for code in LANGUAGES:
        translated = values.translations.get(code, {})
        canonical |= {f"{text}_{code}": translated.get(text, "") for text in ("name", "description")}
    canonical |= {"price": major_text(values.price_minor, values.currency), "currency": values.currency}
    return {**texts, **canonical}


def _vendor_of(row: CsvRow, product: Product | None, importer: Importer, slug: str) -> int:
    cell = row.cells.get("vendor_id", "").strip()
    named = int(cell) if cell.isascii() and cell.isdecimal() and len(cell) < 19 else None
    chosen = importer.vendor_id if importer.vendor_id is not None else named
    if product is not None and (importer.vendor_id or product.vendor_id) != product.vendor_id:
        raise SlugTaken(field="slug", slug=slug)
    if product is not None and product.vendor_id not in importer.vendor_ids:
        raise SlugTaken(field="slug", slug=slug)
    vendor_id = product.vendor_id if product is not None else chosen
    if vendor_id is None or vendor_id not in importer.vendor_ids or (cell and named != vendor_id):
        raise CsvVendorInvalid(field="vendor_id")
    return vendor_id


def _stock(text: str, present: str) -> str:
    if text in ("", present):
        return present
    if not _WHOLE.fullmatch(text) or not 0 <= int(text) <= MOST_STOCK:
        raise StockInvalid(field="stock", at_most=MOST_STOCK)
    return str(int(text))


def _read_word(text: str, column: str) -> bool:
    try:
        return _WORDS[text.lower()]
    except KeyError:
        raise CsvWordInvalid(field=column) from None


def _word(value: bool) -> str:
    return "true" if value else "false"


def _first(error: PortalError) -> PortalError:
    """Return the first error of several."""
    if not isinstance(error, InputInvalid):
        return error
    name, first = next(iter(error.fields.items()))
    first.field = first.field or name
    return first
