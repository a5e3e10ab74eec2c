"""The chain package: one rewards contract, one operator account, and the token's price.

It reads the contract and encodes calls, stores transactions from before their first send until they are final,
elects a leader, deploys, and reports what is missing. It does not know rewards: flows combine both. See
docs/rules/minting.md.
"""

from portal.chain.addresses import checksummed, checksummed_values
from portal.chain.client import AnyChain, Chain, NotConfigured, open_chain
from portal.chain.contract.oracle import Price
from portal.chain.contract.proofs import SeenPayment
from portal.chain.contract.reads import is_chain_reachable, read_paid_event, read_paid_order, read_paid_orders
from portal.chain.contract.rewards import PaidEvent, Payment, checksum, order_ref
from portal.chain.contract.token import Token
from portal.chain.deployment import Deployment, deploy_development
from portal.chain.errors import (
    ApprovalMissing,
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
from portal.chain.node.limits import limited_node_calls
from portal.chain.own_addresses import own_addresses, own_contracts
from portal.chain.public_proof import ProofReader, PublicProof
from portal.chain.sending.keys import OperatorKey, load_operator_key
from portal.chain.sending.leadership import Leader, lead
from portal.chain.signatures import is_signed_by
from portal.chain.state import count_alerts, find_paying_transaction, list_alerts, newest_alerts
from portal.chain.status import ChainStatus, Problem, read_status
from portal.chain.treasury import Treasury, open_payout_chain, open_treasury
from portal.chain.wallet_contracts import is_contract_wallet

__all__ = [
    "AnyChain",
    "ApprovalMissing",
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
    "ProofReader",
    "PublicProof",
    "SeenPayment",
    "Token",
    "Treasury",
    "WrongChain",
    "checksum",
    "checksummed",
    "checksummed_values",
    "count_alerts",
    "deploy_development",
    "find_paying_transaction",
    "is_chain_reachable",
    "is_contract_wallet",
    "is_signed_by",
    "lead",
    "limited_node_calls",
    "list_alerts",
    "load_operator_key",
    "newest_alerts",
    "open_chain",
    "open_payout_chain",
    "open_treasury",
    "order_ref",
    "own_addresses",
    "own_contracts",
    "read_paid_event",
    "read_paid_order",
    "read_paid_orders",
    "read_status",
]
