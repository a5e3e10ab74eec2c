"""Settings of the chain: nodes, contract, minter, token price and fees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from portal.settings.core import CoreSettings
from portal.settings.types import (
    Address,
    HttpUrl,
    PrivateKey,
    Rate,
    encryption_problems,
    key_problems,
    secret_problems,
)

DEVELOPMENT_CHAIN_ID = 31337


class ChainSettings(CoreSettings):
    """Where rewards are minted, and with which key. Without a node and a contract minting waits."""

    polygon_rpc_url: HttpUrl = ""
    polygon_rpc_fallback_url: HttpUrl = ""
    # EIP-2294: the largest id that every program reads.
    referral_chain_id: Annotated[int, Field(gt=0, le=9_007_199_254_740_954)] = 137
    referral_rewards_address: Address = ""
    referral_reward_token_address: Address = ""
    referral_reward_mode: Annotated[int, Field(ge=0, le=1)] = 0
    referral_minter_private_key: PrivateKey = SecretStr("")
    referral_minter_keystore: Path | None = None
    referral_minter_keystore_password: SecretStr = SecretStr("")
    referral_token_usd_price: Rate | None = None
    referral_price_feed_address: Address = ""
    referral_price_heartbeat_seconds: Annotated[int, Field(gt=0, le=31_536_000)] = 3600
    referral_price_grace_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 300
    referral_mint_batch_size: Annotated[int, Field(ge=1, le=100)] = 50
    referral_mint_open_transactions: Annotated[int, Field(ge=1, le=16)] = 16
    referral_max_fee_gwei: Annotated[int, Field(gt=0, le=1_000_000_000)] = 2000
    referral_tip_gwei: Annotated[int, Field(ge=0, le=1_000_000_000)] = 30
    referral_bump_after_seconds: Annotated[int, Field(gt=0, le=86_400)] = 60
    referral_max_gas_per_reward: Annotated[int, Field(ge=100_000, le=30_000_000)] = 500_000
    referral_finality_depth: Annotated[int, Field(ge=0, le=100_000)] = 0
    referral_log_range: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    chain_explorer_url: HttpUrl = ""
    referral_minter_address: Address = ""
    deployer_private_key: PrivateKey = SecretStr("")

    @property
    def chain_configured(self) -> bool:
        return bool(self.polygon_rpc_url and self.referral_rewards_address)

    def _production_problems(self) -> Iterator[str]:
        yield from super()._production_problems()
        if self.referral_chain_id == DEVELOPMENT_CHAIN_ID:
            yield "REFERRAL_CHAIN_ID must not be the development chain in production"
        yield from key_problems(
            referral_minter_private_key=self.referral_minter_private_key,
            deployer_private_key=self.deployer_private_key,
        )
        yield from secret_problems(referral_minter_keystore_password=self.referral_minter_keystore_password)
        yield from encryption_problems(
            polygon_rpc_url=self.polygon_rpc_url,
            polygon_rpc_fallback_url=self.polygon_rpc_fallback_url,
            chain_explorer_url=self.chain_explorer_url,
        )
