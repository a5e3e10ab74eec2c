"""`flask import-ring` compares mints with the chain, and lets large approvals wait for a second admin."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from models import ReferralReward
from portal.chain import order_ref
from portal.chain.contract.abi import encode_call
from portal.db.checks import run_checks
from portal.flows.audit.audit_reference import audit_reference
from tests.cli.conftest import MakePortal, invoke
from tests.cli.import_ring.conftest import TX, WALLET, Ring, code, reward
from tests.support.chains import LocalChain


@pytest.fixture
def pay(chain: LocalChain) -> Callable[[int, str, int], None]:
    """Pay a reference on the chain as the old system's minter did."""

    def send(number: int, wallet: str, amount: int) -> None:
        reference = f"store_o{number}_1700000000000"
        ref = bytes.fromhex(order_ref(reference)[2:])
        calldata = encode_call("payReferral(address,uint256,bytes32)", wallet, amount, ref)
        _send(chain, calldata)

    return send


def _send(chain: LocalChain, data: bytes) -> None:
    operator = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
    sent = chain.call(
        "eth_sendTransaction", {"from": operator, "to": chain.rewards_address, "data": "0x" + data.hex()}
    )
    while (receipt := chain.call("eth_getTransactionReceipt", sent)) is None:
        time.sleep(0.01)
    assert receipt["status"] == "0x1"


def test_chain_decides_the_status_of_a_mint(
    make_portal: MakePortal, ring: Ring, on_chain: dict[str, Any], pay: Callable[[int, str, int], None]
) -> None:
    ring.documents("refcodes", code())
    ring.documents(
        "referral_rewards", reward(1, "minting"), reward(2, "minting"),
        reward(3, "failed", failureReason="Already paid"), reward(4, "failed", failureReason="reverted"),
        reward(5, "approved"), reward(6, "minted", txHash=TX),
    )  # fmt: skip
    pay(2, WALLET, 7)
    pay(3, WALLET, 6 * 10**18 + 3)
    app = make_portal(**on_chain)
    result = invoke(app, "import-ring", ring.url)
    assert result.exit_code == 0, result.output
    rewards = {row.order_id: row for row in ReferralReward.select()}
    assert {name: row.status for name, row in rewards.items()} == {
        "o1": "approved", "o2": "minted", "o3": "minted", "o4": "failed", "o5": "approved", "o6": "minted",
    }  # fmt: skip
    # The amounts are those of the contract's events, not those that the old system stored.
    assert (rewards["o2"].reward_amount_wei, rewards["o3"].reward_amount_wei) == (7, 6 * 10**18 + 3)
    assert rewards["o2"].tx_hash != rewards["o3"].tx_hash
    assert "minted_not_on_chain" in result.output
    portal = app.extensions["portal"]
    for number in (1, 2, 3, 4, 5):
        audit = audit_reference(f"store_o{number}_1700000000000", portal.chain, portal.settings)
        assert [difference.code for difference in audit.differences] == []
    assert run_checks() == {}


@pytest.mark.parametrize(
    ("limit", "statuses"),
    [("0", ["approved"] * 3), ("10", ["pending_approval", "approved", "pending_approval"])],
)
def test_imported_approvals_wait_for_two_admins_above_the_limit(
    make_portal: MakePortal, ring: Ring, limit: str, statuses: list[str]
) -> None:
    ring.documents("refcodes", code())
    ring.documents(
        "referral_rewards",
        reward(1, "approved", usdValue=10, approvedAt=1_700_000_000_500),
        reward(2, "approved", usdValue=9.99),
        reward(3, "approved", usdValue=None),
    )
    result = invoke(make_portal(referral_second_approval_usd=Decimal(limit)), "import-ring", ring.url)
    assert result.exit_code == 0, result.output
    rewards = list(ReferralReward.select().order_by(ReferralReward.order_id))
    assert [row.status for row in rewards] == statuses
    assert (rewards[0].approved_at is None) == (statuses[0] == "pending_approval")
    assert ("needs_second_approval" in result.output) == ("pending_approval" in statuses)
