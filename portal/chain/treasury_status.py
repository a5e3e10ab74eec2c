"""The status of the payout contract and its operator, with problems and how to fix them."""

from __future__ import annotations

from dataclasses import replace

from portal.chain.client import NotConfigured
from portal.chain.contract.rewards import MODE_TRANSFER
from portal.chain.status import ChainStatus, Problem, read_status
from portal.chain.treasury import open_treasury
from portal.settings import Settings

# What the rewards contract and its settings are called here.
_WORDS = {
    "REFERRAL_REWARDS_ADDRESS": "SETTLEMENT_PAYOUT_CONTRACT_ADDRESS",
    "REFERRAL_REWARD_TOKEN_ADDRESS": "SETTLEMENT_PAYOUT_TOKEN_ADDRESS",
    "REFERRAL_REWARD_MODE says 1": "payouts need mode 1",
    "`chain deploy`": "`chain deploy --payouts`",
    "Send reward tokens to": "Run `chain fund AMOUNT`, which sends payout tokens to",
    "The minter's": "The payout operator's",
}
_FIX_KEY = "Run the command with the settings of the processes that pay; they need this key."


def read_treasury_status(settings: Settings) -> ChainStatus:
    """Read node, payout contract, token and operator; what cannot be read becomes a problem, not an error."""
    treasury = open_treasury(settings)
    reason = "SETTLEMENT_PAYOUT_CONTRACT_ADDRESS is not set"
    if isinstance(treasury, NotConfigured) or treasury.contract is None:
        what = treasury.reason if isinstance(treasury, NotConfigured) else reason
        fix = _FIX_KEY if "PRIVATE_KEY" in what else "Set it; `chain deploy --payouts` makes the contract."
        return ChainStatus(
            settings.referral_chain_id, False, problems=[Problem("not_configured", f"{what}.", fix)]
        )
    expected = {
        "referral_reward_token_address": treasury.token.address,
        "referral_reward_mode": MODE_TRANSFER,
    }
    status = read_status(treasury.chain, settings.model_copy(update=expected))
    # A payout is converted with the decimals that its token has.
    problems = [_renamed(problem) for problem in status.problems if problem.code != "decimals_differ"]
    return replace(status, problems=problems)


def _renamed(problem: Problem) -> Problem:
    what, fix = problem.what, problem.fix
    for old, new in _WORDS.items():
        what, fix = what.replace(old, new), fix.replace(old, new)
    return Problem(problem.code, what, fix)
