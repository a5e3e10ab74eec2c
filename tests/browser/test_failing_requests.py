"""What a page shows while a part of it cannot be renewed, until it works again; and forms, which are sent once."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor
from tests.support.axe import violations
from tests.support.living import sql
from tests.support.pages import Lived
from tests.support.portals import PROJECT, RunningPortal

SIGN_IN = Callable[[Page, str], None]
ERROR = "#toasts .error-block"


def rename(portal: RunningPortal, before: str, after: str) -> None:
    with sql(portal) as cursor:
        cursor.execute(f"ALTER TABLE {before} RENAME TO {after}")


def test_failing_poll_keeps_the_page_and_says_so_once(
    visitor: Visitor, sign_in: SIGN_IN, portal: RunningPortal, lived: Lived
) -> None:
    page = visitor()
    sign_in(page, "buyer")
    page.goto(lived.address("/uk/checkout/processing/{own_reference}"))
    rename(portal, "order_items", "order_items_away")
    try:
        expect(page.locator(ERROR)).to_be_visible()
        page.locator(ERROR).evaluate("block => { block.title = 'the first'; }")
        with page.expect_response("**/checkout/processing/**") as failed:
            pass
        assert failed.value.status == 500
        expect(page.locator(ERROR)).to_have_attribute("title", "the first")
        expect(page.locator("#processing")).to_be_visible()
        assert not violations(page)
    finally:
        rename(portal, "order_items_away", "order_items")
    expect(page.locator(ERROR)).to_have_count(0)
    expect(page.locator("#processing")).to_be_visible()


def test_lost_connection_is_said_once_and_the_page_goes_on(
    visitor: Visitor, sign_in: SIGN_IN, lived: Lived
) -> None:
    page = visitor()
    sign_in(page, "buyer")
    page.goto(lived.address("/checkout/processing/{own_reference}"))
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        pass
    with page.expect_event("requestfailed"):
        pass
    expect(page.locator(".toast-note")).to_have_count(1)
    page.context.set_offline(False)
    with page.expect_response("**/checkout/processing/**") as renewed:
        pass
    assert renewed.value.ok


def test_checks_of_a_store_go_on_after_a_lost_request(
    visitor: Visitor, sign_in: SIGN_IN, lived: Lived
) -> None:
    page = visitor()
    sign_in(page, "admin")
    lost: list[str] = []

    def lose_first(route: Route) -> None:
        lost.append(route.request.url)
        route.abort() if len(lost) == 1 else route.continue_()

    page.route("**/admin/stores/*?turn=*", lose_first)
    page.goto(lived.address("/admin/stores/{store}"))
    with page.expect_response("**/admin/stores/*?turn=*") as renewed:
        pass
    assert renewed.value.ok
    assert len(lost) == 2


def test_refused_decision_leaves_its_row(visitor: Visitor, sign_in: SIGN_IN, lived: Lived) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto("/en/admin/refcodes")
    rows = page.locator("tr[data-row]")
    count = rows.count()
    cookies = page.context.cookies()
    page.context.clear_cookies()
    button = rows.first.locator("button[formaction]")
    for _press in range(2):
        with page.expect_response("**/approve"):
            button.click()
        expect(page.locator(ERROR)).to_be_visible()
        expect(button).to_be_focused()
    assert not violations(page)
    expect(rows).to_have_count(count)
    page.locator(ERROR).get_by_role("button", name="Dismiss").click()
    expect(page.locator(ERROR)).to_have_count(0)
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    # A sign-in in another tab brings the page back.
    page.goto("/en/admin/refcodes")
    expect(rows).to_have_count(count)


def test_form_is_sent_once_and_its_answer_can_be_reloaded(
    visitor: Visitor, sign_in: SIGN_IN, portal: RunningPortal, lived: Lived
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto(lived.address("/admin/stores/{store}/keys"))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Create a test key").dblclick()
    expect(page.get_by_text("This is shown only once.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Keys and secrets")).to_be_visible()
    assert len(sent) == 1


def test_page_of_the_proxy_replaces_nothing(visitor: Visitor, sign_in: SIGN_IN, lived: Lived) -> None:
    """The proxy answers polls, too, while no portal runs behind it."""
    page = visitor()
    sign_in(page, "admin")
    text = (PROJECT / "docs/deploy/maintenance.html").read_text()
    page.route(
        "**/admin/stores/*?turn=*",
        lambda route: route.fulfill(status=503, body=text, content_type="text/html"),
    )
    page.goto(lived.address("/admin/stores/{store}"))
    expect(page.locator(".toast-note")).to_be_visible()
    expect(page.locator("#checks")).to_be_visible()
    page.unroute("**/admin/stores/*?turn=*")
    with page.expect_response("**/admin/stores/*?turn=*") as renewed:
        pass
    assert renewed.value.ok
