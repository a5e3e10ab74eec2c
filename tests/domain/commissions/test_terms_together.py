"""The sum of all percents never exceeds a sale, even when they are saved concurrently."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import MerchantConfig, PlatformConfig, Product
from portal.commissions import (
    read_merchant_terms,
    save_merchant_terms,
    save_platform_percent,
    save_product_percent,
)
from portal.lib.errors import PortalError
from tests.factories import ACTOR, make_product, make_vendor
from tests.flows.conftest import settings_with
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("database")
SETTINGS = settings_with()
TERMS = {"platform_percent": "80", "referral_percent": "", "payout_frequency": "DAILY", "hold_days": "0"}


def test_unset_default_is_checked_with_the_server_setting() -> None:
    make_vendor(config_platform_percent=Decimal(90))
    with pytest.raises(PortalError) as refused:
        save_platform_percent("", settings_with(referral_reward_percent=11), ACTOR)
    assert (refused.value.code, refused.value.field) == ("commission_terms_exceed", "referral_percent")
    assert PlatformConfig.get().referral_percent == 5
    limited = settings_with(referral_reward_percent=11, referral_commission_max_percent=10)
    save_platform_percent("", limited, ACTOR)
    assert PlatformConfig.get().referral_percent is None


def test_concurrent_saves_never_exceed_a_sale_together() -> None:
    product = make_product(make_vendor(config_platform_percent=Decimal(50)))
    terms = read_merchant_terms(TERMS, [])
    for _ in range(10):
        Product.update(referral_percent=None).execute()
        PlatformConfig.update(referral_percent=Decimal(5)).execute()
        MerchantConfig.update(platform_percent=Decimal(50), referral_percent=None).execute()
        raised = at_once(
            [
                lambda: save_product_percent(product.id, "45", SETTINGS, ACTOR),
                lambda: save_platform_percent("40", SETTINGS, ACTOR),
                lambda: save_merchant_terms(product.vendor_id, terms, SETTINGS, ACTOR, own_addresses=()),
            ]
        )
        assert {getattr(error, "code", error) for error in raised} <= {
            "commission_terms_exceed", "input_invalid",
        }  # fmt: skip
        config = MerchantConfig.get(MerchantConfig.vendor == product.vendor_id)
        highest = max(Product.get().referral_percent or 0, PlatformConfig.get().referral_percent)
        assert config.platform_percent + highest <= 100
        assert raised
