"""Fill a running portal with purchases, rewards and payouts, so that every page has something to show."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from playwright.sync_api import Browser, BrowserContext, Page

from portal.chain import order_ref
from portal.payments.providers.wayforpay.callbacks import sign_callback
from tests.support.connected_shop import connect_woocommerce, paid_order
from tests.support.pages import Lived
from tests.support.portals import RunningPortal


def fill_portal(browser: Browser, portal: RunningPortal) -> Lived:
    """Create three purchases, a minted reward, paid vendors and a refund; return the names that pages need."""
    references = [buy(browser, portal, name) for name in ("Ann", "Bob", "Cid")]
    own = begin_payment(browser, portal)
    send_callback(portal, references[1], "Refunded", amount="100.00")
    send_callback(portal, "store_nobody_1700000000000", "Approved", amount="10.00")
    page = open_page(browser, portal, "en")
    sign_in(page, portal, "admin")
    approve(page, references[0])
    code = portal.description["referralLink"].partition("=")[2]
    stores = connect_stores(browser, portal, page, code)
    page.context.close()
    with sql(portal) as cursor:
        cursor.execute("SELECT max(id) FROM payment_events WHERE outcome = 'unmatched'")
        callback_id = str(cursor.fetchone()[0])
        cursor.execute("SELECT id FROM referral_rewards WHERE order_reference = %s", [references[0]])
        reward_id = str(cursor.fetchone()[0])
    names = {
        **stores,
        "code": code,
        "callback_id": callback_id,
        "buyer_email": portal.description["logins"]["buyer"]["email"],
    }
    add_webhook(portal)
    names |= {
        "reward_id": reward_id,
        "payment_hash": order_ref(references[0]),
        "unpaid_hash": order_ref("nothing"),
    }
    names |= {"reference": references[0], "refunded_reference": references[1], "own_reference": own}
    names |= {"own_order": order_id(portal, own), "order": order_id(portal, references[0])}
    names |= {"cancelled_order": cancel_lines(portal, references[2])}
    for role in ("admin", "vendor"):
        names[f"{role}_import_id"] = record_import(portal, portal.description["logins"][role]["email"])
    record_files(portal)
    add_person(portal)
    names |= {"job_id": record_mint_job(portal), "batch_id": pay_vendors(portal), "vendor_id": "1"}
    names |= {"settlement_id": "1"}
    names |= {"terms_id": save_terms(portal)}
    return Lived({**names, "statement_id": open_statement(portal), **people(portal)})


def save_terms(portal: RunningPortal) -> str:
    """Save terms in two languages and return their id; they end, as the tests link wallets without accepting any."""
    texts = {
        "en": "You get a share of first purchases.\n\nQuestions: https://example.com/help",
        "uk": "Ви отримуєте частку перших покупок.",
    }
    with sql(portal) as cursor:
        cursor.execute("INSERT INTO programme_terms (texts) VALUES (%s) RETURNING id", [json.dumps(texts)])
        terms_id = str(cursor.fetchone()[0])
        cursor.execute("INSERT INTO programme_terms (texts) VALUES ('{}')")
    return terms_id


def connect_stores(browser: Browser, portal: RunningPortal, page: Page, code: str) -> dict[str, str]:
    """Connect a store as the admin and one as the vendor; the first reports an order and a forged one."""
    shop = connect_woocommerce(page, "Mug shop")
    assert shop.deliver(paid_order("1042", code)) == 200
    assert shop.deliver(paid_order("1043", code), secret="forged") == 401
    own_page = open_page(browser, portal, "en")
    sign_in(own_page, portal, "vendor")
    own = connect_woocommerce(own_page, "Own shop", area="vendor")
    own_page.context.close()
    with sql(portal) as cursor:
        cursor.execute("INSERT INTO store_vendors (store_id, external_id) VALUES (%s, 'potters')", [shop.id])
        cursor.execute(
            "INSERT INTO store_rates (store_id, sku, referral_percent) VALUES (%s, 'MUG-1', 7.5)", [shop.id]
        )
        cursor.execute(
            "INSERT INTO store_coupons (store_id, coupon, code) VALUES (%s, 'anna10', %s)", [shop.id, code]
        )
        cursor.execute("SELECT order_reference FROM orders WHERE store_id = %s", [shop.id])
        reference = str(cursor.fetchone()[0])
    return {"store": shop.id, "own_store": own.id, "store_reference": reference}


def people(portal: RunningPortal) -> dict[str, str]:
    """Return the ids of two accounts by the name of their login."""
    logins = portal.description["logins"]
    with sql(portal) as cursor:
        cursor.execute("SELECT email, id FROM users")
        ids = dict(cursor.fetchall())
    return {f"{login}_id": str(ids[logins[login]["email"]]) for login in ("buyer", "referrer")}


def add_person(portal: RunningPortal) -> None:
    """Add an account whose name and e-mail need all the room that a page can give."""
    with sql(portal) as cursor:
        cursor.execute(
            "INSERT INTO users (name, email) VALUES (%s, %s)",
            [
                "Oleksandra-Viktoria Vyshyvana-Nechyporenko",
                "oleksandra.vyshyvana.nechyporenko@mail.demo.example",
            ],
        )


def add_webhook(portal: RunningPortal) -> None:
    """Add an endpoint of the built-in shop that has failed, with a delivery that ended."""
    with sql(portal) as cursor:
        cursor.execute(
            "WITH endpoint AS (INSERT INTO webhook_endpoints (store_id, url, types, secret, failing_since)"
            " VALUES (1, 'https://hooks.example/in', '{statement.opened}', 'none', now()) RETURNING id),"
            " event AS (INSERT INTO webhook_events (webhook_id, store_id, type, payload)"
            " VALUES ('msg_1', 1, 'statement.opened', '{}') RETURNING id)"
            " INSERT INTO webhook_deliveries (endpoint_id, event_id, type, status, attempts, last_error)"
            " SELECT endpoint.id, event.id, 'statement.opened', 'failed', 10, 'timed_out' FROM endpoint, event"
        )


def order_id(portal: RunningPortal, reference: str) -> str:
    """Return the id of the order with a reference."""
    with sql(portal) as cursor:
        cursor.execute("SELECT id FROM orders WHERE order_reference = %s", [reference])
        return str(cursor.fetchone()[0])


def cancel_lines(portal: RunningPortal, reference: str) -> str:
    """Cancel the lines of a paid order for their vendors; return the id of the order."""
    found = order_id(portal, reference)
    with sql(portal) as cursor:
        cursor.execute(
            "INSERT INTO order_fulfilments (order_id, vendor_id, status, note)"
            " SELECT DISTINCT order_id, vendor_id, 'cancelled', 'None left' FROM order_items WHERE order_id = %s",
            [found],
        )
    return found


def buy(browser: Browser, portal: RunningPortal, name: str) -> str:
    """Buy by card as a new user who came through the referral link, and return the order reference."""
    page = open_page(browser, portal, "en")
    with page.expect_response("**/api/refcodes/track"):
        page.goto(portal.description["referralLink"])
    register(page, name)
    go_to_pay(page)
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("heading", name="Paid. Thank you!").wait_for(timeout=15_000)
    reference = page.url.rsplit("/", 1)[1]
    page.context.close()
    return reference


def begin_payment(browser: Browser, portal: RunningPortal) -> str:
    """Begin a payment as the demo buyer without paying: other tests need the first purchase of this user."""
    page = open_page(browser, portal, "en")
    sign_in(page, portal, "buyer")
    go_to_pay(page)
    page.context.close()
    with sql(portal) as cursor:
        cursor.execute(
            "SELECT order_reference FROM orders WHERE buyer_user_id = (SELECT id FROM users WHERE email = %s)",
            [portal.description["logins"]["buyer"]["email"]],
        )
        return str(cursor.fetchone()[0])


def go_to_pay(page: Page) -> None:
    """Fill the cart and open the page of the provider."""
    fill_cart(page)
    page.goto("/checkout")
    page.locator("input[value=wayforpay]").check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.get_by_role("button", name="Pay", exact=True).wait_for()


def send_callback(portal: RunningPortal, reference: str, status: str, *, amount: str) -> None:
    """Send a signed callback as the provider would."""
    provider = portal.description["wayforpay"]
    fields = {
        "merchantAccount": provider["merchantAccount"],
        "orderReference": reference,
        "amount": amount,
        "currency": "UAH",
        "authCode": amount,
        "cardPan": "41****8217",
        "transactionStatus": status,
        "reasonCode": "1100",
    }
    body = json.dumps(sign_callback(provider["secretKey"], fields)).encode()
    request = urllib.request.Request(f"{portal.url}/api/payments/wayforpay/webhook", body)
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def approve(page: Page, reference: str) -> None:
    page.goto("/admin/refcodes")
    row = page.locator("tr", has_text=reference)
    row.get_by_role("button", name=f"Approve {reference}").click()
    row.locator("[data-status=minted]").wait_for(timeout=60_000)


def record_import(portal: RunningPortal, email: str) -> str:
    """Record a previewed import of an account with a row of each kind; return its id."""
    with sql(portal) as cursor:
        cursor.execute(
            "INSERT INTO product_imports (requested_by, vendor_id, file_name, status, total, done)"
            " SELECT id, 1, 'spring.csv', 'ready', 3, 3 FROM users WHERE email = %s RETURNING id",
            [email],
        )
        import_id: int = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO product_import_rows (import_id, number, slug, outcome, product_id, before_values,"
            " after_values, error) VALUES"
            " (%(id)s, 2, 'clay-cup', 'create', NULL, '{}', '{\"name\": \"Clay cup\", \"price\": \"90.00\"}', NULL),"
            " (%(id)s, 3, 'honey-jar', 'change', 1, '{\"price\": \"185.00\"}', '{\"price\": \"190.00\"}', NULL),"
            " (%(id)s, 4, 'lamp', 'error', NULL, '{}', '{}',"
            ' \'{"code": "csv_word_invalid", "field": "on_sale", "params": {}}\')',
            {"id": import_id},
        )
    return str(import_id)


def record_files(portal: RunningPortal) -> None:
    """Record files of ledgers that are ready and that failed."""
    with sql(portal) as cursor:
        cursor.execute(
            "INSERT INTO exports (requested_by, ledger, form, status, total, done, failure, finished_at)"
            " SELECT id, ledger, 'xlsx', status, 40000, 40000, failure, now() FROM users,"
            " (VALUES ('journal', 'ready', NULL), ('people', 'failed', 'ledger_too_long')) f (ledger, status, failure)"
            " WHERE email = %s",
            [portal.description["logins"]["admin"]["email"]],
        )


def record_mint_job(portal: RunningPortal) -> str:
    """Record what the schedule has minted as a job that an admin started; return the id of the job."""
    with sql(portal) as cursor:
        cursor.execute(
            "INSERT INTO mint_jobs (kind, status, processed, submitted, minted, started_at, finished_at)"
            " SELECT 'batch', 'finished', count(*), count(*), count(*), now(), now()"
            " FROM referral_rewards WHERE status = 'minted' RETURNING id"
        )
        job_id: int = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO mint_job_items (job_id, reward_id)"
            " SELECT %s, id FROM referral_rewards WHERE status = 'minted'",
            [job_id],
        )
    return str(job_id)


def pay_vendors(portal: RunningPortal) -> str:
    """Make all settlements due until the schedule has paid the vendors; return the id of the batch."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with sql(portal) as cursor:
            cursor.execute(
                "UPDATE settlements SET scheduled_for = now() WHERE status = 'pending' AND scheduled_for > now()"
            )
            cursor.execute("SELECT max(id) FROM payout_batches WHERE status = 'completed'")
            (batch,) = cursor.fetchone()
        if batch:
            return str(batch)
        time.sleep(0.5)
    raise AssertionError("The vendors were not paid.")


