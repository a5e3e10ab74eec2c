"""Errors of rewards, minting and the chain."""

from __future__ import annotations

from portal.web.text.format import usd
from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _


def _budget_exhausted(params: Params) -> str:
    amounts = {"used": usd(params["used"]), "limit": usd(params["limit"])}
    if params["budget"] == "month":
        return _(
            "This reward would exceed the budget of this month: %(used)s of %(limit)s are used. Raise the budget in the"
            " programme, or decide next month.",
            **amounts,
        )
    return _(
        "This reward would exceed the budget of its campaign: %(used)s of %(limit)s are used. Raise the budget of the"
        " campaign in the programme.",
        **amounts,
    )


REWARDS_ERRORS: ErrorTable = {
    "already_approved_by_you": Answer(
        409, lambda p: _("You have already approved this reward. A second admin must confirm it.")
    ),
    "budget_exhausted": Answer(409, _budget_exhausted),
    "chain_away": Answer(
        503, lambda p: _("The blockchain node cannot be reached. Try again in a few minutes.")
    ),
    "chain_node_refused": Answer(
        503, lambda p: _("The blockchain node refused the request. Try again in a few minutes.")
    ),
    "chain_not_configured": Answer(
        503, lambda p: _("No blockchain is configured, so rewards wait. Approvals still work.")
    ),
    "contract_missing": Answer(503, lambda p: _("The rewards contract is not at the configured address.")),
    "leader_lost": Answer(503, lambda p: _("Another process has taken over minting. Nothing was lost.")),
    "match_changed": Answer(
        409,
        lambda p: _(
            "The rewards that match this filter have changed: there were %(promised)s, now there are %(found)s."
            " Check the list again.",
            **p,
        ),
    ),
    "mint_job_unknown": Answer(404, lambda p: _("This minting job does not exist.")),
    "minter_key_unusable": Answer(422, lambda p: _("The minter's key on the server cannot be used.")),
    "nothing_chosen": Answer(422, lambda p: _("Select at least one reward.")),
    "nothing_to_mint": Answer(409, lambda p: _("No approved reward is left to mint.")),
    "own_reward": Answer(403, lambda p: _("This reward is yours, so another admin must decide.")),
    "payment_hash_malformed": Answer(
        404,
        lambda p: _(
            "The hash of a payment is 64 hexadecimal digits (0–9, a–f), with or without 0x. Check that it is complete."
        ),
    ),
    "payments_not_on_chain": Answer(
        404,
        lambda p: _("This portal is not connected to a blockchain yet, so there are no payments to check."),
    ),
    "price_unavailable": Answer(422, lambda p: _("There is no usable token price right now.")),
    "reward_amount_missing": Answer(409, lambda p: _("This reward has no amount to mint.")),
    "reward_amount_zero": Answer(422, lambda p: _("The reward is less than the smallest token unit.")),
    "reward_not_mintable": Answer(409, lambda p: _("This reward cannot be minted now.")),
    "reward_not_paid": Answer(
        404, lambda p: _("This reward is not paid on the chain yet, so there is nothing to check.")
    ),
    "reward_nothing_missing": Answer(
        409, lambda p: _("Nothing is missing: the referrer's wallet has the whole reward.")
    ),
    "reward_on_hold": Answer(
        409, lambda p: _("This reward cannot be minted before its hold period is over.")
    ),
    "reward_waits_for_statement": Answer(
        409,
        lambda p: _("This reward cannot be minted before the vendor has paid the commission of the order."),
    ),
    "reward_on_other_chain": Answer(409, lambda p: _("This reward belongs to another network.")),
    "reward_reference_used": Answer(
        409,
        lambda p: _(
            "The contract has paid this order reference, but not as owed. Use “Pay what is missing”."
        ),
    ),
    "reward_refund_due": Answer(409, lambda p: _("A refund has to be subtracted from this reward first.")),
    "reward_status_conflict": Answer(
        409,
        lambda p: _(
            "The status of this reward is already “%(label)s”.", label=status_words("reward", p["status"])
        ),
    ),
    "reward_unknown": Answer(404, lambda p: _("This reward does not exist.")),
    "reward_wallet_missing": Answer(409, lambda p: _("This reward has no wallet to mint to.")),
    "reward_too_large": Answer(
        422, lambda p: _("The reward is implausibly large. Check the token price and the exchange rate.")
    ),
    "token_price_invalid": Answer(422, lambda p: _("The token price is not a number above zero.")),
    "wrong_chain": Answer(503, lambda p: _("The blockchain node serves another network than configured.")),
}
