"""The words for every stable code: errors, guards, statuses, notifications, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portal.lib.errors import InputInvalid, PortalError
from portal.web.text.account import ACCOUNT_ERRORS
from portal.web.text.commission_terms import terms_exceed
from portal.web.text.format import moment, money, number
from portal.web.text.mint_refusals import MINT_REFUSALS
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

Params = Mapping[str, Any]
Sentence = Callable[[Params], str]

_ERRORS: dict[str, Sentence] = {
    "already_paid": lambda p: _("This order is already paid."),
    "address_invalid": lambda p: _("Enter a wallet address: 0x and 40 hex digits."),
    "already_approved_by_you": lambda p: _(
        "You have approved this reward. A second admin has to confirm it."
    ),
    "amount_invalid": lambda p: _("Enter a positive amount such as 12.50."),
    "reward_amount_zero": lambda p: _("The reward comes to less than the smallest token unit."),
    "body_malformed": lambda p: _("Send a JSON object."),
    "callback_refused": lambda p: callback_refusal(p.get("reason")),
    "callback_closed": lambda p: _("This callback was already handled."),
    "callback_unknown": lambda p: _("This callback does not exist."),
    "cart_empty": lambda p: _("Put something in the cart first."),
    "cart_too_long": lambda p: _("An order has at most %(at_most)s different products.", **p),
    "challenge_expired": lambda p: _("The message was signed too late. Start again and sign the new one."),
    "challenge_unknown": lambda p: _(
        "There is no message waiting for this wallet's signature, or it was already used. Start again."
    ),
    "chain_away": lambda p: _("The blockchain node cannot be reached. Try again in a few minutes."),
    "chain_not_configured": lambda p: _(
        "No blockchain is configured, so rewards wait. Approvals still work."
    ),
    "chain_node_refused": lambda p: _("The blockchain node refused the request. Try again in a few minutes."),
    "code_blocked": lambda p: _("An admin deactivated this code. Reason: %(reason)s", **p),
    "code_unknown": lambda p: _("This referral code is unknown or no longer active."),
    "code_malformed": lambda p: _("A referral code has 1 to 64 characters."),
    "commission_terms_exceed": terms_exceed,
    "contract_missing": lambda p: _("The rewards contract is not at the configured address."),
    "contract_wallet_unchecked": lambda p: _(
        "Contract wallets cannot be checked here: no blockchain is configured on this server."
    ),
    "credentials_wrong": lambda p: _("The e-mail or the password is wrong."),
    "credit_amount_invalid": lambda p: _(
        "Enter an amount above zero and up to %(at_most)s, with at most %(decimals)s decimals.",
        at_most=number(p["at_most"]),
        decimals=p["decimals"],
    ),
    "credit_key_invalid": lambda p: _("This form was already used. Reload the page to add credit again."),
    "credit_short": lambda p: _("Your credit does not cover this order."),
    "cron_secret_wrong": lambda p: _("The cron secret is wrong or not set on the server."),
    "csrf_invalid": lambda p: _("This page was open for too long. Reload it and try again."),
    "currency_mixed": lambda p: _("Products in different currencies need separate orders."),
    "cursor_invalid": lambda p: _("This page marker is not valid. Start from the first page."),
    "currency_unknown": lambda p: _("Choose one of these currencies: %(allowed)s.", **p),
    "custom_split_invalid": lambda p: _("Each split needs a recipient and a percent."),
    "date_invalid": lambda p: _("Enter a date such as 2026-11-21."),
    "database_away": lambda p: _(
        "The database cannot be reached. Nothing was changed; try again in a minute."
    ),
    "email_invalid": lambda p: _("Enter an e-mail address such as name@example.com."),
    "email_taken": lambda p: _("An account with this e-mail exists. Sign in instead."),
    "entered_code_malformed": lambda p: _(
        "A referral code has 8 letters and digits. Capitals matter, and 0, O, 1, l and I are never used."
    ),
    "entered_code_refused": lambda p: referral_reason(p["refusal"]),
    "first_touch_kept": lambda p: _(
        "You came here through referral code %(kept)s, and the first one counts. Another code cannot replace it.",
        **p,
    ),
    "field_invalid": lambda p: field_invalid(p),
    "filter_invalid": lambda p: _("Correct the filter first. %(reason)s", **p),
    "forbidden": lambda p: _("You may not do this."),
    "hold_days_invalid": lambda p: _("Enter a whole number of days, zero or more."),
    "filter_limit": lambda p: _(
        "%(at_most)s filters are saved already. Remove one that you no longer need.", **p
    ),
    "filter_name_invalid": lambda p: _("Give a name of up to %(at_most)s characters.", **p),
    "filter_name_taken": lambda p: _("You have a filter with this name. Choose another name."),
    "filter_unknown": lambda p: _("This filter does not exist any more."),
    "hold_reason_missing": lambda p: _("Give a reason of up to %(at_most)s characters.", **p),
    "input_invalid": lambda p: _("Some fields need your attention."),
    "internal": lambda p: _("Something went wrong on our side. It was recorded; try again."),
    "items_malformed": lambda p: _("Send items as a list of product and quantity."),
    "ledger_too_long": lambda p: _(
        "A spreadsheet holds %(at_most)s rows and there are more. Choose a shorter period or narrow the filter, or"
        " download CSV: it has no limit.",
        at_most=number(p["at_most"]),
    ),
    "tier_free": lambda p: _("This tier is free: there is nothing to pay."),
    "tier_lower": lambda p: _(
        "You have %(present)s until %(until)s. Choose %(tier)s when it ends.",
        present=p["present"],
        tier=p["tier"],
        until=moment(p["until"]),
    ),
    "tier_unknown": lambda p: _("Choose one of the membership tiers."),
    "leader_lost": lambda p: _("Another process has taken over minting. Nothing was lost."),
    "match_changed": lambda p: _(
        "The rewards matching the filter have changed: %(promised)s matched before, %(found)s match now. Look again.",
        **p,
    ),
    "method_not_allowed": lambda p: _("This address does not accept that kind of request."),
    "minimum_negative": lambda p: _("The minimum payout is zero or more."),
    "mint_job_unknown": lambda p: _("This minting job does not exist."),
    "minter_key_unusable": lambda p: _("The minter's key on the server cannot be used."),
    "name_invalid": lambda p: _("Enter a name of up to %(at_most)s characters.", **p),
    "not_refundable": lambda p: _("Nothing of this payment is left to refund."),
    "note_missing": lambda p: _("Write a note of up to %(at_most)s characters.", **p),
    "nothing_chosen": lambda p: _("Choose at least one reward first."),
    "not_found": lambda p: _("There is nothing at this address."),
    "nothing_to_mint": lambda p: _("No approved reward is left to mint."),
    "order_reference_invalid": lambda p: _("This is not an order reference."),
    "order_unknown": lambda p: _("This order does not exist or is not yours."),
    "own_reward": lambda p: _("This reward is yours: another admin has to decide about it."),
    "password_length": lambda p: _("Use a password of %(at_least)s to %(at_most)s characters.", **p),
    "password_present": lambda p: _("This account already has a password."),
    "password_wrong": lambda p: _("The current password is wrong."),
    "payment_in_progress": lambda p: _(
        "The provider is still checking your payment of this order. Wait for the result."
    ),
    "payout_frequency_unknown": lambda p: _("Choose how often to pay out."),
    "payout_batch_unknown": lambda p: _("This payout batch does not exist."),
    "payout_plan_changed": lambda p: _(
        "What is due has changed since you looked. Nothing was paid; look again."
    ),
    "payment_unknown": lambda p: _("This payment does not exist or is not yours."),
    "percent_invalid": lambda p: _(
        "Enter a percent between 0 and %(at_most)s, with a dot and at most six decimals, such as 2.5.", **p
    ),
    "product_missing": lambda p: _("This product does not exist."),
    "product_unknown": lambda p: _("Product %(product)s is not for sale.", **p),
    "provider_unknown": lambda p: _("This way of paying is not available here."),
    "provider_unclear": lambda p: _("The payment provider gave no clear answer, so nothing has changed."),
    "quantity_invalid": lambda p: _("Choose a whole quantity from 1 to %(at_most)s.", **p),
    "rail_failure_unknown": lambda p: _("This failure does not exist."),
    "rate_limited": lambda p: _("Too many requests. Wait a minute and try again."),
    "rate_missing": lambda p: _("There is no exchange rate for %(currency)s.", **p),
    "rate_changed": lambda p: _("Somebody has saved another percent meanwhile. Nothing was changed."),
    "reason_missing": lambda p: _("Give a reason of up to %(at_most)s characters.", **p),
    "reserve_short": lambda p: _("No more can be given back than is kept."),
    "refund_key_invalid": lambda p: _("This form was already used. Reload the page to start another refund."),
    "refund_too_large": lambda p: _(
        "At most %(left)s is left to refund.", left=money(p["left_minor"], p["currency"])
    ),
    **MINT_REFUSALS,
    "reward_status_conflict": lambda p: _(
        "The status of this reward is already “%(label)s”.", label=status_words("reward", p["status"])
    ),
    "reward_unknown": lambda p: _("This reward does not exist."),
    "role_required": lambda p: _("This page is for another role."),
    "settlement_status_conflict": lambda p: _(
        "The status of this settlement is “%(label)s”, so this is not possible.",
        label=status_words("settlement", p["state"]),
    ),
    "settlement_unknown": lambda p: _("This settlement does not exist."),
    "settlement_unpayable": lambda p: _("The commissions exceed this sale, so it can never be paid out."),
    "sign_in_required": lambda p: _("Sign in to continue."),
    "signature_wrong": lambda p: _(
        "This is not the wallet's signature of the message. Sign with the wallet you chose."
    ),
    "status_unknown": lambda p: _("Choose one of these statuses: %(allowed)s.", **p),
    "store_unknown": lambda p: _("This store does not exist."),
    "stock_short": lambda p: ngettext(
        "Only %(num)s of %(product)s is left.",
        "Only %(num)s of %(product)s are left.",
        p["available"],
        product=p["product"],
    ),
    "too_large": lambda p: _("The request is too large."),
    "vendor_unknown": lambda p: _("This vendor does not exist."),
    "user_unknown": lambda p: _("This account does not exist."),
    "token_price_invalid": lambda p: _("The token price is not a number above zero."),
    "price_unavailable": lambda p: _("There is no usable token price right now."),
    "reward_unsizable": lambda p: _(
        "The reward still cannot be sized. %(why)s", why=failure_text(str(p["reason"]))
    ),
    "wrong_chain": lambda p: _("The blockchain node serves another network than configured."),
    "purchase_refused": lambda p: _("The provider would refuse this purchase form."),
    "wallet_is_only_sign_in": lambda p: _(
        "This wallet is the only way into your account. Add an e-mail and a password under Security first."
    ),
    "wallet_unknown": lambda p: _("This wallet is not linked to your account."),
    "wallet_taken": lambda p: _("This wallet is linked to another account."),
    **ACCOUNT_ERRORS,
}


def error_text(error: PortalError) -> str:
    """Return an error's sentence in the reader's language."""
    sentence = _ERRORS.get(error.code, _ERRORS["internal"])
    return sentence(error.params)


def field_invalid(params: Params) -> str:
    """Return what a field of the wrong kind or size should be."""
    if params.get("kind") == "text":
        return _("Send this field as text.")
    if params.get("kind") == "long":
        return _("Send at most %(at_most)s characters.", at_most=params["at_most"])
    return _("Expected: %(expected)s.", **params)


def error_texts(error: InputInvalid) -> dict[str, str]:
    """Return the sentence of every field an InputInvalid names."""
    return {name: error_text(inner) for name, inner in error.fields.items()}


def text_of_code(code: str) -> str:
    """Return the sentence of a code that needs no parameters."""
    return _ERRORS[code]({})


def referral_reason(reason: str) -> str:
    """Return why a referral does not apply, in words for the buyer (SPEC section 2.4)."""
    return {
        "no_code": _("No referral link was followed, so nobody is credited."),
        "unknown_code": _("The referral code is unknown or no longer active, so nobody is credited."),
        "self_referral": _("This is your own referral link, so nobody is credited."),
        "wallet_overlap": _("The referrer's wallet is one of yours, so nobody is credited."),
        "not_first_purchase": _("Referrals count for a first purchase only, so nobody is credited."),
    }[reason]


def guard_text(step: Mapping[str, Any]) -> str:
    """Return one step of a stored decision trace in words."""
    if step["guard"] == "code_known":
        return _code_known_text(str(step.get("detail")), step.get("source"))
    passed, failed = {
        "not_self": (_("The referrer is someone else."), _("The referrer is the buyer.")),
        "no_wallet_overlap": (
            _("The referrer's wallet is not one of the buyer's."),
            _("The referrer's wallet is one of the buyer's."),
        ),
        "first_purchase": (
            _("This is the buyer's first purchase."),
            _("The buyer has paid an order before."),
        ),
    }[step["guard"]]
    return passed if step["passed"] else failed


def _code_known_text(detail: str, source: str | None) -> str:
    active = {
        "account": _("The code, kept with the account, is active."),
        "entered": _("The code, entered at checkout, is active."),
    }
    return {
        "active": active.get(source or "", _("The code, kept in this browser, is active.")),
        "absent": _("There is no referral code."),
        "malformed": _("The text is not a referral code."),
        "inactive": _("The code was deactivated."),
    }.get(detail, _("The code is unknown."))


def percent_source(source: str) -> str:
    """Return where a referral percent comes from, in words (SPEC section 4)."""
    return {
        "product": _("Product"),
        "merchant": _("Merchant"),
        "default": _("Platform default"),
        "env": _("Server setting"),
    }[source]


def callback_refusal(reason: str | None) -> str:
    """Return why a payment callback was refused or left unmatched, in words."""
    return {
        "malformed": _("The message could not be read."),
        "bad_signature": _("The signature is wrong."),
        "wrong_merchant": _("The message is for another merchant."),
        "wrong_amount": _("The amount differs from the order."),
        "wrong_currency": _("The currency differs from the order."),
        "unknown_reference": _("No payment has this reference."),
        "unknown_status": _("The provider sent an unknown status."),
        "paid_by_other_means": _("The reference was paid in another way."),
        "order_paid_already": _(
            "The order was paid by another attempt already: this money came twice. Refund it at the provider."
        ),
        "refund": _("A refund was reported before the portal could handle refunds. Handle it by hand."),
        "refund_exceeds": _("The refund is larger than what is left of the payment."),
        "refund_waits": _("The refund came before its payment and waits for it."),
    }.get(reason or "", reason or "")


def chain_alert(kind: str) -> str:
    """Return a difference between the chain and the ledger in words, with what to do about it."""
    return {
        "paid_unknown": _(
            "The contract paid a reference this portal does not know. Check who else can pay from it."
        ),
        "paid_differently": _(
            "The contract paid another wallet or amount than the reward says. Compare both."
        ),
        "paid_unapproved": _("The contract paid a reward that is not approved here. Do not pay it again."),
        "payment_event_missing": _("The contract shows a payment whose event is missing. Check the node."),
    }.get(kind, kind)


def refusal_counts(code: str, count: int, deciders: str = "") -> str:
    """Return how many of many rewards were not decided, and why."""
    if code == "own_reward":
        return ngettext("%(num)s reward is your own.", "%(num)s rewards are your own.", count)
    if code == "already_approved_by_you":
        return ngettext(
            "%(num)s reward has your approval and waits for a second admin.",
            "%(num)s rewards have your approval and wait for a second admin.",
            count,
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


def mint_waiting(code: str) -> str:
    """Return why minting waits, in words for an admin (docs/on-chain.md lists the codes)."""
    return {
        "reward_cap": _("A reward is above the contract's cap. Raise the cap or reject the reward."),
        "daily_cap": _("The contract's daily cap is reached. Minting continues after midnight UTC."),
        "other_chain": _("The approved rewards belong to another network than the configured one."),
        "not_configured": _("No blockchain is configured: approved rewards wait until one is."),
        "no_key": _("This server holds no minter key."),
        "low_gas": _("The minter’s account has gas for less than three days. Top it up."),
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
        "token_cap": _("The token's own supply cap is reached."),
        "other_leader": _("Another process is minting right now."),
        "finality_stalled": _("The network is not finalising blocks. Minting continues by itself."),
        "chain_away": _("The blockchain node cannot be reached. Minting continues when it answers."),
        "wrong_chain": _("The blockchain node serves another network than configured."),
        "chain_node_refused": _("The blockchain node refused a request. The next round tries again."),
        "leader_lost": _("Another process has taken over minting."),
    }.get(code, code)


def failure_text(reason: str | None, params: Params | None = None) -> str:
    """Return why a reward failed or was refused: a known code in words, else the text as it was written."""
    if reason == "refunded":
        return _("The order was refunded.")
    if reason in _ERRORS:
        return _ERRORS[reason](params or {"currency": "?", "at_most": "", "expected": ""})
    return reason or ""


def notification_text(kind: str, params: Params) -> str:
    """Return a notification in words; params are those of its kind."""
    sentences = {
        "credit_added": _("Your account was given %(amount)s of credit. Reason: %(reason)s"),
        "referral_reward_minted": _("Your referral reward of %(amount)s was sent to your wallet."),
        "referral_reward_approved": _(
            "Your referral reward of %(amount)s was approved and will be sent soon."
        ),
        "referral_reward_rejected": _("Your referral reward was refused. Reason: %(reason)s"),
        "referral_reward_reduced": _(
            "Your referral reward was reduced by %(amount)s: part of the order was refunded."
        ),
        "referral_reward_debited": _(
            "An order you were rewarded for was refunded: %(amount)s will be kept back of your next rewards."
        ),
        "security_password_changed": _("The password of your account was changed."),
        "security_second_factor_on": _("The second factor of your account was turned on."),
        "security_second_factor_off": _("The second factor of your account was turned off."),
        "security_recovery_code_used": _("A recovery code was used to enter your account."),
        "security_recovery_codes_renewed": _("The recovery codes of your account were replaced."),
        "security_wallet_linked": _("The wallet %(address)s was linked to your account."),
        "security_wallet_unlinked": _("The wallet %(address)s was unlinked from your account."),
    }
    # History brought over from another deployment may hold kinds of its own.
    told = {**params, "reason": failure_text(params.get("reason"))}
    return sentences[kind] % told if kind in sentences else kind
