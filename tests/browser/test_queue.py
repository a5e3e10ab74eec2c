"""The reward queue in a browser: bulk decisions, the keyboard, saved filters and the page of a minting job."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.support.axe import violations
from tests.support.living import sql
from tests.support.portals import RunningPortal

CYRILLIC = """([key, code]) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }))"""


@pytest.fixture
def waiting(portal: RunningPortal) -> list[str]:
    """Add three pending rewards to the running portal and return their references."""
    references = [f"store_queue{number}_{time.time_ns()}" for number in range(3)]
    with psycopg2.connect(portal.description["databaseUrl"]) as database, database.cursor() as cursor:
        for reference in references:
            cursor.execute(
                "INSERT INTO referral_rewards (order_reference, ref_code, referrer_user_id, referrer_wallet,"
                " order_total_minor, currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail,"
                " status, sizing) SELECT %s, code, owner_user_id, wallet_address, 10000, 'UAH', 5, 0.125, 0.1,"
                " 1250000000000000000, 'fiat', 'pending_approval', '{\"lines\": [], \"usdRate\": \"40\"}'"
                " FROM refcodes LIMIT 1",
                [reference],
            )
    database.close()
    return references


def test_selected_rows_are_rejected_together(
    visitor: Visitor, sign_in: Callable[[Page, str], None], waiting: list[str]
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto("/admin/refcodes")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    for reference in waiting[:2]:
        page.get_by_role("checkbox", name=f"Select {reference}").check()
    expect(page.get_by_role("button", name="Approve 2 on this page")).to_be_visible()
    page.get_by_placeholder("Reason for rejecting").fill("a test")
    page.get_by_role("button", name="Reject 2 on this page").click()
    expect(page.locator("main").get_by_text("2 rewards are rejected.")).to_be_visible()
    expect(page.locator("tr[data-row]", has_text=waiting[2])).to_be_visible()
    expect(page.locator("tr[data-row]", has_text=waiting[0])).to_have_count(0)


def test_keyboard_moves_selects_and_approves(
    visitor: Visitor, sign_in: Callable[[Page, str], None], waiting: list[str]
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto("/admin/refcodes")
    page.keyboard.press("j")
    first, second = (page.locator("tr[data-row]").nth(at) for at in range(2))
    # A keyboard with Cyrillic letters: the letters are those printed on its keys.
    for is_checked in (True, False):
        page.evaluate(CYRILLIC, ["ч", "KeyX"])
        expect(first.get_by_role("checkbox")).to_be_checked(checked=is_checked)
    page.keyboard.press("a")
    # A reward that waits has no status beside it: it is the heading of the list.
    expect(first.locator("[data-status]")).to_be_visible()
    # The decided row was replaced; the next one follows it.
    page.evaluate(CYRILLIC, ["о", "KeyJ"])
    expect(second).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_be_visible()


def test_reason_is_asked_in_a_dialog_for_its_row(
    visitor: Visitor, sign_in: Callable[[Page, str], None], waiting: list[str]
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto("/admin/refcodes")
    row, other = (page.locator("tr[data-row]", has_text=reference) for reference in waiting[1:])
    row.get_by_role("link", name=f"Reject {waiting[1]}").focus()
    page.keyboard.press("r")
    expect(page.locator("#reason [data-dialog-subject]")).to_have_text(waiting[1])
    page.keyboard.type("a test")
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    # Outside the dialog, the message could be neither read aloud nor closed.
    expect(page.locator("#reason .toast-note")).to_be_visible()
    page.context.set_offline(False)
    page.locator("#reason .toast-note").get_by_role("button", name="Dismiss").click()
    page.locator("#reject-reason").press("Enter")
    expect(row.locator("[data-status=rejected]")).to_be_visible()
    expect(page.locator("body > #toasts")).to_have_count(1)
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert waiting[1] in page.evaluate("document.activeElement.closest('tr')?.innerText ?? ''")
    other.get_by_role("button", name=f"Approve {waiting[2]}").dblclick()
    expect(other.locator("[data-status]")).to_be_visible()
    expect(other.locator(".field-error")).to_have_count(0)


def test_bulk_bar_and_table_head_stay_in_sight(
    visitor: Visitor, sign_in: Callable[[Page, str], None], waiting: list[str]
) -> None:
    # The head stays in sight only where the whole table fits; a row with several notes is wider than 1280 pixels.
    page = visitor(viewport={"width": 1440, "height": 420})
    sign_in(page, "admin")
    page.goto("/admin/refcodes")
    box = page.get_by_role("checkbox", name=f"Select {waiting[1]}")
    head = page.locator("table[data-shortcuts] thead th").nth(1)
    box.scroll_into_view_if_needed()
    row = page.locator("tr[data-row]", has_text=waiting[1])
    before = row.bounding_box()
    box.check()
    # The bar takes the place of the filters, so no row moves away from the pointer.
    assert row.bounding_box() == before
    page.evaluate(
        "scrollTo(0, document.querySelector('table[data-shortcuts]').getBoundingClientRect().top + scrollY + 60)"
    )
    bar = page.locator("[data-bulk-bar]")
    expect(bar).to_be_in_viewport(ratio=1)
    expect(head).to_be_in_viewport(ratio=1)
    above, below = bar.bounding_box(), head.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"] + 1


@pytest.mark.parametrize("reason", [None, "paid_differently"])
def test_last_button_keeps_its_distance(
    visitor: Visitor,
    sign_in: Callable[[Page, str], None],
    portal: RunningPortal,
    waiting: list[str],
    reason: str | None,
) -> None:
    """In Ukrainian, whose words are longest, on the narrowest desktop."""
    if reason:
        with psycopg2.connect(portal.description["databaseUrl"]) as database, database.cursor() as cursor:
            cursor.execute(
                "UPDATE referral_rewards SET status = 'failed', failure_reason = %s WHERE order_reference = %s",
                [reason, waiting[0]],
            )
        database.close()
    page = visitor(viewport={"width": 1280, "height": 900})
    sign_in(page, "admin")
    status = "failed" if reason else "pending_approval"
    page.goto(f"/uk/admin/refcodes?status={status}&orderReference={waiting[0]}")
    table = page.locator(".table-box:has([data-shortcuts])").bounding_box()
    button = page.locator("tr[data-row] a", has_text="Відхилити").bounding_box()
    assert table is not None
    assert button is not None
    assert table["x"] + table["width"] - (button["x"] + button["width"]) >= 12


def test_filter_is_saved_opened_and_removed(
    visitor: Visitor, sign_in: Callable[[Page, str], None], waiting: list[str]
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto(f"/admin/refcodes?orderReference={waiting[2]}")
    page.get_by_text("Save this filter").first.click()
    name = f"Number {time.time_ns()}"
    page.get_by_label("Filter name").first.fill(name)
    page.get_by_role("button", name="Save this filter").click()
    page.goto("/admin/refcodes")
    page.get_by_role("link", name=name).click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.get_by_text("Edit the saved filters").click()
    page.get_by_role("button", name=f"Remove {name}").click()
    expect(page.locator("main").get_by_text("The filter is removed.")).to_be_visible()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_audit_page_is_printed_completely(
    visitor: Visitor, sign_in: Callable[[Page, str], None], waiting: list[str]
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto(f"/admin/audit?orderReference={waiting[0]}")
    page.emulate_media(media="print")
    expect(page.locator("p.print-only")).to_contain_text(waiting[0])
    expect(page.locator("p.print-only")).to_be_visible()
    for hidden in (".shell-tools", ".shell-nav", ".shell-footer", "main form", "[download]"):
        expect(page.locator(hidden).first).to_be_hidden()
    address = page.locator("#audit-reward .hex").first
    full_address = address.locator(".visually-hidden").first
    assert len(full_address.inner_text()) == 42
    box = full_address.bounding_box()
    assert box is not None
    assert box["width"] > 100
    # A browser prints a page that is too wide smaller, but does not see a table that is clipped or overlaps another.
    wide = "<div><div class='table-box'><table class='table'><tr><td class='num'>" + "9" * 400
    for classes in ("panel panel-flush", "columns-2"):
        page.locator("main").evaluate(
            "(main, html) => main.innerHTML = html", f"<div class='{classes}'>{wide}"
        )
        assert page.evaluate("document.documentElement.scrollWidth > innerWidth"), classes
    assert page.evaluate(
        "document.querySelector('.columns-2 > *').offsetWidth >= document.querySelector('td').offsetWidth"
    )


def test_minting_job_page_shows_progress_and_results(
    visitor: Visitor, sign_in: Callable[[Page, str], None], portal: RunningPortal, waiting: list[str]
) -> None:
    page = visitor()
    sign_in(page, "admin")
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    with psycopg2.connect(portal.description["databaseUrl"]) as database, database.cursor() as cursor:
        cursor.execute(
            "UPDATE referral_rewards SET status = 'approved' WHERE order_reference = ANY(%s) RETURNING id",
            [waiting],
        )
    database.close()
    answer = page.request.post(
        "/api/refcodes/mint", headers={"X-CSRFToken": token or ""}, data={"limit": 50}
    ).json()
    assert answer["success"] is True
    assert isinstance(answer["jobId"], int)
    page.goto(f"/admin/refcodes/mint/{answer['jobId']}")
    expect(page.locator("#mint-job")).to_have_attribute("data-job", "finished", timeout=60_000)
    expect(page.get_by_text(re.compile(r"^\d+ of \d+$")).first).to_be_visible()
    page.reload()
    expect(page.locator("#mint-job [data-status=minted]").first).to_be_visible()


def test_dialog_keeps_a_reason_until_it_is_accepted(
    visitor: Visitor, sign_in: Callable[[Page, str], None], portal: RunningPortal, waiting: list[str]
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto(f"/en/admin/refcodes?orderReference={waiting[0]}")
    dialog, field = page.locator("#reason"), page.locator("#reject-reason")
    reject = dialog.get_by_role("button", name="Reject")
    link = page.get_by_role("link", name=f"Reject {waiting[0]}")
    link.click()
    page.context.set_offline(True)
    field.fill("paid twice")
    reject.click()
    expect(dialog.locator(".toast-note")).to_contain_text("The portal cannot be reached.")
    page.context.set_offline(False)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    reject.click()
    expect(dialog.locator(".error-block")).to_be_visible()
    assert not violations(page)
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.keyboard.press("Escape")
    expect(page.locator("#toasts .error-block")).to_have_count(0)
    page.reload()
    link.click()
    expect(field).to_have_value("paid twice")
    field.fill(" ")
    reject.click()
    expect(dialog.get_by_text("Check what you entered")).to_be_visible()
    expect(dialog.get_by_role("link", name="Back")).to_have_count(0)
    field.fill("paid twice")
    with sql(portal) as cursor:
        cursor.execute(
            "UPDATE referral_rewards SET status = 'rejected', failure_reason = 'late' WHERE order_reference = %s",
            [waiting[0]],
        )
    reject.click()
    row = page.locator("tr[data-row]", has_text=waiting[0])
    expect(row.locator("[data-status=rejected]")).to_be_visible()
    expect(dialog.locator(".toast-danger")).to_be_visible()
    expect(field).to_have_value("paid twice")
