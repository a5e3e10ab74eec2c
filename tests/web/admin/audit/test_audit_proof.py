"""The downloadable audit proof of an order, and chain audit alerts. See docs/rules/audit.md."""

from __future__ import annotations

import json

from models import ChainAlert, EventLog, User
from portal.chain.state import raise_alert
from tests.factories import make_order, make_payment, make_reward, make_settlement, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PROOF = "/admin/audit/proof.json"


def test_proof_contains_exact_rows(as_admin: Visitor, owner: User, other: User) -> None:
    order = make_order(owner)
    make_payment(order, "paid")
    make_settlement(make_vendor(), order_reference=order.order_reference)
    reward = make_reward(other, order_reference=order.order_reference, reward_amount_wei=10**21 + 1)
    response = as_admin.get(f"{PROOF}?orderReference={order.order_reference}")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{order.order_reference}.json"'
    proof = json.loads(response.text)
    assert proof["orderReference"] == order.order_reference
    assert proof["orderRef"].startswith("0x")
    assert proof["payment"]["status"] == "paid"
    assert proof["order"]["total_minor"] == order.total_minor
    assert len(proof["settlements"]) == 1
    assert (proof["reward"]["id"], proof["reward"]["reward_amount_wei"]) == (reward.id, str(10**21 + 1))
    # Without a chain, on-chain fields are null.
    assert proof["paidOnChain"] is None
    assert proof["referralPaid"] is None


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
