"""The chain status for the command and the admin pages: state, problems, and how to fix them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from portal.chain import audits
from portal.chain.client import AnyChain, Chain
from portal.chain.contract.abi import Revert, encode_call
from portal.chain.contract.codec import Undecodable, decode
from portal.chain.contract.rewards import MODE_MINT, TOKEN_DECIMALS, Facts, checksum
from portal.chain.deployment import MinterGrant, read_minter_grant
from portal.chain.errors import ChainAway, ContractMissing, NodeRefused, WrongChain
from portal.chain.node.answers import Block
from portal.chain.node.rpc import Node
from portal.chain.sending import sender
from portal.db import database_now
from portal.settings import Settings

FINALITY_STALLED_SECONDS = 300
LOW_BALANCE_DAYS = 3
_NOBODY = "0x" + "00" * 19 + "01"


@dataclass(frozen=True)
class Problem:
    """A problem: a stable code, and in English what it is and how to fix it."""

    code: str
    what: str
    fix: str


CAPS_OFF = Problem(
    "caps_off",
    "The contract has no caps: a stolen minter key could pay without limit.",
    "As the contract's admin: `chain caps --reward-cap TOKENS --daily-cap TOKENS`.",
)


@dataclass(frozen=True)
class ChainStatus:
    """The state of the chain at one time; amounts in wei, ages in seconds, None if unknown."""

    chain_id: int
    configured: bool
    node: str | None = None
    head: int | None = None
    head_age: int | None = None
    finalized: int | None = None
    finalized_age: int | None = None
    rewards_address: str | None = None
    facts: Facts | None = None
    grant: MinterGrant | None = None
    token_symbol: str | None = None
    token_decimals: int | None = None
    operator: str | None = None
    nonce: int | None = None
    open_transactions: int = 0
    gas_per_day: int = 0
    days_of_gas: int | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def notes(self) -> list[Problem]:
        """Return what does not stop minting but should be known."""
        has_caps = self.facts is None or self.facts.reward_cap is not None or self.facts.daily_cap is not None
        return [] if has_caps else [CAPS_OFF]


def read_status(chain: AnyChain, settings: Settings) -> ChainStatus:
    """Read node, contract, token and ledger; what cannot be read becomes a problem, not an error."""
    if not isinstance(chain, Chain):
        fix = "Set POLYGON_RPC_URL and REFERRAL_REWARDS_ADDRESS; `chain deploy` makes the contract."
        return ChainStatus(chain.chain_id, False, problems=[Problem("not_configured", chain.reason, fix)])
    now = database_now()
    try:
        return _read(chain, settings, chain.node(now), now)
    except (ChainAway, WrongChain, NodeRefused) as error:
        fix = "Check POLYGON_RPC_URL and REFERRAL_CHAIN_ID, or set POLYGON_RPC_FALLBACK_URL."
        return ChainStatus(chain.chain_id, True, problems=[Problem(error.code, str(error), fix)])


def _read(chain: Chain, settings: Settings, node: Node, now: datetime) -> ChainStatus:
    head, finalized = node.block("latest"), node.block("finalized")
    operator = chain.operator.address if chain.operator else None
    try:
        facts = chain.contract.facts(node, operator or _NOBODY)
    except ContractMissing as error:
        fix = "Check REFERRAL_REWARDS_ADDRESS and REFERRAL_CHAIN_ID; `chain deploy` makes the contract."
        return ChainStatus(
            chain.chain_id,
            True,
            node.host,
            head.number,
            problems=[Problem("contract_missing", str(error), fix)],
        )
    gas_per_day = sender.gas_spent_per_day(chain.chain_id, operator) if operator else 0
    status = ChainStatus(
        chain_id=chain.chain_id,
        configured=True,
        node=node.host,
        head=head.number,
        head_age=_age(head, now),
        finalized=finalized.number,
        finalized_age=_age(finalized, now),
        rewards_address=chain.contract.address,
        facts=facts,
        grant=read_minter_grant(node, facts.token, chain.contract.address)
        if facts.mode == MODE_MINT
        else None,
        token_symbol=_text(node, facts.token),
        token_decimals=facts.token_decimals,
        operator=operator,
        nonce=node.nonce(operator, "latest") if operator else None,
        open_transactions=len(sender.list_open(chain.chain_id, ("reward", "payout", "filler"))),
        gas_per_day=gas_per_day,
        days_of_gas=facts.operator_balance // gas_per_day if gas_per_day else None,
    )
    status.problems.extend([*_problems(status, facts, settings), *_history_problems(chain, node, finalized)])
    return status


def _history_problems(chain: Chain, node: Node, finalized: Block) -> list[Problem]:
    """Read the events that the next audit begins with: a node without history stops minting."""
    first = min(audits.next_block(chain.chain_id, chain.contract.address, finalized.number), finalized.number)
    try:
        chain.contract.paid_events(node, first, first)
    except (ChainAway, NodeRefused) as error:
        fix = f"Use a node that keeps the logs from block {first} on, or set POLYGON_RPC_FALLBACK_URL to one."
        return [Problem("chain_node_refused", f"The node has no events of block {first}: {error}.", fix)]
    return []


def _problems(status: ChainStatus, facts: Facts, settings: Settings) -> list[Problem]:
    return [
        *_role_problems(status, facts),
        *_funding_problems(status, facts),
        *_setting_problems(status, facts, settings),
        *_limit_problems(status, facts),
    ]


def _role_problems(status: ChainStatus, facts: Facts) -> list[Problem]:
    problems = []
    if status.operator is None:
        fix = (
            "Run the command with the settings of the processes that mint. They need REFERRAL_MINTER_KEYSTORE"
            " and its password, or REFERRAL_MINTER_PRIVATE_KEY."
        )
        problems.append(Problem("no_key", "This process holds no minter key.", fix))
    elif not facts.is_operator:
        fix = f"As the contract's admin: `chain grant operator {checksum(status.operator)}`."
        problems.append(Problem("role_missing", "The minter's account lacks OPERATOR_ROLE.", fix))
    if status.grant and not status.grant.granted:
        fix = "Run `chain grant-minter` with the token owner's key, or use TRANSFER mode."
        problems.append(Problem("minter_missing", "The contract may not mint the token.", fix))
    return problems


def _funding_problems(status: ChainStatus, facts: Facts) -> list[Problem]:
    problems = []
    if status.operator and facts.operator_balance == 0:
        fix = f"Send native currency to {checksum(status.operator)}."
        problems.append(Problem("no_gas", "The minter's account has no native currency for gas.", fix))
    elif status.days_of_gas is not None and status.days_of_gas < LOW_BALANCE_DAYS:
        what = f"The minter's gas lasts {status.days_of_gas} days at last week's use."
        problems.append(
            Problem("low_gas", what, f"Send native currency to {checksum(status.operator or '')}.")
        )
    if facts.mode != MODE_MINT and facts.treasury == 0:
        fix = f"Send reward tokens to {checksum(status.rewards_address or '')}."
        problems.append(Problem("treasury_empty", "TRANSFER mode, and the contract holds no tokens.", fix))
    return problems


def _setting_problems(status: ChainStatus, facts: Facts, settings: Settings) -> list[Problem]:
    problems = []
    expected = settings.referral_reward_token_address
    if expected and expected != facts.token:
        what = f"The contract pays {checksum(facts.token)}, REFERRAL_REWARD_TOKEN_ADDRESS says otherwise."
        problems.append(
            Problem(
                "token_differs",
                what,
                "Correct the setting, or as the contract's admin: `chain set-token ADDRESS`.",
            )
        )
    if settings.referral_reward_mode != facts.mode:
        what = f"The contract is in mode {facts.mode}, REFERRAL_REWARD_MODE says {settings.referral_reward_mode}."
        problems.append(
            Problem(
                "mode_differs",
                what,
                "Correct the setting, or as the contract's admin: `chain set-mode MODE`.",
            )
        )
    if status.token_decimals not in (None, TOKEN_DECIMALS):
        what = f"The token has {status.token_decimals} decimals; rewards are computed with 18."
        problems.append(Problem("decimals_differ", what, "Use a token with 18 decimals."))
    return problems


def _limit_problems(status: ChainStatus, facts: Facts) -> list[Problem]:
    problems = []
    if facts.is_paused:
        problems.append(
            Problem("paused", "Payments are paused.", "As the contract's admin: `chain unpause`.")
        )
    if facts.remaining_today == 0:
        problems.append(
            Problem(
                "daily_cap",
                "The day's cap is used up.",
                "Wait for midnight UTC, or `chain caps` as the admin.",
            )
        )
    if (status.finalized_age or 0) - (status.head_age or 0) > FINALITY_STALLED_SECONDS:
        what = f"The last final block is {status.finalized_age} seconds old."
        problems.append(
            Problem("finality_stalled", what, "Wait: nothing is lost, rewards become minted when it moves.")
        )
    return problems


def _age(block: Block, now: datetime) -> int:
    return max(0, int(now.timestamp()) - block.timestamp)


def _text(node: Node, token: str) -> str | None:
    answer = node.eth_call(token, encode_call("symbol()"))
    if isinstance(answer, Revert):
        return None
    try:
        return str(decode(["string"], answer)[0])
    except Undecodable:
        return None
