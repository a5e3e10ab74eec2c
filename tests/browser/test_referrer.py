"""The dashboard of a referrer in a browser, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor, check_qr


def test_dashboard_works_without_scripts(visitor: Visitor, sign_in: Callable[[Page, str], None]) -> None:
    page = visitor(java_script_enabled=False)
    sign_in(page, "referrer")
    page.goto("/en/refcodes")
    card = page.locator(".wallet-card").first
    expect(card.get_by_label("Share link")).to_have_value(page.url.split("/en")[0] + "?ref=" + _code(card))
    with page.expect_download() as download:
        card.get_by_role("link", name="QR code").click()
    assert download.value.suggested_filename == f"referral-{_code(card)}.svg"
    card.get_by_text("Show the numbers").click()
    expect(card.locator(".plot-data tbody tr")).to_have_count(28)
    card.get_by_text("Deactivate", exact=True).click()
    expect(card.get_by_text("You can activate the code again at any time.")).to_be_visible()
    card.get_by_role("button", name="Deactivate this code").click()
    expect(card.locator("[data-status=inactive]")).to_be_visible()
    card.get_by_role("button", name="Activate").click()
    expect(card.locator("[data-status=active]")).to_be_visible()


def test_qr_code_opens_in_a_dialog(visitor: Visitor, sign_in: Callable[[Page, str], None]) -> None:
    page = visitor()
    sign_in(page, "referrer")
    page.goto("/en/refcodes")
    card = page.locator(".wallet-card").first
    card.get_by_role("link", name="QR code").click()
    dialog = page.get_by_role("dialog", name="QR code")
    expect(dialog.locator(".qr-holder svg")).to_be_visible()
    check_qr(page, "dialog[open] .qr-holder svg")
    box, window = dialog.bounding_box(), page.viewport_size
    assert box
    assert window
    assert abs(box["x"] + box["width"] / 2 - window["width"] / 2) < 20
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Download SVG").click()
    assert download.value.suggested_filename == f"referral-{_code(card)}.svg"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_link_is_printed_in_full(visitor: Visitor, sign_in: Callable[[Page, str], None]) -> None:
    page = visitor(viewport={"width": 360, "height": 740})
    sign_in(page, "referrer")
    page.goto("/en/refcodes")
    field = page.locator(".wallet-card .copy-field").first
    link = field.get_by_label("Share link").input_value()
    page.emulate_media(media="print")
    expect(field.locator("input")).to_be_hidden()
    printed = field.locator(".copy-button")
    expect(printed).to_be_visible()
    assert printed.evaluate("button => getComputedStyle(button, '::before').content") == f'"{link}"'
    assert printed.evaluate("button => button.scrollWidth <= button.clientWidth")


def _code(card: Locator) -> str:
    return card.locator("h2 code").inner_text()
