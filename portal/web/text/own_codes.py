"""The page of an own share code in words and numbers of the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from portal.codes import LABELS_MAX, LabelResults, Results, share_url
from portal.web.text.format import WEI, number, short_day, token_text
from portal.web.text.share_codes import qr_markup

if TYPE_CHECKING:
    from portal.flows.overviews.own_code import OwnCode
    from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label with its link and its results; "" is the label of all other links, which have no count of visits."""

    label: str
    url: str
    visits: str
    orders: str
    paid: str
    earned: str
    is_removable: bool


@dataclass(frozen=True, slots=True)
class OwnCodeView:
    """An own code; `alias` and `alias_url` are "" without an alias, `earned_daily` is for a plot of whole tokens."""

    code: str
    is_active: bool
    alias: str
    alias_url: str
    labels: tuple[LabelRow, ...]
    labels_max: int
    other: LabelRow
    earned_daily: tuple[tuple[str, int, str], ...]
    earned: str


@dataclass(frozen=True, slots=True)
class QrView:
    """A link with its QR code, inline and as a file."""

    url: str
    qr: Markup
    download_url: str


def own_code_view(own: OwnCode, labels: Sequence[LabelResults], settings: Settings) -> OwnCodeView:
    """Return an own code with some of its labels, its earnings and its alias."""
    name, alias = own.alias or own.code.code, own.alias or ""
    link = share_url(settings.app_url, name)
    return OwnCodeView(
        code=own.code.code,
        is_active=own.code.active,
        alias=alias,
        alias_url=link if alias else "",
        labels=tuple(
            _row(each.label, f"{link}&via={each.label}", number(each.visits), each.results) for each in labels
        ),
        labels_max=LABELS_MAX,
        other=_row("", link, "", own.other),
        earned_daily=tuple((short_day(day), int(wei // WEI), token_text(wei)) for day, wei in own.earned),
        earned=token_text(sum(wei for _day, wei in own.earned)),
    )


def qr_view(url: str, download_url: str) -> QrView:
    """Return a link with its QR code."""
    return QrView(url, qr_markup(url), download_url)


def _row(label: str, url: str, visits: str, results: Results) -> LabelRow:
    return LabelRow(
        label,
        url,
        visits,
        number(results.orders),
        number(results.paid),
        token_text(results.earned_wei),
        not results.orders,
    )
