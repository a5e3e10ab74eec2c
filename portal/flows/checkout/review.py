"""What a buyer reviewed before confirming, and what differs from it now. See docs/rules/payments.md."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from models import Order, Product, User
from portal.catalogue import (
    PriceChanged,
    PricedLine,
    ProductWithdrawn,
    StockShort,
    active_products_by_id,
    products_by_id,
)
from portal.flows.checkout.decide_attribution import Attribution, confirm_attribution, source_of
from portal.flows.checkout.referral_lines import cart_lines, earns_reward
from portal.lib.clock import utc_now
from portal.lib.errors import InputInvalid, PortalError
from portal.orders import list_order_items
from portal.settings import Settings

FIELD = "reviewToken"
_SALT = "portal.checkout-review"


class ReviewChanged(InputInvalid):
    """What the buyer confirms is not what was reviewed; `fields` has one error per difference."""

    code = "review_changed"


class ReviewInvalid(PortalError):
    """The token of a review is malformed, or was issued to another account."""

    code = "review_invalid"


class LineAdded(PortalError):
    code = "review_line_added"


class LineRemoved(PortalError):
    code = "review_line_removed"


class QuantityChanged(PortalError):
    code = "review_quantity_changed"


class TotalChanged(PortalError):
    code = "review_total_changed"


class ReferralChanged(PortalError):
    """Another code is credited, or none; params before and now are codes or empty."""

    code = "review_referral_changed"


class RewardChanged(PortalError):
    """Whether the purchase earns its referrer a reward is different now; params earns_reward."""

    code = "review_reward_changed"


@dataclass(frozen=True)
class ReviewedLine:
    """A product with its pieces and the price of one in minor units."""

    product_id: int
    quantity: int
    unit_price_minor: int


@dataclass(frozen=True)
class Review:
    """The lines, prices, currency and referral promise that a buyer has seen."""

    lines: tuple[ReviewedLine, ...]
    currency: str
    referral_code: str | None
    earns_reward: bool

    @property
    def total_minor(self) -> int:
        """Return the sum of the lines in minor units."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)


def review_cart(priced: Sequence[PricedLine], attribution: Attribution, settings: Settings) -> Review:
    """Return the review of a priced cart."""
    code = attribution.code.code if attribution.code else None
    lines = [ReviewedLine(line.product_id, line.quantity, line.unit_price_minor) for line in priced]
    earns = code is not None and earns_reward(cart_lines(priced, settings), utc_now(), settings)
    return Review(_sorted(lines), priced[0].currency, code, earns)


def review_order(order: Order, settings: Settings) -> Review:
    """Return the review of an unpaid order: its lines as they were placed, its referral as it would be decided now."""
    items = list_order_items(order.id)
    lines = [
        ReviewedLine(item.product_id, item.quantity, item.unit_price_minor)
        for item in items
        if item.product_id is not None and item.unit_price_minor is not None
    ]
    applies = (
        order.referral_code is not None and confirm_attribution(order, source_of(order)).code is not None
    )
    earns = applies and earns_reward(cart_lines(items, settings), utc_now(), settings)
    return Review(_sorted(lines), order.currency, order.referral_code if applies else None, earns)


def empty_review() -> Review:
    """Return the review of an empty cart."""
    return Review((), "", None, False)


def sign_review(review: Review, buyer: User, settings: Settings) -> str:
    """Return a review as the text that a form or a program sends back with the confirmation."""
    lines = [[line.product_id, line.quantity, line.unit_price_minor] for line in review.lines]
    content = [buyer.id, review.currency, review.referral_code, review.earns_reward, lines]
    return str(_signer(settings).dumps(content))


def read_review(token: str, buyer: User, settings: Settings) -> Review:
    """Return the review of a token that was issued to this buyer; raise ReviewInvalid."""
    try:
        buyer_id, currency, code, earns, lines = _signer(settings).loads(token)
    except (BadSignature, ValueError):
        raise ReviewInvalid(field=FIELD) from None
    if buyer_id != buyer.id:
        raise ReviewInvalid(field=FIELD)
    return Review(tuple(ReviewedLine(*line) for line in lines), currency, code, earns)


def require_same(reviewed: Review, now: Review) -> None:
    """Raise ReviewChanged with every difference between what was reviewed and what would happen now."""
    if reviewed != now:
        raise ReviewChanged(_differences(reviewed, now))


def referral_change(reviewed: Review, code: str | None) -> ReferralChanged:
    """Return the difference between the reviewed code and the one that is credited now."""
    return ReferralChanged(before=reviewed.referral_code or "", now=code or "")


def _differences(before: Review, now: Review) -> dict[str, PortalError]:
    ids = [line.product_id for line in (*before.lines, *now.lines)]
    names = {product.id: product.name for product in products_by_id(ids).values()}
    on_sale = active_products_by_id(ids)
    lines_before = {line.product_id: line for line in before.lines}
    lines_now = {line.product_id: line for line in now.lines}
    found: dict[str, PortalError] = {}
    for product_id in dict.fromkeys(ids):
        old, new = lines_before.get(product_id), lines_now.get(product_id)
        if old != new:
            facts: Mapping[str, Any] = {"product": names.get(product_id, str(product_id))}
            row = on_sale.get(product_id)
            found[f"items.{product_id}"] = _line_difference(old, new, facts, before, now, row)
    if before.total_minor != now.total_minor or (now.currency and before.currency != now.currency):
        found["total"] = TotalChanged(
            before_minor=before.total_minor,
            before_currency=before.currency,
            now_minor=now.total_minor,
            now_currency=now.currency or before.currency,
        )
    if now.lines and before.referral_code != now.referral_code:
        found["referral"] = referral_change(before, now.referral_code)
    elif now.lines and before.earns_reward != now.earns_reward:
        found["referral"] = RewardChanged(earns_reward=now.earns_reward)
    return found


def _line_difference(
    old: ReviewedLine | None,
    new: ReviewedLine | None,
    facts: Mapping[str, Any],
    before: Review,
    now: Review,
    row: Product | None,
) -> PortalError:
    if old is None and new is not None:
        return LineAdded(**facts, quantity=new.quantity)
    if old is None or new is None:
        if row is None:
            return ProductWithdrawn(**facts)
        return LineRemoved(**facts) if row.stock > 0 else StockShort(**facts, available=0)
    if old.quantity != new.quantity:
        return QuantityChanged(**facts, before=old.quantity, now=new.quantity)
    return PriceChanged(
        **facts,
        before_minor=old.unit_price_minor,
        before_currency=before.currency,
        now_minor=new.unit_price_minor,
        now_currency=now.currency,
    )


def _sorted(lines: Sequence[ReviewedLine]) -> tuple[ReviewedLine, ...]:
    return tuple(sorted(lines, key=lambda line: line.product_id))


def _signer(settings: Settings) -> URLSafeSerializer:
    key = settings.secret_key.get_secret_value()
    return URLSafeSerializer(key, salt=_SALT, signer_kwargs={"digest_method": hashlib.sha256})
