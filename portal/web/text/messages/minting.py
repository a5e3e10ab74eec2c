"""Minting in words: why it waits, differences from the chain, and what a bulk decision skipped."""

from __future__ import annotations

from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext


def mint_waiting(code: str) -> str:
    """Return why minting waits, in words for an admin (docs/on-chain.md lists the codes)."""
    return {
        "reward_cap": _("A reward is above the contract's cap. Raise the cap or reject the reward."),
        "daily_cap": _("The contract's daily cap is reached. Minting continues after midnight UTC."),
        "other_chain": _("The approved rewards belong to another network than the configured one."),
        "not_configured": _("No blockchain is configured: approved rewards wait until one is."),
        "no_key": _("This server holds no minter key."),
        "low_gas": _("The minter’s account has less than three days of gas. Top it up."),
        "mode_differs": _("The contract pays in another mode than REFERRAL_REWARD_MODE says."),
        "token_differs": _("The contract pays another token than REFERRAL_REWARD_TOKEN_ADDRESS says."),
        "decimals_differ": _("The reward token does not have 18 decimals, so amounts would be wrong."),
        "no_gas": _("The minter's account cannot pay for gas. Top it up."),
        "fee_ceiling": _("Network fees are above the configured ceiling. Minting continues when they fall."),
        "contract_refuses": _(
            "The contract refuses the payment. Run the chain status command on the server."
        ),
        "contract_missing": _("The rewards contract is not at the configured address."),
        "paused": _("The rewards contract is paused."),
        "role_missing": _("The minter's account lost its role in the contract."),
        "treasury_empty": _(
            "The contract's token balance does not cover the next reward. Fund the contract."
        ),
        "minter_missing": _("The token does not let the contract mint. Run the grant command on the server."),
        "token_missing": _("There is no token at the address set in the contract."),
        "token_mints_otherwise": _(
            "The token does not mint the exact amount requested. Check it before minting anything."
        ),
        "gas_ceiling": _("A payment needs more gas than allowed. Check the token, or raise the ceiling."),
        "token_cap": _("The token's own supply cap is reached."),
        "other_leader": _("Another process is minting right now."),
        "finality_stalled": _("The network is not finalising blocks. Minting continues by itself."),
        "chain_away": _("The blockchain node cannot be reached. Minting continues when it answers."),
        "wrong_chain": _("The blockchain node serves another network than configured."),
        "chain_node_refused": _("The blockchain node refused a request. The next round tries again."),
        "leader_lost": _("Another process has taken over minting."),
    }.get(code, code)


def chain_alert(kind: str) -> str:
    """Return a difference between the chain and the reward ledger in words, with what to do."""
    return {
        "paid_unknown": _(
            "The contract paid a reference this portal does not know. Check who else can pay from it."
        ),
        "paid_differently": _(
            "The contract paid another wallet or amount than the reward says. Compare both."
        ),
        "not_delivered": _(
            "The contract recorded a payment, but no tokens were transferred. Check the token before minting more."
        ),
        "payout_unknown": _(
            "The payout contract paid a reference this portal does not know. Review it under “Unknown payments”."
        ),
        "payout_paid_differently": _(
            "The payout contract paid another wallet or amount than the payout says. Compare both."
        ),
        "payout_reference_used": _(
            "A payout has the reference of a payment that was adopted before. Compare both."
        ),
        "paid_unapproved": _("The contract paid a reward that is not approved here. Do not pay it again."),
        "store_webhook_silent": _(
            "A connected store no longer sends webhooks but still receives orders. The portal is fetching these"
            " orders itself. Check whether webhooks are switched off in the store."
        ),
        "store_referrer_own_purchase": _(
            "A decision was made on a reward before its referrer connected an account. That account belongs to"
            " the buyer or to the admin who approved the reward. The reward has no wallet. Review and reject it."
        ),
        "payment_event_missing": _("The contract shows a payment whose event is missing. Check the node."),
    }.get(kind, kind)


def refusal_counts(code: str, count: int, deciders: str = "") -> str:
    """Return how many rewards of a bulk decision were skipped, and why."""
    if code == "own_reward":
        return ngettext("%(num)s reward is your own.", "%(num)s rewards are your own.", count)
    if code == "already_approved_by_you":
        return ngettext(
            "%(num)s reward has your approval and waits for a second admin.",
            "%(num)s rewards have your approval and wait for a second admin.",
            count,
        )
    if code == "reward_reference_used":
        return ngettext(
            "%(num)s reward was not paid as owed. Use “Pay what is missing”.",
            "%(num)s rewards were not paid as owed. Use “Pay what is missing”.",
            count,
        )
    if code == "budget_exhausted":
        return ngettext(
            "%(num)s reward would exceed a budget.", "%(num)s rewards would exceed a budget.", count
        )
    if code == "reward_unsizable":
        return ngettext(
            "%(num)s reward still cannot be calculated.", "%(num)s rewards still cannot be calculated.", count
        )
    if code == "reward_unknown":
        return ngettext("%(num)s reward does not exist.", "%(num)s rewards do not exist.", count)
    if deciders:
        return ngettext(
            "%(num)s reward was already decided by %(names)s.",
            "%(num)s rewards were already decided by %(names)s.",
            count,
            names=deciders,
        )
    return ngettext("%(num)s reward was already decided.", "%(num)s rewards were already decided.", count)
