"""Check what payouts depend on: the contract's tokens, mode and pause, the operator's gas and role."""

from __future__ import annotations

from portal.chain.state import remember
from portal.chain.treasury_status import read_treasury_status
from portal.logs import get_logger
from portal.settings import Settings

TREASURY_WATCH = "treasury_watch"
log = get_logger(__name__)


def watch_treasury(settings: Settings) -> list[str]:
    """Read the status of the payout contract, store it, log a change, and return the codes of its problems."""
    if settings.settlement_payout_mode != "onchain":
        return []
    status = read_treasury_status(settings)
    codes = [problem.code for problem in status.problems]
    facts = status.facts
    is_changed = remember(
        TREASURY_WATCH,
        {
            "code": ",".join(codes) or None,
            "problems": codes,
            "treasuryUnits": None if facts is None else str(facts.treasury),
            "operatorBalanceWei": None if facts is None else str(facts.operator_balance),
            "daysOfGas": status.days_of_gas,
        },
    )
    if codes and is_changed:
        log.warning(
            "payouts need attention", problems=codes, details=[problem.what for problem in status.problems]
        )
    return codes
