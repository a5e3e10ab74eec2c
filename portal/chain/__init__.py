"""The chain package: one rewards contract, one operator account, and the token's price.

It reads the contract and encodes calls, stores transactions from before their first send until they are final,
elects a leader, deploys, and reports what is missing. It does not know rewards: flows combine both. See
docs/rules/minting.md.
"""

from portal.chain.client import AnyChain, Chain, NotConfigured, open_chain
from portal.chain.contract.oracle import Price
from portal.chain.contract.reads import is_chain_reachable, read_paid_event, read_paid_order, read_paid_orders
from portal.chain.contract.rewards import PaidEvent, Payment, checksum, order_ref
from portal.chain.contract.token import Token
from portal.chain.deployment import Deployment, deploy_development
from portal.chain.errors import (
    ChainAway,
    ChainNotConfigured,
    ContractMissing,
    ContractWalletUnchecked,
    DeploymentFailed,
    KeyUnusable,
    LeaderLost,
    NodeRefused,
    PriceUnavailable,
    WrongChain,
)
from portal.chain.sending.keys import OperatorKey, load_operator_key
from portal.chain.sending.leadership import Leader, database_now, lead
from portal.chain.signatures import is_signed_by
from portal.chain.state import list_alerts
from portal.chain.status import ChainStatus, Problem, read_status
from portal.chain.treasury import Treasury, open_treasury

__all__ = [
    "AnyChain",
    "Chain",
    "ChainAway",
    "ChainNotConfigured",
    "ChainStatus",
    "ContractMissing",
    "ContractWalletUnchecked",
    "Deployment",
    "DeploymentFailed",
    "KeyUnusable",
    "Leader",
    "LeaderLost",
    "NodeRefused",
    "NotConfigured",
    "OperatorKey",
    "PaidEvent",
    "Payment",
    "Price",
    "PriceUnavailable",
    "Problem",
    "Token",
    "Treasury",
    "WrongChain",
    "checksum",
    "database_now",
    "deploy_development",
    "is_chain_reachable",
    "is_signed_by",
    "lead",
    "list_alerts",
    "load_operator_key",
    "open_chain",
    "open_treasury",
    "order_ref",
    "read_paid_event",
    "read_paid_order",
    "read_paid_orders",
    "read_status",
]
