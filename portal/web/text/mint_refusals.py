"""Sentences for the reasons why a reward may not be minted now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portal.web.text.translate import gettext as _

MINT_REFUSALS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "reward_amount_missing": lambda p: _("This reward has no amount to mint."),
    "reward_not_mintable": lambda p: _("This reward cannot be minted now."),
    "reward_on_hold": lambda p: _("This reward cannot be minted before its hold period is over."),
    "reward_on_other_chain": lambda p: _("This reward belongs to another network."),
    "reward_refund_due": lambda p: _("A refund has to be subtracted from this reward first."),
    "reward_wallet_missing": lambda p: _("This reward has no wallet to mint to."),
}
