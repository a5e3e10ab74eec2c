"""Reads and call data of a `ReferralRewards` contract. See docs/rules/minting.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from portal.chain.contract.abi import Revert, encode_call, event_topic
from portal.chain.errors import ChainAway, ContractMissing, NodeRefused
from portal.chain.node.rpc import Log, Node
from portal.lib.types import Address, TxHash, Wei

OPERATOR_ROLE = keccak(text="OPERATOR_ROLE")
MINTER_ROLE = keccak(text="MINTER_ROLE")
MODE_MINT, MODE_TRANSFER = 0, 1

_PAID_TOPIC = event_topic("ReferralPaid(address,uint256,bytes32)")
_WIDEST_SCAN = 10_000
_NARROWEST_SCAN = 10


@dataclass(frozen=True)
class Payment:
    """An argument of `payReferral`: wallet, wei, and keccak256 of the order reference."""

    wallet: Address
    amount: Wei
    order_ref: str


@dataclass(frozen=True)
class PaidEvent:
    """A `ReferralPaid` event."""

    wallet: Address
    amount: Wei
    order_ref: str
    tx_hash: TxHash
    block_number: int


@dataclass(frozen=True)
class Facts:
    """The state of the contract at the latest block; amounts in wei, caps None if disabled."""

    token: str
    mode: int
    is_paused: bool
    is_operator: bool
    reward_cap: int | None
    daily_cap: int | None
    remaining_today: int | None
    treasury: int
    operator_balance: int


def order_ref(order_reference: str) -> str:
    """Return keccak256 of the order reference in UTF-8, as 0x and 64 hex digits."""
    return "0x" + keccak(text=order_reference).hex()


def checksum(address: str) -> str:
    """Return an address in EIP-55 form for display."""
    return str(to_checksum_address(address))


class RewardsContract:
    """Reads and call data of one deployed proxy; each reading method takes the node."""

    def __init__(self, address: str) -> None:
        self.address = address

    def encode_payment(self, payments: Sequence[Payment]) -> bytes:
        """Return call data: `payReferral` for one reward, `payReferralBatch` for more."""
        if len(payments) == 1:
            return encode_call("payReferral(address,uint256,bytes32)", *_row(payments[0]))
        return encode_call(
            "payReferralBatch((address,uint256,bytes32)[])", [_row(payment) for payment in payments]
        )

    def simulate(self, node: Node, operator: str, payments: Sequence[Payment]) -> Revert | None:
        """Simulate a payment at the latest block and return its revert, None if it would succeed."""
        answer = node.eth_call(self.address, self.encode_payment(payments), "latest", operator)
        return answer if isinstance(answer, Revert) else None

    def paid(self, node: Node, order_refs: Sequence[str], tag: str | int) -> list[bool]:
        """Return `paidOrders` per reference at a block; raise ContractMissing if the contract did not exist yet."""
        calls = [
            (self.address, encode_call("paidOrders(bytes32)", bytes.fromhex(ref[2:]))) for ref in order_refs
        ]
        return [self._word(answer) == 1 for answer in node.eth_calls(calls, tag)]

    def paid_events(
        self, node: Node, first: int, last: int, order_refs: Sequence[str] | None = None
    ) -> list[PaidEvent]:
        """Return `ReferralPaid` events of a block range in order, with as many requests as the node needs."""
        topics: list[object] = [_PAID_TOPIC, None, list(order_refs)] if order_refs else [_PAID_TOPIC]
        events: list[PaidEvent] = []
        width = _WIDEST_SCAN
        while first <= last:
            end = min(first + width - 1, last)
            try:
                events += [_paid_event(log) for log in node.logs(self.address, topics, first, end)]
            except NodeRefused as refusal:
                if width <= _NARROWEST_SCAN:
                    raise ChainAway(f"{node.host} refused an event scan: {refusal}", host=node.host) from None
                width //= 4
                continue
            first = end + 1
        return events

    def facts(self, node: Node, operator: str) -> Facts:
        """Return mode, pause, caps, roles and balances at the latest block; raise ContractMissing."""
        reads = (
            encode_call("rewardToken()"),
            encode_call("rewardMode()"),
            encode_call("paused()"),
            encode_call("hasRole(bytes32,address)", OPERATOR_ROLE, operator),
            encode_call("rewardCap()"),
            encode_call("dailyCap()"),
            encode_call("remainingToday()"),
        )
        answers = node.eth_calls([(self.address, data) for data in reads])
        token, mode, paused, is_operator, reward_cap, daily_cap, remaining = map(self._word, answers)
        token_address = f"0x{token:040x}"
        treasury = node.eth_call(token_address, encode_call("balanceOf(address)", self.address))
        return Facts(
            token=token_address,
            mode=mode,
            is_paused=bool(paused),
            is_operator=bool(is_operator),
            reward_cap=reward_cap or None,
            daily_cap=daily_cap or None,
            remaining_today=remaining if daily_cap else None,
            treasury=0 if isinstance(treasury, Revert) else int.from_bytes(treasury[:32], "big"),
            operator_balance=node.balance(operator),
        )

    def _word(self, answer: bytes | Revert) -> int:
        if isinstance(answer, Revert) or len(answer) < 32:
            raise ContractMissing(f"no ReferralRewards contract answers at {checksum(self.address)}")
        return int.from_bytes(answer[:32], "big")


def _row(payment: Payment) -> tuple[str, int, bytes]:
    return payment.wallet, payment.amount, bytes.fromhex(payment.order_ref[2:])


def _paid_event(log: Log) -> PaidEvent:
    (amount,) = decode(["uint256"], log.data)
    wallet = Address("0x" + log.topics[1][-40:])
    return PaidEvent(wallet, Wei(int(amount)), log.topics[2], TxHash(log.tx_hash), log.block_number)
