"""Reads and call data of a `ReferralRewards` contract. See docs/rules/minting.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.chain.contract.abi import Revert, encode_call, event_topic
from portal.chain.contract.codec import decode
from portal.chain.errors import ContractMissing, StateUnavailable
from portal.chain.node.answers import Log, Receipt
from portal.chain.node.logs import scan_logs
from portal.chain.node.rpc import Node
from portal.lib.addresses import to_checksum_address
from portal.lib.keccak import keccak
from portal.lib.types import Address, TxHash, Wei

OPERATOR_ROLE = keccak(b"OPERATOR_ROLE")
PAUSER_ROLE = keccak(b"PAUSER_ROLE")
MINTER_ROLE = keccak(b"MINTER_ROLE")
MODE_MINT, MODE_TRANSFER = 0, 1
# Rewards are computed in units of 10^-18 tokens.
TOKEN_DECIMALS = 18

_PAID_TOPIC = event_topic("ReferralPaid(address,uint256,bytes32)")
_TRANSFER_TOPIC = event_topic("Transfer(address,address,uint256)")


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
    """The state of the contract at the latest block; amounts in wei, caps None if disabled.

    `token_decimals` is None if no token answers at its address.
    """

    token: str
    token_decimals: int | None
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
    return "0x" + keccak(order_reference.encode()).hex()


def checksum(address: str) -> str:
    """Return an address in EIP-55 form for display."""
    return to_checksum_address(address)


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
        """Return whether each reference is paid at a block; raise ContractMissing if the contract did not exist yet."""
        if not order_refs:
            return []
        refs = [bytes.fromhex(ref[2:]) for ref in order_refs]
        answer = node.eth_call(self.address, encode_call("paidMany(bytes32[])", refs), tag)
        if not isinstance(answer, Revert) and len(answer) >= 64:
            return list(decode(["bool[]"], answer)[0])
        # Contracts before version 2.1 answer for one reference per call.
        calls = [(self.address, encode_call("paidOrders(bytes32)", ref)) for ref in refs]
        return [self._word(answer) == 1 for answer in node.eth_calls(calls, tag)]

    def paid_until(self, node: Node, order_refs: Sequence[str], block: int, latest: int) -> list[bool]:
        """Return whether each reference is paid at a block; raise ContractMissing or StateUnavailable.

        Where the node has pruned the block's state, the latest one answers: what it shows as unpaid was never paid, and
        it remembers the block of what is paid.
        """
        try:
            return self.paid(node, order_refs, block)
        except StateUnavailable:
            flags = self.paid(node, order_refs, latest)
            blocks = self.paid_blocks(node, order_refs, latest)
            if any(flag and not at for flag, at in zip(flags, blocks, strict=True)):
                raise
            return [flag and at <= block for flag, at in zip(flags, blocks, strict=True)]

    def paid_blocks(self, node: Node, order_refs: Sequence[str], tag: str | int) -> list[int]:
        """Return the block that paid each reference as the contract remembers it, 0 if it does not know."""
        calls = [
            (self.address, encode_call("paidAtBlock(bytes32)", bytes.fromhex(ref[2:]))) for ref in order_refs
        ]
        answers = node.eth_calls(calls, tag)
        return [_number(answer) or 0 for answer in answers]

    def scan_paid_events(
        self, node: Node, first: int, last: int, order_refs: Sequence[str] | None = None
    ) -> Iterator[tuple[int, list[PaidEvent]]]:
        """Yield `ReferralPaid` events by block range, each with the last block of its range."""
        topics: list[object] = [_PAID_TOPIC, None, list(order_refs)] if order_refs else [_PAID_TOPIC]
        for end, logs in scan_logs(node, self.address, topics, first, last):
            yield end, [_paid_event(log) for log in logs]

    def paid_events(
        self, node: Node, first: int, last: int, order_refs: Sequence[str] | None = None
    ) -> list[PaidEvent]:
        """Return `ReferralPaid` events of a block range in order, with as many requests as the node needs."""
        return [
            event for _, events in self.scan_paid_events(node, first, last, order_refs) for event in events
        ]

    def paid_events_in(self, receipt: Receipt) -> list[PaidEvent]:
        """Return the `ReferralPaid` events of a receipt."""
        return [
            _paid_event(log)
            for log in receipt.logs
            if log.address == self.address and log.topics[:1] == (_PAID_TOPIC,)
        ]

    def transfers_in(self, receipt: Receipt, token: str, source: str) -> list[tuple[Address, Wei]]:
        """Return (receiver, amount) of the token's own transfers from `source` in a receipt."""
        return [
            (_address(log.topics[2]), Wei(int.from_bytes(log.data[:32], "big")))
            for log in receipt.logs
            if log.address == token
            and log.topics[:1] == (_TRANSFER_TOPIC,)
            and len(log.topics) == 3
            and _address(log.topics[1]) == source
        ]

    def token_and_mode(self, node: Node, tag: str | int) -> tuple[str, int]:
        """Return the reward token's address and the mode at a block; raise ContractMissing."""
        calls = [(self.address, encode_call(read)) for read in ("rewardToken()", "rewardMode()")]
        token, mode = map(self._word, node.eth_calls(calls, tag))
        return f"0x{token:040x}", mode

    def is_operator(self, node: Node, account: str, tag: str | int) -> bool:
        """Return whether an account may pay at a block; raise ContractMissing."""
        data = encode_call("hasRole(bytes32,address)", OPERATOR_ROLE, account)
        return self._word(node.eth_call(self.address, data, tag)) == 1

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
        treasury, decimals = node.eth_calls(
            [
                (token_address, encode_call("balanceOf(address)", self.address)),
                (token_address, encode_call("decimals()")),
            ]
        )
        return Facts(
            token=token_address,
            token_decimals=_number(decimals),
            mode=mode,
            is_paused=bool(paused),
            is_operator=bool(is_operator),
            reward_cap=reward_cap or None,
            daily_cap=daily_cap or None,
            remaining_today=remaining if daily_cap else None,
            treasury=_number(treasury) or 0,
            operator_balance=node.balance(operator),
        )

    def _word(self, answer: bytes | Revert) -> int:
        if isinstance(answer, Revert) or len(answer) < 32:
            raise ContractMissing(f"no ReferralRewards contract answers at {checksum(self.address)}")
        return int.from_bytes(answer[:32], "big")


def _row(payment: Payment) -> tuple[str, int, bytes]:
    return payment.wallet, payment.amount, bytes.fromhex(payment.order_ref[2:])


def _number(answer: bytes | Revert) -> int | None:
    return None if isinstance(answer, Revert) or len(answer) < 32 else int.from_bytes(answer[:32], "big")


def _paid_event(log: Log) -> PaidEvent:
    (amount,) = decode(["uint256"], log.data)
    return PaidEvent(
        _address(log.topics[1]), Wei(int(amount)), log.topics[2], TxHash(log.tx_hash), log.block_number
    )


def _address(topic: str) -> Address:
    return Address("0x" + topic[-40:].lower())
