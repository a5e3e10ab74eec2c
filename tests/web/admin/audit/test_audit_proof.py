"""The downloadable audit proof of an order, and chain audit alerts. See docs/rules/audit.md."""

from __future__ import annotations

import json
import re

import pytest
from werkzeug.http import parse_options_header

from models import ChainAlert, EventLog, JournalTransfer, PaymentEvent, User
from portal.chain import order_ref
from portal.chain.state import raise_alert
from tests.factories import make_order, make_payment, make_reward, make_settlement, make_vendor
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PROOF = "/admin/audit/proof.json"


def test_proof_contains_exact_rows(as_admin: Visitor, owner: User, other: User) -> None:
    order = make_order(owner)
    make_payment(order, "paid")
    make_settlement(make_vendor(), order_reference=order.order_reference)
    reward = make_reward(other, order_reference=order.order_reference, reward_amount_wei=10**21 + 1)
    response = as_admin.get(f"{PROOF}?orderReference={order.order_reference}")
    name = f"proof-{order_ref(order.order_reference)[2:18]}.json"
    assert response.headers["Content-Disposition"] == f"attachment; filename={name}"
    proof = json.loads(response.text)
    assert proof["orderReference"] == order.order_reference
    assert proof["orderRef"].startswith("0x")
    assert proof["payment"]["status"] == "paid"
    assert proof["order"]["total_minor"] == order.total_minor
    assert (proof["order"]["total"], proof["order"]["currency"]) == ("1000.00", "UAH")
    assert (proof["payment"]["amount"], proof["payment"]["refunded"]) == ("1000.00", "0.00")
    (settlement,) = proof["settlements"]
    assert (settlement["amount_minor"], settlement["amount"], settlement["net_payout"]) == (
        100_000,
        "1000.00",
        "750.00",
    )
    assert (proof["reward"]["id"], proof["reward"]["reward_amount_wei"]) == (reward.id, str(10**21 + 1))
    # Without a chain, on-chain fields are null.
    assert proof["chainConfigured"] is False
    assert proof["paidOnChain"] is None
    assert proof["referralPaid"] is None


def test_journal_rows_have_the_decimal_beside_minor_units_and_wei(as_admin: Visitor, owner: User) -> None:
    order = make_order(owner)
    make_payment(order, "paid")
    for currency, amount in (("UAH", 12_345), ("TOKEN", 10**18 + 1), ("JPY", 7)):
        JournalTransfer.create(
            kind="commission",
            order_reference=order.order_reference,
            currency=currency,
            debit_account="a",
            credit_account="b",
            amount=amount,
            source="test",
            source_id=amount % 1000,
        )
    proof = as_admin.get(f"{PROOF}?orderReference={order.order_reference}").get_json()
    assert [(row["amount"], row["amount_decimal"]) for row in proof["journal"]] == [
        (100_000, "1000.00"),
        (12_345, "123.45"),
        (str(10**18 + 1), "1.000000000000000001"),
        (7, "7"),
    ]


def test_page_tells_a_missing_chain_from_one_that_is_away(
    as_admin: Visitor, admin: User, owner: User, make_app: MakeApp
) -> None:
    order = make_order(owner)
    make_payment(order, "paid")
    path = f"/admin/audit?orderReference={order.order_reference}"
    away = make_app(polygon_rpc_url="http://127.0.0.1:9", referral_rewards_address="0x" + "c1" * 20)
    other = visitor(away, admin)
    words = {
        "en": "No blockchain is configured",
        "uk": "Блокчейн не налаштовано",
        "ru": "Блокчейн не настроен",
    }
    for locale, missing in words.items():
        assert missing in text_of(as_admin.get(f"/{locale}{path}"))
        assert missing not in text_of(other.get(f"/{locale}{path}"))
    assert "cannot be reached right now" in text_of(other.get(f"/en{path}"))
    assert "cannot be reached right now" not in text_of(as_admin.get(f"/en{path}"))


def test_unknown_reference_has_no_proof(as_admin: Visitor) -> None:
    assert as_admin.get(f"{PROOF}?orderReference=store_nothing_1").status_code == 404
    assert as_admin.get(PROOF).status_code == 404


def test_proof_requires_an_admin(client: Visitor, as_owner: Visitor) -> None:
    assert client.get(f"{PROOF}?orderReference=x").status_code == 303
    assert as_owner.get(f"{PROOF}?orderReference=x").status_code == 403


def test_alert_is_shown_until_an_admin_resolves_it(as_admin: Visitor, as_owner: Visitor, admin: User) -> None:
    raise_alert("paid_unknown", "0x" + "ab" * 32, tx_hash="0x" + "cd" * 32)
    alert = ChainAlert.get()
    url = f"/admin/audit/alerts/{alert.id}/resolve"
    assert "a reference this portal does not know" in text_of(as_admin.get("/admin/audit"))
    assert as_owner.submit(url).status_code == 403
    for _ in range(2):
        assert as_admin.submit(url).status_code == 303
    assert "does not know" not in text_of(as_admin.get("/admin/audit"))
    events = EventLog.select().where(EventLog.event == "chain_alert_resolved")
    assert [row.actor_user_id for row in events] == [admin.id]


def test_all_alerts_of_a_kind_are_closed_by_one_button(
    as_admin: Visitor, as_owner: Visitor, admin: User
) -> None:
    url = "/admin/audit/alerts/resolve"
    for number in range(60):
        raise_alert("paid_unknown", f"0x{number:064x}")
    raise_alert("not_delivered", "store_1")
    page = as_admin.get("/admin/audit").get_data(as_text=True)
    assert "Close all 60 alerts of this kind" in page
    assert page.count("of this kind") == 1, "a single alert has its own button"
    newest = ChainAlert.select().where(ChainAlert.kind == "paid_unknown").order_by(ChainAlert.id.desc()).get()
    raise_alert("paid_unknown", "0x" + "f" * 64)
    form = {"kind": "paid_unknown", "newest": str(newest.id)}
    assert as_owner.submit(url, form).status_code == 403
    for bad in ("", "x", "-1", str(2**63)):
        assert as_admin.submit(url, {**form, "newest": bad}).status_code == 400
    assert as_admin.submit(url, form).status_code == 303
    still_open = [alert.subject for alert in ChainAlert.select().where(ChainAlert.resolved_at.is_null())]
    # What was raised after the page was shown stays, and so do other kinds.
    assert sorted(still_open) == ["0x" + "f" * 64, "store_1"]
    events = EventLog.select().where(EventLog.event == "chain_alert_resolved")
    assert {row.actor_user_id for row in events} == {admin.id}
    assert events.count() == 60


@pytest.mark.parametrize(
    "reference",
    [
        '"; filename="evil.html',
        "../../etc/passwd",
        "a\\b",
        "Їжак 🦔.exe",
        "x\u202egpj.html",
        "CON",
        "a;b=c",
        " " + "x" * 300,
    ],
)
def test_reference_of_a_callback_does_not_name_the_file(as_admin: Visitor, reference: str) -> None:
    PaymentEvent.insert(
        provider="wayforpay",
        order_reference=reference.strip(),
        authentic=False,
        outcome="refused",
        payload="{}",
    ).execute()
    response = as_admin.get(PROOF, query_string={"orderReference": reference})
    assert response.status_code in (200, 404)
    if response.status_code == 200:
        disposition, options = parse_options_header(response.headers["Content-Disposition"])
        assert disposition == "attachment"
        assert re.fullmatch(r"proof-[0-9a-f]{16}\.json", options.pop("filename"))
        assert not options