def open_statement(portal: RunningPortal) -> str:
    """Add a sale whose money a store collected, with a statement of its vendor; return the id of the statement."""
    with sql(portal) as cursor:
        cursor.execute(
            "INSERT INTO settlements (order_reference, vendor_id, kind, amount_minor, currency, commission_minor,"
            "  net_payout_minor, status, scheduled_for, metadata, platform_commission_minor,"
            "  referral_commission_minor, split_commissions, collected_by)"
            " SELECT 'store_elsewhere_1700000000000', s.vendor_id, s.kind, s.amount_minor, s.currency,"
            "  s.commission_minor, s.net_payout_minor, 'processing', now(), s.metadata,"
            "  s.platform_commission_minor, s.referral_commission_minor, s.split_commissions, 'store'"
            " FROM settlements s JOIN vendors v ON v.id = s.vendor_id JOIN users u ON u.id = v.user_id"
            " WHERE s.status = 'completed' AND u.email = %s ORDER BY s.id LIMIT 1"
            " RETURNING id, vendor_id, currency, commission_minor",
            [portal.description["logins"]["vendor"]["email"]],
        )
        settlement_id, vendor_id, currency, commission = cursor.fetchone()
        cursor.execute(
            "INSERT INTO commission_statements (vendor_id, currency, period_start, period_end, amount_minor)"
            " VALUES (%s, %s, now() - interval '1 day', now() + interval '1 second', %s) RETURNING id",
            [vendor_id, currency, commission],
        )
        (statement_id,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO commission_statement_items (statement_id, settlement_id, commission_minor)"
            " VALUES (%s, %s, %s)",
            [statement_id, settlement_id, commission],
        )
    return str(statement_id)


