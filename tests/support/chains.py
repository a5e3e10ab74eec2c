"""A local chain with the contracts deployed; each test gets it in its state after the deployment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.chain.deployment import deploy_development
from portal.dev.anvil import ADMIN_KEY, OPERATOR_KEY, call_rpc, start_chain, stop_chain

CHAIN_ID = 31337
_MINED_SECONDS = 60


@dataclass(frozen=True)
class LocalChain:
    """The address and the keys of a local chain; every transaction is mined at once, `mine` adds empty blocks."""

    rpc_url: str
    rewards_address: str
    token_address: str
    chain_id: int = CHAIN_ID
    admin_key: str = ADMIN_KEY
    operator_key: str = OPERATOR_KEY

    def settings(self) -> dict[str, Any]:
        """Return the settings of a portal that uses this chain."""
        return {
            "polygon_rpc_url": self.rpc_url,
            "referral_chain_id": self.chain_id,
            "referral_rewards_address": self.rewards_address,
        }

    def call(self, method: str, *parameters: object) -> Any:
        return call_rpc(self.rpc_url, method, *parameters)

    def transact(self, **fields: Any) -> dict[str, Any]:
        """Send a transaction from an account of the node and return its receipt."""
        tx_hash = self.call("eth_sendTransaction", fields)
        deadline = time.monotonic() + _MINED_SECONDS
        while (receipt := self.call("eth_getTransactionReceipt", tx_hash)) is None:
            assert time.monotonic() < deadline, f"{tx_hash} is not mined"
            time.sleep(0.01)
        return dict(receipt)

    def mine(self, blocks: int = 1) -> None:
        self.call("anvil_mine", hex(blocks))


@contextmanager
def deployed_chain(folder: Path) -> Iterator[LocalChain]:
    """Start a chain in a folder, deploy, and stop it at the end."""
    url = start_chain(folder, chain_id=CHAIN_ID, block_seconds=0)
    try:
        deployment = deploy_development(url, CHAIN_ID, ADMIN_KEY, OPERATOR_KEY)
        yield LocalChain(url, deployment.rewards_address, deployment.token_address)
    finally:
        stop_chain(folder)


@contextmanager
def unchanged(chain: LocalChain) -> Iterator[LocalChain]:
    """Undo everything that the block does to the chain."""
    snapshot = chain.call("evm_snapshot")
    try:
        yield chain
    finally:
        chain.call("anvil_dropAllTransactions")
        chain.call("evm_revert", snapshot)
        chain.call("evm_setAutomine", True)
