"""The owner of a WooCommerce shop connects it by the page alone and sees an order arrive, in three languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.support.connected_shop import connect_woocommerce, paid_order
from tests.support.portals import RunningPortal

SENTENCES = {
    "en": ("Order {number} paid 719.98 UAH.", "Referred by {code}"),
    "uk": ("За замовлення {number} сплачено", "Реферальний код {code}"),
    "ru": ("За заказ {number} оплачено", "Реферальный код {code}"),
}


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_store_is_connected_by_the_page_and_its_checks_turn_green(
    visitor: Visitor, sign_in: Callable[[Page, str], None], portal: RunningPortal, locale: str
) -> None:
    page, number = visitor(), f"77{len(SENTENCES[locale][0])}"
    sign_in(page, "admin")
    shop = connect_woocommerce(page, f"Story {locale}", locale=locale)
    page.locator("main a.btn-primary").last.click()
    for name in ("signature", "order", "cookie"):
        expect(page.locator(f"[data-check={name}]")).to_have_attribute("data-state", "waiting")
    code = portal.description["referralLink"].partition("=")[2]
    assert shop.deliver(paid_order(number, code)) == 200
    for name in ("signature", "order", "cookie"):  # without a reload
        expect(page.locator(f"[data-check={name}]")).to_have_attribute("data-state", "good")
    page.goto(f"/{locale}/admin/stores/{shop.id}/events")
    event = page.locator("[data-outcome=created]")
    for sentence in SENTENCES[locale]:
        expect(event).to_contain_text(sentence.format(number=number, code=code))
