"""Share codes as their owner sees them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from portal.chain import checksummed
from portal.web.text.format import number, short_day
from portal.web.text.rewards import explorer_url
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from portal.flows.overviews.referrer_overview import CodeCard, VisitComparison, VisitComparisons


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """A count on the way from visit to paid order, with its noun."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class CodeCardView:
    """A share code of a wallet.

    `funnel_note` says where the funnel stops, `off` why the code is inactive. `daily` holds (day, visits, visits as
    text) for the last 28 days, oldest first.
    """

    code: str
    is_active: bool
    can_activate: bool
    needs_wallet: bool
    off: str
    wallet: str
    stated_wallet: str
    wallet_url: str | None
    share_url: str
    qr: Markup
    funnel: tuple[FunnelStep, ...]
    funnel_note: str
    visits_28_days: int
    daily: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure against the period before; `direction` is up, down or flat."""

    direction: str
    text: str


@dataclass(frozen=True, slots=True)
class VisitTile:
    """The visits of a period."""

    label: str
    value: str
    trend: Trend


def code_card_view(card: CodeCard, stated_wallet: str | None = None) -> CodeCardView:
    """Return a code with its link, QR code, funnel and visits by day; a store may have named a wallet for it."""
    wallet, cause = checksummed(card.code.wallet_address), card.deactivation
    return CodeCardView(
        code=card.code.code,
        is_active=card.code.active,
        can_activate=not card.code.active and (cause is None or cause.by == "owner"),
        needs_wallet=cause is not None and cause.by == "unlinked",
        off=_off(card),
        wallet=wallet,
        stated_wallet=checksummed(stated_wallet) or "",
        wallet_url=explorer_url("address", wallet) if wallet else None,
        share_url=card.share_url,
        qr=qr_markup(card.share_url),
        funnel=_funnel(card),
        funnel_note=_funnel_note(card),
        visits_28_days=card.visits.last28d,
        daily=tuple((short_day(day), visits, number(visits)) for day, visits in card.visits.daily),
    )


@lru_cache(maxsize=256)
def qr_markup(text: str) -> Markup:
    """Return a QR code as inline SVG; drawing the one of a share link takes longer than the rest of its card."""
    from segno import make  # noqa: PLC0415

    svg = make(text, error="m").svg_inline(border=4, omitsize=True)
    return Markup(svg)  # noqa: S704 - markup of segno, without user text


def visit_tiles(visits: VisitComparisons) -> list[VisitTile]:
    """Return the visits of each period against the period before."""
    return [
        _tile(_("Visits today"), visits.today, _("yesterday: %(number)s")),
        _tile(_("Last 7 days"), visits.last7d, _("previous 7 days: %(number)s")),
        _tile(_("Last 28 days"), visits.last28d, _("previous 28 days: %(number)s")),
        _tile(_("All visits"), visits.total, _("28 days ago: %(number)s")),
    ]


def _tile(label: str, visits: VisitComparison, before: str) -> VisitTile:
    step = (visits.now > visits.before) - (visits.now < visits.before)
    text = before % {"number": number(visits.before)}
    return VisitTile(label, number(visits.now), Trend(("flat", "up", "down")[step], text))


def _funnel(card: CodeCard) -> tuple[FunnelStep, ...]:
    """Return visits, orders and paid orders; without an order there is nothing to say of payments."""
    visits, orders, paid = card.visits.total, card.orders.orders, card.orders.paid
    steps = [
        FunnelStep(number(visits), ngettext("visit", "visits", visits)),
        FunnelStep(number(orders), ngettext("order", "orders", orders)),
    ]
    if orders:
        steps.append(FunnelStep(number(paid), ngettext("paid order", "paid orders", paid)))
    return tuple(steps)


def _funnel_note(card: CodeCard) -> str:
    if card.orders.paid:
        return ""
    if card.orders.orders:
        return ngettext("%(num)s order, not paid yet.", "%(num)s orders, none paid yet.", card.orders.orders)
    if card.visits.total:
        return ngettext("%(num)s visit, no orders yet.", "%(num)s visits, no orders yet.", card.visits.total)
    return _("No visits yet. Share the link to start.") if card.code.active else _("No visits.")


def _off(card: CodeCard) -> str:
    """Return why a code is inactive and what activates it, "" while it is active."""
    if card.code.active:
        return ""
    cause = card.deactivation
    if cause and cause.by == "admin":
        return _("An admin deactivated this code. Reason: %(reason)s", reason=cause.reason or "")
    if cause and cause.by == "unlinked":
        return _(
            "The wallet of this code is no longer linked to your account. Link it again to use the code."
        )
    return _("You deactivated this code. It earns nothing new; earlier rewards are unaffected.")
