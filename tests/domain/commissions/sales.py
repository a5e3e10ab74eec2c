"""Hypothesis strategies and builders for the commission rules."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from portal.commissions.rules import CustomSplit
from portal.programme import ReferralLine

D = Decimal

percents = st.decimals(min_value=0, max_value=100, places=6)
amounts = st.integers(min_value=0, max_value=10**12)
referral_lines = st.lists(
    st.builds(
        ReferralLine,
        product_id=st.integers(1, 99),
        vendor_id=st.integers(1, 3),
        subtotal_minor=amounts,
        percent=percents,
        source=st.sampled_from(["product", "merchant", "default", "env"]),
    ),
    max_size=6,
)
split_lists = st.lists(
    st.builds(CustomSplit, recipient_id=st.just("fund"), percent=percents, description=st.just("")),
    max_size=4,
)


def line(
    subtotal: int, percent: str, *, product: int = 1, vendor: int = 1, source: str = "product"
) -> ReferralLine:
    return ReferralLine(product, vendor, subtotal, D(percent), source)


def split(percent: str, recipient: str = "fund") -> CustomSplit:
    return CustomSplit(recipient, D(percent), "")
