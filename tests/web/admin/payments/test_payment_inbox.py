"""`/admin/payments/inbox`: unmatched callbacks and failed ledger entries. See docs/rules/payments.md."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from models import EventLog, Order, PaymentEvent, RailFailure, Settlement, User
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.payments import Callback, RawCallback, accept_callback, get_provider
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.settings import TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET
from tests.factories import make_order, make_payment
from tests.web.pages import text_of
from tests.web.visitor import Visitor

INBOX, WEBHOOK = "/admin/payments/inbox", "/api/payments/wayforpay/webhook"


def callback_body(reference: str, **changes: Any) -> bytes:
    fields = {"merchantAccount": TEST_MERCHANT_ACCOUNT, "orderReference": reference, "amount": "1000.00",
              "currency": "UAH", "authCode": "541963", "cardPan": "41****8217", "transactionStatus": "Approved",
              "reasonCode": "1100", **changes}  # fmt: skip
    return json.dumps(sign_callback(TEST_MERCHANT_SECRET, fields)).encode()


def unmatched_callback(
    client: Visitor, reference: str = "store_unknown_1700000000000", **changes: Any
) -> PaymentEvent:
    assert client.post(WEBHOOK, data=callback_body(reference, **changes)).status_code == 200
    return PaymentEvent.select().order_by(PaymentEvent.id.desc()).first()


def forged_callback(client: Visitor) -> PaymentEvent:
    raw = callback_body("store_x_1").replace(b"1000.00", b"9999.00")
    assert client.post(WEBHOOK, data=raw).status_code == 400
    return PaymentEvent.select().order_by(PaymentEvent.id.desc()).first()


def late_payment(owner: User, event: PaymentEvent) -> Order:
    """Create the order and the payment of an unmatched callback."""
    order = make_order(owner, order_reference=event.order_reference)
    make_payment(order)
    return order


def test_open_callbacks_are_listed_with_their_reason(as_admin: Visitor, client: Visitor) -> None:
    assert "No unmatched callbacks" in text_of(as_admin.get(INBOX))
    event = unmatched_callback(client)
    page = as_admin.get(INBOX)
    text = text_of(page)
    assert "No payment has this reference." in text
    assert "store_unknown_1700000000000" in text
    assert "1000.00 UAH" in text
    assert "Approved" in text
    assert f'href="{INBOX}/{event.id}"' in page.text


def test_burst_is_accepted_and_shown_until_the_job_has_applied_it(
    app: Flask, as_admin: Visitor, client: Visitor, owner: User
) -> None:
    orders = [make_order(owner) for _ in range(3)]
    for order in orders:
        make_payment(order)
    portal = app.extensions["portal"]
    provider = get_provider("wayforpay", portal.settings)
    for number in range(5):
        earlier = provider.read_callback(RawCallback("wayforpay", callback_body(f"store_unknown_{number}")))
        assert isinstance(earlier, Callback)
        accept_callback("wayforpay", earlier)
    woken: list[str] = []
    portal.wake = woken.append
    for order in orders:
        assert client.post(WEBHOOK, data=callback_body(order.order_reference)).json["status"] == "accept"
    # What does not fit is refused all the same.
    wrong = callback_body(orders[0].order_reference, amount="1.00")
    assert client.post(WEBHOOK, data=wrong).status_code == 400
    assert woken == ["settle_waiting_callbacks"] * 3
    assert {Order.get_by_id(order.id).status for order in orders} == {"created"}
    assert "8 callbacks are accepted and wait to be applied" in text_of(as_admin.get(INBOX))
    settle_inbox(portal.chain, portal.settings)
    paid = [Order.get_by_id(order.id) for order in orders]
    assert {order.status for order in paid} == {"paid"}
    assert [order.paid_at for order in paid] == sorted(order.paid_at for order in paid)
    assert "wait to be applied" not in text_of(as_admin.get(INBOX))


def test_callbacks_are_filtered_by_outcome(as_admin: Visitor, client: Visitor, owner: User) -> None:
    order = make_order(owner)
    make_payment(order)
    ids = {"refused": forged_callback(client).id, "unmatched": unmatched_callback(client).id}
    for outcome in ("applied", "duplicate"):
        client.post(WEBHOOK, data=callback_body(order.order_reference))
        ids[outcome] = PaymentEvent.get(PaymentEvent.outcome == outcome).id
    for outcome, event_id in ids.items():
        page = as_admin.get(f"{INBOX}?outcome={outcome}").text
        assert [number for number in ids.values() if f'id="callback-{number}"' in page] == [event_id]
    assert as_admin.get(f"{INBOX}?outcome=all").text.count('id="callback-') == 4
    assert as_admin.get(f"{INBOX}?outcome=nonsense").text.count('id="callback-') == 1
    assert "No callback matches the filter" in text_of(as_admin.get(f"{INBOX}?outcome=waiting"))


def test_navigation_shows_admins_the_open_count(
    as_admin: Visitor, as_owner: Visitor, client: Visitor
) -> None:
    assert "nav-count" not in as_admin.get("/").text
    events = [unmatched_callback(client, f"store_n_{number}") for number in range(3)]
    forged_callback(client)
    page = as_admin.get("/").text
    # At the group and at its entry.
    assert page.count('<span class="nav-count">3</span>') == 2
    assert "nav-count" not in as_owner.get("/").text
    as_admin.submit(f"{INBOX}/{events[0].id}/close", {"note": "Not ours."})
    assert '<span class="nav-count">2</span>' in as_admin.get("/").text


def test_callback_payload_is_escaped_and_redacted(as_admin: Visitor, client: Visitor) -> None:
    event = unmatched_callback(
        client, reason="<script>alert(1)</script>", recToken="card-token-1", email="b@example.com"
    )
    page = as_admin.get(f"{INBOX}/{event.id}")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert '<pre class="payload" translate="no"' in page.text
    assert "card-token-1" not in page.text
    assert json.loads(event.payload)["merchantSignature"] not in page.text
    assert "Genuine" in text_of(page)
    assert as_admin.get(f"{INBOX}/999999999").status_code == 404


def test_refused_callback_shows_its_reason_and_cannot_be_retried(as_admin: Visitor, client: Visitor) -> None:
    event = forged_callback(client)
    page = as_admin.get(f"{INBOX}/{event.id}")
    assert "The signature is wrong." in text_of(page)
    assert "Not genuine" in text_of(page)
    assert f"{INBOX}/{event.id}/retry" not in page.text
    for action, form in (("retry", {}), ("close", {"note": "x"})):
        response = as_admin.submit(f"{INBOX}/{event.id}/{action}", form)
        assert response.status_code == 303
    assert PaymentEvent.get_by_id(event.id).outcome == "refused"
    assert not EventLog.select().where(EventLog.entity == "callback").exists()


@pytest.mark.parametrize("raw", [b"\x00\xff<b>", b'{"a": [[[[', b"x" * 9_000])
def test_unreadable_payload_is_shown(as_admin: Visitor, client: Visitor, raw: bytes) -> None:
    assert client.post(WEBHOOK, data=raw).status_code == 400
    page = as_admin.get(f"{INBOX}/{PaymentEvent.get().id}")
    assert page.status_code == 200
    assert "<b>" not in page.text
    assert "The message could not be read." in text_of(page)
    assert as_admin.get(f"{INBOX}?outcome=refused").status_code == 200


def test_retry_applies_the_callback_once(
    as_admin: Visitor, admin: User, client: Visitor, owner: User
) -> None:
    event = unmatched_callback(client)
    order = late_payment(owner, event)
    response = as_admin.submit(f"{INBOX}/{event.id}/retry")
    assert (response.status_code, response.location) == (303, f"{INBOX}/{event.id}")
    assert "The callback is applied." in text_of(as_admin.get(response.location))
    assert Order.get_by_id(order.id).status == "paid"
    # A second click changes nothing.
    assert as_admin.submit(f"{INBOX}/{event.id}/retry").status_code == 303
    assert "already handled" in text_of(as_admin.get(f"{INBOX}/{event.id}"))
    assert Settlement.select().count() == 1
    assert EventLog.get(EventLog.event == "callback_retried").actor_user_id == admin.id


def test_retry_of_an_unmatched_callback_reports_why(as_admin: Visitor, client: Visitor) -> None:
    event = unmatched_callback(client)
    as_admin.submit(f"{INBOX}/{event.id}/retry")
    text = text_of(as_admin.get(f"{INBOX}/{event.id}"))
    assert "The callback still cannot be matched. No payment has this reference." in text
    assert "Try again" in text


def test_retry_of_an_applied_callback_changes_nothing(
    as_admin: Visitor, client: Visitor, owner: User
) -> None:
    event = unmatched_callback(client)
    late_payment(owner, event)
    client.post(WEBHOOK, data=event.payload.encode())
    as_admin.submit(f"{INBOX}/{event.id}/retry")
    assert "nothing changed" in text_of(as_admin.get(f"{INBOX}/{event.id}"))
    assert Settlement.select().count() == 1


def test_closed_callback_shows_note_and_admin(as_admin: Visitor, client: Visitor) -> None:
    event = unmatched_callback(client)
    response = as_admin.submit(f"{INBOX}/{event.id}/close", {"note": "A test of <b>another</b> shop."})
    assert response.status_code == 303
    page = as_admin.get(response.location)
    assert "A test of &lt;b&gt;another&lt;/b&gt; shop." in page.text
    assert "Admin Adminenko" in text_of(page)
    assert f"{INBOX}/{event.id}/retry" not in page.text
    assert as_admin.submit(f"{INBOX}/{event.id}/close", {"note": "Again."}).status_code == 303
    assert PaymentEvent.get_by_id(event.id).note == "A test of <b>another</b> shop."
    assert "Closed by an admin" in text_of(as_admin.get(f"{INBOX}?outcome=unmatched"))


@pytest.mark.parametrize("note", ["", "  ", "x" * 501])
def test_closing_requires_a_note(as_admin: Visitor, client: Visitor, note: str) -> None:
    event = unmatched_callback(client)
    page = as_admin.submit(f"{INBOX}/{event.id}/close", {"note": note})
    assert page.status_code == 422
    assert 'href="#note"' in page.text
    assert 'id="note-error"' in page.text
    assert PaymentEvent.get_by_id(event.id).closed_at is None


def test_inbox_requires_admin_csrf_token_and_post(
    as_owner: Visitor, as_seller: Visitor, client: Visitor, as_admin: Visitor, owner: User
) -> None:
    event = unmatched_callback(client)
    late_payment(owner, event)
    posts = (f"{INBOX}/{event.id}/retry", f"{INBOX}/{event.id}/close", "/admin/payments/rails/1/retry")
    for browser in (as_owner, as_seller):
        for url in (INBOX, f"{INBOX}/{event.id}"):
            assert browser.get(url).status_code == 403
        for url in posts:
            assert browser.submit(url, {"note": "x"}).status_code == 403
    assert client.get(INBOX).status_code == 303
    for url in posts:
        assert client.submit(url).status_code == 401
        assert as_admin.get(url).status_code == 405
        assert as_admin.post(url, data={"note": "x"}).status_code == 400  # no token
    assert PaymentEvent.get_by_id(event.id).outcome == "unmatched"


# ---------------------------------------------------------------------- failed ledger entries


@pytest.fixture
def failure(client: Visitor, owner: User, monkeypatch: pytest.MonkeyPatch) -> RailFailure:
    """Return the failure of a paid order whose settlement could not be written."""
    order = make_order(owner)
    make_payment(order)

    def fail(*_: object) -> None:
        raise RuntimeError("<i>the disk</i> is gone")

    with monkeypatch.context() as patch:
        patch.setattr("portal.flows.checkout.paid_parts.decide_settlements", fail)
        assert client.post(WEBHOOK, data=callback_body(order.order_reference)).status_code == 200
    return RailFailure.get()


def test_failed_ledger_entry_shows_reason_and_next_attempt(as_admin: Visitor, failure: RailFailure) -> None:
    for url in (INBOX, "/admin/audit"):
        page = as_admin.get(url)
        text = text_of(page)
        assert failure.order_reference in text
        assert "An unexpected error: RuntimeError: <i>the disk</i> is gone" in text
        assert "within a minute" in text
        assert "<i>the disk" not in page.text
    assert "1 record of a paid order could not be written yet" in text_of(as_admin.get(INBOX))
    RailFailure.update(attempts=4).execute()
    assert "in 8 minutes" in text_of(as_admin.get(INBOX))


def test_known_failure_reason_is_shown_as_a_sentence(as_admin: Visitor, failure: RailFailure) -> None:
    RailFailure.update(reason="OrderUnknown: order_unknown").execute()
    assert "This order does not exist or is not yours." in text_of(as_admin.get(INBOX))


def test_retry_writes_the_settlement_once(
    as_admin: Visitor, failure: RailFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/admin/payments/rails/{failure.id}/retry"
    with monkeypatch.context() as patch:
        patch.setattr("portal.flows.checkout.paid_parts.decide_settlements", lambda *_: 1 / 0)
        assert as_admin.submit(url).status_code == 303
    assert "Not recorded." in text_of(as_admin.get(INBOX))
    assert as_admin.submit(url).status_code == 303
    text = text_of(as_admin.get(INBOX))
    assert "Recorded." in text
    assert "All paid orders are recorded" in text
    assert Settlement.select().count() == 1
    assert as_admin.submit(url).status_code == 303
    assert Settlement.select().count() == 1
    assert as_admin.submit("/admin/payments/rails/999999/retry").status_code == 404


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("/admin/payments/proposals", "Payments"),
        ("/admin/payments/failing", "Payments"),
        ("/admin/store/commissions/rates", "Settlements"),
        ("/admin/store/commissions/payouts", "Payouts"),
        ("/admin/refcodes/mint", "Rewards"),
        ("/admin/products/new", "Catalogue"),
        ("/admin/stores/connect", "Stores"),
    ],
)
def test_navigation_marks_the_section_of_a_page(as_admin: Visitor, path: str, section: str) -> None:
    navigation = as_admin.get(path).text.split('id="site-nav"')[1].split("</nav>")[0]
    marked = [item for item in navigation.split("<li>") if 'aria-current="true"' in item]
    assert [f">{section}<" in item for item in marked] == [True]


@pytest.mark.parametrize(
    ("path", "entry", "group"),
    [
        ("/admin", "Home", None),
        ("/admin/credit", "Credit", "Money"),
        ("/admin/journal", "Journal", "Money"),
        ("/admin/vendors", "Vendors", "People"),
        ("/admin/ledgers", "Ledgers", "Audit"),
        ("/admin/events", "Event log", "Audit"),
    ],
)
def test_navigation_marks_the_open_page_and_its_group(
    as_admin: Visitor, path: str, entry: str, group: str | None
) -> None:
    navigation = as_admin.get(path).text.split('id="site-nav"')[1].split("</nav>")[0]
    (marked,) = [item for item in navigation.split("<li>") if 'aria-current="page"' in item]
    assert f">{entry}<" in marked
    within = navigation.split('class="nav-group is-within"')[1:]
    assert [f">{group}<" in item.split("</summary>")[0] for item in within] == [True] * bool(group)
