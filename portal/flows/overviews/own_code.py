"""The page of an own share code: alias, labels with their results, earnings by day, and links to any page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from models import Refcode
from portal.codes import (
    CodeUnknown,
    LabelMalformed,
    LabelResults,
    Results,
    find_alias,
    find_code,
    keep_label,
    label_form,
    link_to_page,
    list_labels,
    lock_code,
    remove_label,
    share_url,
)
from portal.db import Actor, transaction
from portal.lib.clock import utc_today
from portal.lib.errors import PortalError
from portal.lib.texts import trim
from portal.rewards import earned_by_day
from portal.settings import Settings
from portal.stores import has_origin

DAYS = 28
PAGE_MAX = 1000


class PageForeign(PortalError):
    """Links lead to pages of the portal and of connected stores only."""

    code = "share_page_foreign"


@dataclass(frozen=True)
class OwnCode:
    """An own code with its alias and results; `other` are the results of links without a label or with a removed one.

    `earned` has the rewards of each of the last 28 days (UTC), oldest first, in wei.
    """

    code: Refcode
    alias: str | None
    labels: list[LabelResults]
    other: Results
    earned: tuple[tuple[date, int], ...]


def own_code_overview(user_id: int, code: str) -> OwnCode:
    """Return an own code with its results; raise CodeUnknown for any other."""
    row = find_code(code)
    if row is None or row.owner_user_id != user_id:
        raise CodeUnknown
    labels, other = list_labels(code)
    first = utc_today() - timedelta(days=DAYS - 1)
    earned = earned_by_day(code, datetime.combine(first, time(), UTC))
    days = (first + timedelta(days=number) for number in range(DAYS))
    return OwnCode(row, find_alias(code), labels, other, tuple((day, earned.get(day, 0)) for day in days))


def build_link(name: str, page: str, label: str, settings: Settings) -> str:
    """Return the share link of a code or alias to a page, with a label if one is given.

    The page is a path or an address of the portal, or an address of a connected store; "" is the portal's first page.
    Raises PageForeign or LabelMalformed.
    """
    tidy = label_form(label)
    if tidy is None and trim(label):
        raise LabelMalformed(field="label")
    address = _page_address(trim(page), settings)
    link = link_to_page(address, name) if address else share_url(settings.app_url, name)
    return f"{link}&via={tidy}" if tidy else link


def add_label(user_id: int, code: str, label: str) -> str:
    """Add a label to an own code and return its stored form; raise CodeUnknown, LabelMalformed or TooManyLabels."""
    with transaction():
        _lock_own(user_id, code)
        return keep_label(code, label)


def remove_own_label(user_id: int, code: str, label: str) -> None:
    """Remove a label of an own code; raise CodeUnknown, LabelUnknown or LabelHasOrders."""
    with transaction():
        _lock_own(user_id, code)
        remove_label(code, label, Actor.user(user_id))


def _lock_own(user_id: int, code: str) -> None:
    if lock_code(code).owner_user_id != user_id:
        raise CodeUnknown


def _page_address(page: str, settings: Settings) -> str:
    """Return the whole address of a page; "" for the first page of the portal."""
    if not page or page == settings.app_url:
        return ""
    if page.startswith("/") and not page.startswith(("//", "/\\")):
        page = settings.app_url.rstrip("/") + page
    elif "://" not in page:
        page = f"https://{page}"
    try:
        parts = urlsplit(page)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        raise PageForeign(field="page") from None
    is_plain = len(page) <= PAGE_MAX and page.isprintable() and " " not in page and "\\" not in page
    own = urlsplit(settings.app_url)
    if not is_plain or not (origin == f"{own.scheme}://{own.netloc}" or has_origin(origin)):
        raise PageForeign(field="page")
    return page