@contextmanager
def sql(portal: RunningPortal) -> Iterator[Any]:
    """Yield a cursor of the database of the portal; its changes are committed."""
    database = psycopg2.connect(portal.description["databaseUrl"])
    try:
        with database, database.cursor() as cursor:
            yield cursor
    finally:
        database.close()


def register(page: Page, name: str) -> None:
    page.goto("/register")
    for label, value in (
        ("Name", name),
        ("E-mail", f"{name.lower()}@demo.example"),
        ("Password", "demo-visitor-pass"),
    ):
        page.get_by_label(label).fill(value)
    page.locator("main").get_by_role("button", name="Create account").click()


def sign_in(page: Page, portal: RunningPortal, role: str) -> None:
    login = portal.description["logins"][role]
    page.goto("/en/login")
    page.locator("#email").fill(login["email"])
    page.locator("#password").fill(login["password"])
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile("/(admin)?$"))


def fill_cart(page: Page) -> None:
    for slug in ("mountain-tea", "city-map"):
        page.goto(f"/products/{slug}")
        page.locator("main button[type=submit]").click()
        page.wait_for_load_state()


def open_page(
    browser: Browser,
    portal: RunningPortal,
    locale: str,
    *,
    scheme: str = "light",
    size: dict[str, int] | None = None,
) -> Page:
    """Return a page in a new browser context."""
    context: BrowserContext = browser.new_context(
        base_url=portal.url,
        locale=locale,
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport=size or {"width": 1280, "height": 860},  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    return context.new_page()
