"""Errors of rewards, minting and the chain."""

from __future__ import annotations

from portal.web.text.messages.answer import Answer, ErrorTable
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _

REWARDS_ERRORS: ErrorTable = {
    "already_approved_by_you": Answer(
        409, lambda p: _("You have already approved this reward. A second admin must confirm it.")
    ),
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
    "price_unavailable": Answer(422, lambda p: _("There is no usable token price right now.")),
    "reward_amount_missing": Answer(409, lambda p: _("This reward has no amount to mint.")),
    "reward_amount_zero": Answer(422, lambda p: _("The reward is less than the smallest token unit.")),
    "reward_not_mintable": Answer(409, lambda p: _("This reward cannot be minted now.")),
    "reward_on_hold": Answer(
        409, lambda p: _("This reward cannot be minted before its hold period is over.")
    ),
    "reward_on_other_chain": Answer(409, lambda p: _("This reward belongs to another network.")),
    "reward_refund_due": Answer(409, lambda p: _("A refund has to be subtracted from this reward first.")),
    "reward_status_conflict": Answer(
        409,
        lambda p: _(
            "The status of this reward is already “%(label)s”.", label=status_words("reward", p["status"])
        ),
    ),
    "reward_unknown": Answer(404, lambda p: _("This reward does not exist.")),
    "reward_wallet_missing": Answer(409, lambda p: _("This reward has no wallet to mint to.")),
    "token_price_invalid": Answer(422, lambda p: _("The token price is not a number above zero.")),
    "wrong_chain": Answer(503, lambda p: _("The blockchain node serves another network than configured.")),
}
