"""Reads and transfers of an ERC-20 token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.chain.contract.abi import Revert, encode_call, event_topic
from portal.chain.contract.rewards import checksum
from portal.chain.errors import ContractMissing
from portal.chain.node.rpc import Node

_TRANSFER_TOPIC = event_topic("Transfer(address,address,uint256)")
_MOST_DECIMALS = 77


@dataclass(frozen=True)
class Token:
    """An ERC-20 token at an address in its stored form."""

    address: str

    def decimals(self, node: Node) -> int:
        """Return the token's decimals; raise ContractMissing if the address has none."""
        decimals = self._number(node.eth_call(self.address, encode_call("decimals()")))
        if decimals > _MOST_DECIMALS:
            raise ContractMissing(f"the token at {checksum(self.address)} claims {decimals} decimals")
        return decimals

    def balance(self, node: Node, account: str) -> int:
        """Return an account's balance in base units."""
        return self._number(node.eth_call(self.address, encode_call("balanceOf(address)", account)))

    def simulate(self, node: Node, sender: str, wallet: str, amount: int) -> str | None:
        """Return why the token would refuse a transfer at the latest block, None if it would not."""
        answer = node.eth_call(self.address, self.encode_transfer(wallet, amount), "latest", sender)
        if isinstance(answer, Revert):
            return answer.text
        # Some tokens return nothing, some return false instead of reverting.
        if answer and int.from_bytes(answer[:32], "big") != 1:
            return "the token answers false"
        return None

    def encode_transfer(self, wallet: str, amount: int) -> bytes:
        """Return the call data of a transfer."""
        return encode_call("transfer(address,uint256)", wallet, amount)

    def has_moved(
        self, node: Node, block: int, tx_hashes: Sequence[str], sender: str, wallet: str, amount: int
    ) -> bool:
        """Return whether an event of the token shows that one of these transactions moved exactly this amount."""
        topics: list[object] = [_TRANSFER_TOPIC, _topic(sender), _topic(wallet)]
        return any(
            log.tx_hash in tx_hashes and int.from_bytes(log.data[:32], "big") == amount
            for log in node.logs(self.address, topics, block, block)
        )

    def _number(self, answer: bytes | Revert) -> int:
        if isinstance(answer, Revert) or len(answer) < 32:
            raise ContractMissing(f"no token answers at {checksum(self.address)}")
        return int.from_bytes(answer[:32], "big")


def tokens_text(units: int, decimals: int) -> str:
    """Return base units of a token with these decimals as tokens, exactly and without zeros at the end."""
    digits = str(units).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :].rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _topic(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")
