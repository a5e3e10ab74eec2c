"""Notifications in words."""

from __future__ import annotations

from portal.web.text.alerts import ALERT_KINDS, alert_notice
from portal.web.text.messages.answer import Params
from portal.web.text.messages.errors import failure_text
from portal.web.text.translate import gettext as _


def notification_text(kind: str, params: Params) -> str:
    """Return a notification in words; params are those of its kind."""
    if kind in ALERT_KINDS:
        return alert_notice(kind, params)
    sentences = {
        "credit_added": _("%(amount)s of credit was added to your account. Reason: %(reason)s"),
        "erasure_requested": _(
            "Account %(account)s is to be erased. Confirm it on the person’s page under “People”."
        ),
        "order_back_ordered": _(
            "Back-order: order %(reference)s was paid, but %(product)s was no longer in stock."
            " Units missing: %(missing)s."
        ),
        "commission_statement_opened": _(
            "Commission statement %(statementId)s of %(vendor)s is open: %(amount)s. See “Statements”."
        ),
        "proposal_credit": _("Credit waits for a second admin. Confirm or decline it under “Second admin”."),
        "proposal_refund": _(
            "A refund of %(reference)s waits for a second admin. Confirm or decline it under “Second admin”."
        ),
        "proposal_payout_wallet": _(
            "A new payout wallet of a vendor waits for a second admin. Confirm or decline it under “Second admin”."
        ),
        "referral_reward_minted": _("Your referral reward of %(amount)s was sent to your wallet."),
        "referral_reward_approved": _(
            "Your referral reward of %(amount)s was approved and will be sent soon."
        ),
        "referral_reward_rejected": _("Your referral reward was rejected. Reason: %(reason)s"),
        "referral_reward_reduced": _(
            "Your referral reward was reduced by %(amount)s: part of the order was refunded."
        ),
        "referral_reward_debited": _(
            "An order you were rewarded for was refunded. %(amount)s will be deducted from your next rewards."
        ),
        **_export_sentences(),
        **_joining_sentences(),
        **_webhook_sentences(),
        **_security_sentences(),
    }
    # Imported history may contain other kinds.
    values = {**params, "reason": failure_text(params.get("reason"))}
    return sentences[kind] % values if kind in sentences else kind


def _export_sentences() -> dict[str, str]:
    return {
        "export_ready": _("The file %(file)s is ready. It is kept for a day."),
        "export_failed": _("The file %(file)s could not be prepared. “Your files” says why."),
    }


def _joining_sentences() -> dict[str, str]:
    return {
        "application_made": _(
            "Account %(account)s wants to become a referrer. Decide on it under “Programme”, “Applications”."
        ),
        "application_approved": _("You are a referrer now. Your share links are under “Referrals”."),
        "application_rejected": _("Your application as a referrer was rejected. Reason: %(reason)s"),
    }


def _webhook_sentences() -> dict[str, str]:
    return {
        "webhook_disabled_failing": _(
            "Webhooks of %(store)s to %(host)s are switched off: every attempt failed for five days."
        ),
        "webhook_disabled_gone": _("Webhooks of %(store)s to %(host)s are switched off: it answered 410."),
    }


def _security_sentences() -> dict[str, str]:
    return {
        "security_admin_appointed": _("Account %(account)s was given the admin role."),
        "security_password_changed": _("The password of your account was changed."),
        "security_second_factor_on": _("Two-factor authentication was turned on for your account."),
        "security_second_factor_off": _("Two-factor authentication was turned off for your account."),
        "security_recovery_code_used": _("A recovery code of your account was used."),
        "security_recovery_codes_renewed": _("The recovery codes of your account were replaced."),
        "security_wallet_linked": _("The wallet %(address)s was linked to your account."),
        "security_wallet_unlinked": _("The wallet %(address)s was unlinked from your account."),
    }
