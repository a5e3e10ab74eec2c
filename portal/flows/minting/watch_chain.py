"""Check what minting depends on: the minter's gas and role, the contract's state. Pages read the last result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.chain import AnyChain, read_status
from portal.chain.state import recall, remember
from portal.logs import get_logger
from portal.settings import Settings

log = get_logger(__name__)


@dataclass(frozen=True)
class ChainWatch:
    """The last result: codes of problems, the minter's balance in wei as text, and the days its gas lasts."""

    problems: list[str]
    operator_balance_wei: str | None
    days_of_gas: int | None
    seen_at: datetime


def watch_chain(chain: AnyChain, settings: Settings) -> list[str]:
    """Read the status of the chain, store it, log a change, and return the codes of its problems."""
    status = read_status(chain, settings)
    codes = [problem.code for problem in status.problems]
    balance = status.facts.operator_balance if status.facts and status.operator else None
    is_changed = remember(
        watch_name(chain),
        {
            "code": ",".join(codes) or None,
            "problems": codes,
            "operatorBalanceWei": None if balance is None else str(balance),
            "daysOfGas": status.days_of_gas,
        },
    )
    if codes and is_changed:
        log.warning(
            "minting needs attention", problems=codes, details=[problem.what for problem in status.problems]
        )
    return codes


def last_watch(chain: AnyChain) -> ChainWatch | None:
    """Return the last result, None before the first check."""
    state = recall(watch_name(chain))
    if state is None:
        return None
    value, seen_at = state
    return ChainWatch(value["problems"], value["operatorBalanceWei"], value["daysOfGas"], seen_at)


def watch_name(chain: AnyChain) -> str:
    """Return the name under which the last result of a chain is stored."""
    return f"chain_watch:{chain.chain_id}"
