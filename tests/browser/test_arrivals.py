"""What a browser counts as one arrival: tabs, history, restored pages, swaps and failures. See docs/rules/visits.md."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import psycopg2
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.support.portals import RunningPortal

Visits = Callable[[], int]
HOUR_MS = 3_600_000
# A busy computer stops a tab between reading the cookie and writing it.
SLOW_COOKIES = """
const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
Object.defineProperty(Document.prototype, "cookie", {
  get() {
    const value = get.call(this);
    for (const end = performance.now() + 30; performance.now() < end;);
    return value;
  },
  set,
});
"""


@pytest.fixture
def code(portal: RunningPortal) -> str:
    return str(portal.description["referralLink"]).rpartition("=")[2]


@pytest.fixture
def visits(portal: RunningPortal, code: str) -> Iterator[Visits]:
    """Return a function that returns the number of arrivals counted since the test began."""
    database = psycopg2.connect(portal.description["databaseUrl"])
    database.autocommit = True

    def total() -> int:
        with database.cursor() as cursor:
            cursor.execute("SELECT visits_total FROM refcodes WHERE code = %s", [code])
            return int(cursor.fetchone()[0])

    before = total()
    yield lambda: total() - before
    database.close()


def settle(page: Page) -> None:
    """Wait until the page has decided about its visit: its turn comes before a turn that is asked for now."""
    page.wait_for_load_state("load")
    page.evaluate("() => navigator.locks.request('ring_visit', () => {})")
    page.wait_for_load_state("networkidle")


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    settle(page)


def leave_for(context: BrowserContext, milliseconds: int) -> None:
    """Move the time of the last page of the visit back."""
    (stored,) = [cookie for cookie in context.cookies() if cookie["name"] == "ring_visit"]
    code, _, seen = stored["value"].partition(".")
    context.add_cookies([{**stored, "value": f"{code}.{int(seen) - milliseconds}"}])


def test_pages_tabs_and_reloads_count_one_arrival(
    visitor: Callable[[], Page], code: str, visits: Visits
) -> None:
    page = visitor()
    open_page(page, f"/uk/?ref={code}")
    assert visits() == 1
    for address in ("/cart", "/", f"/?ref={code}", "/en/login"):
        open_page(page, address)
    page.reload()
    settle(page)
    tabs = [page.context.new_page() for _ in range(3)]
    for tab, address in zip(tabs, ("/", f"/?ref={code}", "/register"), strict=True):
        open_page(tab, address)
    assert visits() == 1


def test_another_browser_is_another_arrival(visitor: Callable[[], Page], code: str, visits: Visits) -> None:
    for _ in range(2):
        open_page(visitor(), f"/?ref={code}")
    assert visits() == 2


def test_tabs_restored_at_once_count_one_arrival(
    visitor: Callable[[], Page], code: str, visits: Visits
) -> None:
    page = visitor()
    open_page(page, f"/?ref={code}")
    tabs = [page.context.new_page() for _ in range(5)]
    waiting: list[Route] = []

    def run_together(route: Route) -> None:
        """Delay the script of every tab until all tabs have requested it."""
        waiting.append(route)
        if len(waiting) == len(tabs):
            for each in waiting:
                each.continue_()
            waiting.clear()

    page.context.add_init_script(SLOW_COOKIES)
    page.context.route(re.compile(r"/static/portal\.\w+\.js$"), run_together)
    for rounds in range(1, 6):
        leave_for(page.context, HOUR_MS)
        for tab in tabs:
            tab.goto("about:blank")
        for tab in tabs:
            tab.goto("/", wait_until="commit")
        for tab in tabs:
            settle(tab)
        # On a busy computer a page is idle before its script has run.
        deadline = time.monotonic() + 20
        while visits() < 1 + rounds and time.monotonic() < deadline:
            tabs[0].wait_for_timeout(100)
        assert visits() == 1 + rounds


@pytest.mark.parametrize("address", ["/", "/?ref={code}"])
def test_return_after_a_pause_is_an_arrival(
    visitor: Callable[[], Page], code: str, visits: Visits, address: str
) -> None:
    page = visitor()
    open_page(page, f"/?ref={code}")
    leave_for(page.context, HOUR_MS)
    open_page(page.context.new_page(), address.format(code=code))
    assert visits() == 2


def test_navigation_after_a_pause_is_not_an_arrival(
    visitor: Callable[[], Page], code: str, visits: Visits
) -> None:
    page = visitor()
    open_page(page, f"/?ref={code}")
    leave_for(page.context, HOUR_MS)
    page.locator("a[href^='/products/']").first.click()
    settle(page)
    leave_for(page.context, HOUR_MS)
    page.reload()
    settle(page)
    leave_for(page.context, HOUR_MS)
    page.go_back()
    settle(page)
    page.go_forward()
    settle(page)
    assert visits() == 1


def test_page_from_the_back_forward_cache_is_not_counted(
    visitor: Callable[[], Page], code: str, visits: Visits
) -> None:
    page = visitor()
    open_page(page, f"/?ref={code}")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.goto("about:blank")
    page.go_back()
    settle(page)
    assert visits() == 1


def test_later_link_of_another_code_counts_for_the_first_code(
    visitor: Callable[[], Page], code: str, visits: Visits
) -> None:
    page = visitor()
    open_page(page, f"/?ref={code}")
    leave_for(page.context, HOUR_MS)
    open_page(page.context.new_page(), "/?ref=ABCDEFGH")
    assert visits() == 2


def test_refused_beacon_is_sent_again_once(visitor: Callable[[], Page], code: str, visits: Visits) -> None:
    page = visitor()
    sent: list[str] = []

    def refuse(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fulfill(status=503, json={"error": {"code": "database_away", "message": "away"}})

    page.route("**/api/refcodes/track", refuse)
    open_page(page, f"/?ref={code}")
    assert (len(sent), visits()) == (1, 0)
    page.unroute("**/api/refcodes/track")
    for address in ("/cart", "/"):
        open_page(page, address)
    assert visits() == 1


def test_lost_beacon_is_sent_again_by_the_next_page(
    visitor: Callable[[], Page], code: str, visits: Visits
) -> None:
    page = visitor()
    page.route("**/api/refcodes/track", lambda route: route.abort())
    open_page(page, f"/?ref={code}")
    page.unroute("**/api/refcodes/track")
    open_page(page, "/cart")
    assert visits() == 1


def test_swaps_are_not_counted(
    visitor: Callable[[], Page], sign_in: Callable[[Page, str], None], code: str, visits: Visits
) -> None:
    page = visitor()
    open_page(page, f"/?ref={code}")
    sign_in(page, "buyer")
    with page.expect_response("**/cart"):
        page.evaluate("htmx.ajax('GET', '/cart', {target: '#main', swap: 'innerHTML'})")
    expect(page.get_by_role("heading", name="Cart", exact=True)).to_be_visible()
    settle(page)
    assert visits() == 1


def test_nothing_is_counted_without_scripts(visitor: Callable[..., Page], code: str, visits: Visits) -> None:
    page = visitor(java_script_enabled=False)
    page.goto(f"/?ref={code}")
    assert {cookie["name"] for cookie in page.context.cookies()} >= {"ring_ref", "ring_ref_visible"}
    assert visits() == 0


def test_crawler_with_scripts_is_not_counted(visitor: Callable[..., Page], code: str, visits: Visits) -> None:
    page = visitor(user_agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    open_page(page, f"/?ref={code}")
    assert visits() == 0


def test_referrer_sees_an_arrival_at_once(
    visitor: Callable[[], Page], sign_in: Callable[[Page, str], None], code: str
) -> None:
    referrer, page = visitor(), visitor()
    sign_in(referrer, "referrer")

    def shown_total() -> int:
        answer = referrer.request.get("/api/refcodes").json()
        (shown,) = [each for each in answer["codes"] if each["code"] == code]
        return int(shown["visitStats"]["total"])

    before = shown_total()
    with page.expect_response("**/api/refcodes/track") as answered:
        page.goto(f"/?ref={code}")
    assert answered.value.status == 200
    assert shown_total() == before + 1


def test_full_stop_after_a_code_is_ignored(visitor: Callable[[], Page], code: str, visits: Visits) -> None:
    page = visitor()
    open_page(page, f"/?utm_source=telegram&REF={quote(code + '.')}")
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert (cookies["ring_ref"], cookies["ring_ref_visible"], visits()) == (code, code, 1)


def test_code_is_entered_without_scripts(
    visitor: Callable[..., Page], portal: RunningPortal, code: str
) -> None:
    page = visitor(java_script_enabled=False)
    page.goto("/register")
    page.locator("#name").fill("Typed Code")
    page.locator("#email").fill(f"typed{time.monotonic_ns()}@demo.example")
    page.locator("#password").fill("a-typed-password")
    page.locator("main button[type=submit]").click()
    page.goto("/")
    page.locator("main form button[type=submit]").first.click()
    page.goto("/checkout")
    page.get_by_text("Have a referral code?").click()
    page.locator("#referral-code").fill("ABCDEFG0")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("never 0, O, 1, l or I")
    expect(page.locator("#referral-code")).to_have_value("ABCDEFG0")
    page.locator("#referral-code").fill(f" {code} ")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".referral-badge")).to_contain_text(code)
    expect(page).to_have_url(re.compile(r"/checkout#referral$"))
