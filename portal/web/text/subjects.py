"""The subjects of letters that copy a notification: what happened, and to which amount, order or file."""

from __future__ import annotations

from portal.web.text.alerts import ALERT_KINDS, alert_subject
from portal.web.text.messages.answer import Params
from portal.web.text.translate import gettext as _


def notice_subject(kind: str, params: Params) -> str:
    """Return the subject of a notification with a topic; `params` has its amount in words, "" without one."""
    if kind in ALERT_KINDS:
        return alert_subject(kind, params)
    # A reward without a size is known by its order.
    values = {**params, "what": params["amount"] or params.get("orderReference", "")}
    return (_reward_subjects() | _operator_subjects() | _own_subjects())[kind] % values


def _reward_subjects() -> dict[str, str]:
    return {
        "referral_reward_minted": _("Your reward was sent: %(what)s"),
        "referral_reward_approved": _("Your reward was approved: %(what)s"),
        "referral_reward_rejected": _("Your reward was rejected: %(what)s"),
        "referral_reward_reduced": _("Your reward was reduced after a refund: −%(what)s"),
        "referral_reward_debited": _("To be deducted from your next rewards after a refund: %(what)s"),
    }


def _operator_subjects() -> dict[str, str]:
    return {
        "order_back_ordered": _("A paid order is out of stock: %(reference)s"),
        "proposal_credit": _("Credit waits for a second admin"),
        "proposal_refund": _("A refund waits for a second admin: %(reference)s"),
        "proposal_payout_wallet": _("A payout wallet waits for a second admin"),
        "application_made": _("Account %(account)s wants to become a referrer"),
        "erasure_requested": _("Account %(account)s is to be erased"),
        "webhook_disabled_failing": _("Webhooks of %(store)s are switched off"),
        "webhook_disabled_gone": _("Webhooks of %(store)s are switched off"),
    }


def _own_subjects() -> dict[str, str]:
    return {
        "commission_statement_opened": _("Your commission statement: %(amount)s"),
        "application_approved": _("You are a referrer now"),
        "application_rejected": _("Your application as a referrer was rejected"),
        "export_ready": _("Your file is ready: %(file)s"),
        "export_failed": _("Your file could not be prepared: %(file)s"),
    }
