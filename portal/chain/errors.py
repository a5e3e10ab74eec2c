"""The errors of a chain, its nodes and its contracts."""

from __future__ import annotations

from portal.lib.errors import PortalError


class ChainNotConfigured(PortalError):
    """No node or no contract address is configured; everything except minting works."""

    code = "chain_not_configured"


class ChainAway(PortalError):
    """No configured node responds correctly; nothing was decided."""

    code = "chain_away"


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
