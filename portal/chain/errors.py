"""The errors of a chain, its nodes and its contracts."""

from __future__ import annotations

from portal.lib.errors import PortalError

# When a client may try again after the node did not answer.
RETRY_SECONDS = 10


class ChainNotConfigured(PortalError):
    """No node or no contract address is configured; everything except minting works."""

    code = "chain_not_configured"


class ChainAway(PortalError):
    """No configured node responds correctly; nothing was decided."""

    code = "chain_away"

    def __init__(self, message: str = "", **params: object) -> None:
        super().__init__(message)
        self.params = {"retry_after": RETRY_SECONDS, **params}


class NodeTimeout(ChainAway):
    """A node did not answer in time."""


class StateUnavailable(ChainAway):
    """A node has pruned the state of a block, or does not have the block yet."""


class LogsUnavailable(ChainAway):
    """A node refused the events of a single block."""


class WrongChain(PortalError):
    """The node serves another chain than REFERRAL_CHAIN_ID."""

    code = "wrong_chain"


class NodeRefused(PortalError):
    """The node returned an error that is not a revert."""

    code = "chain_node_refused"

    def __init__(self, message: str, *, rpc_code: int = 0, data: object = None) -> None:
        super().__init__(message, rpc_code=rpc_code)
        self.rpc_code = rpc_code
        self.data = data


class ContractMissing(PortalError):
    """There is no contract at the address, or not yet at the requested block."""

    code = "contract_missing"


class ApprovalMissing(PortalError):
    """The contract wallet has not approved the message on chain yet."""

    code = "approval_missing"


class ContractWalletUnchecked(PortalError):
    """Only a contract wallet can have made the signature, and there is no configured chain to check it on."""

    code = "contract_wallet_unchecked"


class DeploymentFailed(PortalError):
    """A deployment or a grant failed; the message is one sentence for the operator."""

    code = "deployment_failed"


class KeyUnusable(PortalError):
    """The minter's key is malformed, or its keystore cannot be opened."""

    code = "minter_key_unusable"


class LeaderLost(PortalError):
    """Another process has become the leader; this write was rolled back."""

    code = "leader_lost"


class PriceUnavailable(PortalError):
    """The oracle has no usable price; the message says why."""

    code = "price_unavailable"


class PriceFeedSilent(PriceUnavailable):
    """No node answered for the price feed."""
