"""`flask audit` says which references it could not compare with the chain."""

from __future__ import annotations

from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_order, make_payment, make_user


def test_audit_tells_a_missing_chain_from_one_that_is_away(make_portal: MakePortal) -> None:
    make_payment(make_order(make_user()))
    away = {"polygon_rpc_url": "http://127.0.0.1:9", "referral_rewards_address": "0x" + "c1" * 20}
    output = invoke(make_portal(), "audit").output
    assert "Checked 1 references, 0 with differences.\nNo blockchain is configured" in output
    output = invoke(make_portal(**away), "audit").output
    assert "The chain could not be read for 1 references" in output
