"""The configured chain, or its null object."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, NoReturn

from portal.chain.contract.rewards import RewardsContract
from portal.chain.errors import ChainNotConfigured
from portal.chain.node.rpc import Node, Rpc
from portal.chain.sending.fees import GWEI, FeePolicy
from portal.chain.sending.keys import OperatorKey, load_operator_key
from portal.settings import DEVELOPMENT_CHAIN_ID, Settings

# If the latest block of a public chain is older than this, the node is behind or the chain has stopped.
MAX_HEAD_AGE_SECONDS = 120


@dataclass(frozen=True)
class Chain:
    """A chain with the rewards contract; `operator` is None in processes without the key.

    Nothing is minted while the contract pays another token or in another mode than the settings expect; an empty
    `expected_token` accepts any.
    """

    chain_id: int
    rpc: Rpc
    contract: RewardsContract
    fees: FeePolicy
    bump_after_seconds: int
    expected_token: str
    expected_mode: int
    max_gas_per_reward: int
    operator: OperatorKey | None = field(default=None)
    configured: ClassVar[bool] = True

    def node(self, now: datetime | None = None) -> Node:
        """Return a healthy node; raise ChainAway or WrongChain."""
        return self.rpc.choose(now)

    @property
    def leader_name(self) -> str:
        """Return the name of the account whose nonces need one leader."""
        return f"chain:{self.chain_id}:{self.operator.address if self.operator else '-'}"


@dataclass(frozen=True)
class NotConfigured:
    """No chain is configured: everything except minting works, and pages say so."""

    reason: str
    chain_id: int
    operator: None = None
    configured: ClassVar[bool] = False

    def node(self, now: datetime | None = None) -> NoReturn:
        raise ChainNotConfigured(self.reason)


AnyChain = Chain | NotConfigured


def open_chain(settings: Settings, *, max_head_age_seconds: int | None = MAX_HEAD_AGE_SECONDS) -> AnyChain:
    """Return the chain the settings describe without calling it; raises KeyUnusable.

    The development chain makes blocks on demand only, so the age of its head says nothing.
    """
    if not settings.chain_configured:
        missing = "POLYGON_RPC_URL" if not settings.polygon_rpc_url else "REFERRAL_REWARDS_ADDRESS"
        return NotConfigured(f"{missing} is not set", settings.referral_chain_id)
    return open_node_chain(settings, load_operator_key(settings), max_head_age_seconds=max_head_age_seconds)


def open_node_chain(
    settings: Settings, key: OperatorKey | None, *, max_head_age_seconds: int | None = MAX_HEAD_AGE_SECONDS
) -> Chain:
    """Return the chain of the configured nodes with one account's key."""
    urls = [settings.polygon_rpc_url, settings.polygon_rpc_fallback_url]
    is_development = settings.referral_chain_id == DEVELOPMENT_CHAIN_ID
    max_age = None if is_development else max_head_age_seconds
    return Chain(
        chain_id=settings.referral_chain_id,
        rpc=Rpc(
            urls,
            settings.referral_chain_id,
            max_age,
            log_range=settings.referral_log_range,
            finality_depth=settings.referral_finality_depth,
        ),
        contract=RewardsContract(settings.referral_rewards_address),
        fees=FeePolicy(tip=settings.referral_tip_gwei * GWEI, ceiling=settings.referral_max_fee_gwei * GWEI),
        bump_after_seconds=settings.referral_bump_after_seconds,
        expected_token=settings.referral_reward_token_address,
        expected_mode=settings.referral_reward_mode,
        max_gas_per_reward=settings.referral_max_gas_per_reward,
        operator=key,
    )
