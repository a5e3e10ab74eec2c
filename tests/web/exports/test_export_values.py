"""Exported numbers keep every digit, and no text runs as a formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from decimal import Decimal

import pytest
from openpyxl.utils.escape import unescape

from models import User
from portal.web.exports import xlsx_file
from portal.web.exports.columns import cell_text
from tests.factories import (
    make_reward,
    make_settlement,
    make_vendor,
)
from tests.web.exports.ledger_files import export_rows, export_url, xlsx_rows
from tests.web.visitor import Visitor


def test_large_numbers_keep_every_digit(as_admin: Visitor, other: User) -> None:
    wei, price = 10**40 + 1, Decimal("0.123456789012345678")
    make_reward(other, reward_amount_wei=wei, token_price_usd=price, usd_value=Decimal("1234567890.12345"))
    (row,) = export_rows(as_admin, "reward-queue")
    assert row["reward_amount_wei"] == str(wei)
    assert row["reward_amount"] == "10000000000000000000000.000000000000000001"
    (row,) = xlsx_rows(as_admin.get(export_url("reward-queue", "xlsx")))
    assert (row["token_price_usd"], row["usd_value"]) == ("0.123456789012345678", 1234567890.12345)
    assert (row["order_total_minor"], row["order_total"]) == (100_000, "1000.00")


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (2**53, True),
        (2**53 + 1, False),
        (-(2**53), True),
        (-(2**53) - 1, False),
        (Decimal("0.000000000123456789012345"), True),
        (Decimal("1.2345678901234567"), False),
        (Decimal("12000000000000000000"), True),
        (Decimal("1.0000000000000000000000000000000001"), False),
        (Decimal(0), True),
    ],
)
def test_only_exact_numbers_are_written_as_doubles(value: int | Decimal, fits: bool) -> None:
    assert xlsx_file._fits_double(value) is fits


BEFORE = ["", "a;", "a; ", 'a";', "a\tb\t", "a\r\n", "a\n", "a;b;\u00a0"]
FORMULAS = [
    "=1+1", "+1+1", "-1+1", "-1-1", "--1", "+380441234567", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠x", "﹦1", "﹣1",
    "−1", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\u2060\u200e =1", "\x00=1", "'=1",
    '"=1', "=cmd|' /C calc'!A0", "=DDE(\"cmd\";\"/C calc\";\"x\")", "=HYPERLINK(\"http://x\")",
    "=СУММ(A1)", "=СУМ(A1;B1)",
]  # fmt: skip


def test_formula_is_neutralised_wherever_a_cell_may_begin() -> None:
    for before in BEFORE:
        for text in FORMULAS:
            written = cell_text(before + text)
            assert "'" in written, (before, text)
            for separator in (";", "\t"):
                for line in written.splitlines():
                    for cell in line.split(separator):
                        visible = "".join(each for each in cell if unicodedata.category(each)[0] not in "ZC")
                        start = unicodedata.normalize("NFKC", visible.replace('"', ""))[:1]
                        assert start not in {"=", "+", "-", "@", "\u2212"}, (written, cell)


@pytest.mark.parametrize(
    "text",
    [
        "-5",
        "-12.50",
        "0.5",
        "5",
        "a-b",
        "x=y",
        "e@mail.example",
        "Tea; 100 g",
        "a, -b",
        "Їжак – 5",
        "it's",
        "-0.001",
    ],
)
def test_other_texts_and_negative_numbers_stay(text: str) -> None:
    assert cell_text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1+1", "<r><t>x</t></r>", "<r>&</r>", "a & <b>", "{=1}",
        "https://example.com", "007", "1e5", "_x0041_", "line\nbreak", "\x01\x1f", " spaces ", "Їжак 🦔", "NaN",
    ],
)  # fmt: skip
def test_vendor_name_stays_text(as_admin: Visitor, name: str) -> None:
    make_settlement(make_vendor(name=name))
    (row,) = csv.DictReader(io.StringIO(as_admin.get(export_url("settlements")).text, newline=""))
    escaped = f"'{name}" if name.startswith(("=", "+", "@", "\t", "\r", "＝")) else name
    assert row["vendor"] == escaped
    (row,) = xlsx_rows(as_admin.get(export_url("settlements", "xlsx")))
    assert unescape(row["vendor"]) == escaped


def test_text_longer_than_a_cell_is_cut_in_the_sheet_only(as_admin: Visitor) -> None:
    name = "🦔" * 20_000
    make_settlement(make_vendor(name=name))
    (row,) = csv.DictReader(io.StringIO(as_admin.get(export_url("settlements")).text))
    assert row["vendor"] == name
    (cell,) = (row["vendor"] for row in xlsx_rows(as_admin.get(export_url("settlements", "xlsx"))))
    assert cell == "🦔" * 16_383 + "…"
