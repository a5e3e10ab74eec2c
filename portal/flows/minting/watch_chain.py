"""Watch what minting stands on: the minter's gas, its role, the contract's state. Pages read what was last seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.chain import AnyChain, read_status
from portal.chain.state import recall, remember
from portal.settings import Settings


@dataclass(frozen=True)
class ChainWatch:
    """What was last seen: codes of problems, the minter's balance in wei as text, days its gas lasts."""

    problems: list[str]
    operator_balance_wei: str | None
    days_of_gas: int | None
    seen_at: datetime


def watch_chain(chain: AnyChain, settings: Settings) -> list[str]:
    """Ask the chain how it stands and keep the answer; return the codes of its problems."""
    status = read_status(chain, settings)
    codes = [problem.code for problem in status.problems]
    balance = status.facts.operator_balance if status.facts else None
    remember(
        _name(chain),
        {
            "code": codes[0] if codes else None,
            "problems": codes,
            "operatorBalanceWei": None if balance is None else str(balance),
            "daysOfGas": status.days_of_gas,
        },
    )
    return codes


def last_watch(chain: AnyChain) -> ChainWatch | None:
    """Return what the last watch saw, None before the first."""
    found = recall(_name(chain))
    if found is None:
        return None
    value, seen_at = found
    return ChainWatch(value["problems"], value["operatorBalanceWei"], value["daysOfGas"], seen_at)


def _name(chain: AnyChain) -> str:
    return f"chain_watch:{chain.chain_id}"
