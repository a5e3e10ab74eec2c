"""The event log in words: events, what they are about, and who made them."""

from __future__ import annotations

from portal.web.text.jobs import job_words
from portal.web.text.methods import method_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import per_language

# What the filter of the page offers, in this order.
ENTITIES = (
    "user",
    "unknown_account",
    "vendor",
    "refcode",
    "order",
    "payment",
    "refund",
    "callback",
    "credit",
    "settlement",
    "assist",
    "payout_batch",
    "payout",
    "reserve",
    "product",
    "platform",
    "reward",
    "programme",
    "terms",
    "application",
    "campaign",
    "referrer_bonus",
    "mint_job",
    "chain_alert",
    "operator_alert",
    "foreign_payment",
    "rail",
    "proposal",
    "commission_statement",
    "order_fulfilment",
    "product_import",
    "export",
    "store",
    "webhook_endpoint",
    "webhook_delivery",
    "letter",
    "settings",
)


def event_words(event: str) -> str:
    """Return an event in words; one without a text is its code with spaces."""
    return _texts().get(event) or _code_words(event)


def event_options(chosen: str = "") -> list[tuple[str, str]]:
    """Return the events as options of a filter; one that was chosen by its code stays among them."""
    texts = _texts()
    other = [(chosen, _code_words(chosen))] if chosen and chosen not in texts else []
    return [("", _("All")), *other, *texts.items()]


def entity_words(entity: str) -> str:
    """Return what an event is about in words."""
    return _entities().get(entity) or _code_words(entity)


@per_language
def _entities() -> dict[str, str]:
    return {
        "user": _("Account"),
        "unknown_account": _("Unknown account"),
        "vendor": _("Vendor"),
        "settings": _("Settings"),
        "refcode": _("Code"),
        "order": _("Order"),
        "payment": _("Payment"),
        "refund": _("Refund"),
        "callback": _("Callback"),
        "credit": _("Credit"),
        "settlement": _("Settlement"),
        "assist": _("Sales assist"),
        "payout_batch": _("Payout batch"),
        "payout": _("Payout"),
        "reserve": _("Reserve"),
        "product": _("Product"),
        "platform": _("Platform"),
        "reward": _("Reward"),
        "programme": _("Programme"),
        "terms": _("Programme terms"),
        "application": _("Referrer application"),
        "campaign": _("Campaign"),
        "referrer_bonus": _("Referrer bonus"),
        "mint_job": _("Minting job"),
        "chain_alert": _("Alert"),
        "operator_alert": _("Portal alert"),
        "foreign_payment": _("Unknown payment"),
        "rail": _("Missing ledger entry"),
        "proposal": _("Proposal"),
        "store": _("Store"),
        "webhook_endpoint": _("Webhook endpoint"),
        "webhook_delivery": _("Webhook delivery"),
        "letter": _("E-mail"),
        "commission_statement": _("Commission statement"),
        "order_fulfilment": _("Delivery"),
        "export": _("File of a ledger"),
        "product_import": _("Import of products"),
    }


def actor_words(actor: str) -> str:
    """Return the author of an event in words, for one that is no person with a name."""
    kind, _colon, name = actor.partition(":")
    if kind == "user":
        return _("Account %(name)s", name=name)
    if kind == "job":
        return _("Job “%(name)s”", name=job_words(name))
    if kind == "command":
        return _("Command %(name)s", name=name)
    if kind == "provider":
        return _("Payment provider: %(name)s", name=method_words(name))
    if kind == "store":
        return _("Store %(name)s", name=name)
    if kind == "programme":
        return _("Programme, version %(name)s", name=name)
    return _("The portal") if kind == "system" else actor


def _code_words(code: str) -> str:
    return code.replace("_", " ").capitalize()


@per_language
def _texts() -> dict[str, str]:
    parts = (
        _account_texts, _export_texts, _sale_texts, _settlement_texts, _reward_texts, _programme_texts, _settings_texts,
        _store_texts, _product_texts,
    )  # fmt: skip
    return {event: words for part in parts for event, words in part().items()}


def _export_texts() -> dict[str, str]:
    return {
        "export_requested": _("Ledger file requested"),
        "export_ready": _("Ledger file ready"),
        "export_failed": _("Ledger file failed"),
        "export_downloaded": _("Ledger file downloaded"),
        "export_deleted": _("Ledger file deleted"),
    }


def _account_texts() -> dict[str, str]:
    return {
        "user_created": _("Account created"),
        "account_disabled": _("Account disabled"),
        "data_exported": _("Personal data downloaded"),
        "erasure_requested": _("Erasure requested"),
        "erasure_withdrawn": _("Erasure request withdrawn"),
        "account_erased": _("Account erased"),
        "account_enabled": _("Account enabled"),
        "role_changed": _("Role changed"),
        "signed_in": _("Signed in"),
        "sign_in_failed": _("Sign-in failed"),
        "sign_in_refused": _("Sign-in refused: too many attempts"),
        "access_refused": _("Tried to open a page for another role"),
        "session_ended": _("Session ended"),
        "sessions_ended": _("Sessions ended"),
        "password_added": _("Password added"),
        "password_changed": _("Password changed"),
        "email_confirmed": _("E-mail confirmed"),
        "email_changed": _("E-mail changed"),
        "second_factor_enabled": _("Two-factor authentication turned on"),
        "second_factor_disabled": _("Two-factor authentication turned off"),
        "recovery_codes_renewed": _("Recovery codes replaced"),
        "wallet_linked": _("Wallet linked"),
        "wallet_unlinked": _("Wallet unlinked"),
        "alias_set": _("Code alias set"),
        "alias_retired": _("Code alias ended"),
        "label_removed": _("Link label removed"),
        "code_issued": _("Code issued"),
        "code_activated": _("Code activated"),
        "code_deactivated": _("Code deactivated"),
        "credit_added": _("Credit added"),
        "credit_given_up": _("Credit given up"),
        "code_imported": _("Code imported"),
        "code_moved": _("Code moved to another account"),
        "code_wallet_set": _("Wallet chosen for a code"),
        "membership_granted": _("Membership granted"),
        "mail_topics_chosen": _("E-mail topics chosen"),
        "mail_topic_declined": _("E-mail topic declined"),
    }


def _sale_texts() -> dict[str, str]:
    return {
        "vendor_created": _("Vendor created"),
        "vendor_changed": _("Vendor changed"),
        "vendor_activated": _("Vendor on sale again"),
        "vendor_deactivated": _("Vendor off sale"),
        "merchant_terms_saved": _("Vendor terms saved"),
        "referral_percent_saved": _("Referral percent saved"),
        "order_created": _("Order placed"),
        "order_paid": _("Order paid"),
        "order_cancelled": _("Order cancelled"),
        "order_expired": _("Order expired"),
        "order_refunded": _("Order refunded"),
        "order_back_ordered": _("Order paid without stock"),
        "attribution_withdrawn": _("Referral withdrawn"),
        "payment_opened": _("Payment opened"),
        "payment_redirected": _("Buyer sent to the payment page"),
        "payment_pending": _("Payment pending"),
        "payment_superseded": _("Payment replaced by another attempt"),
        "payment_paid": _("Payment received"),
        "payment_failed": _("Payment failed"),
        "payment_expired": _("Payment expired"),
        "payment_refunded": _("Payment refunded"),
        "payment_partly_refunded": _("Payment refunded in part"),
        "refund_recorded": _("Refund recorded"),
        "refund_applied": _("Refund applied"),
        "refund_refused": _("Refund refused"),
        "order_reference_changed": _("Order number of the payment changed"),
        "order_delivered": _("Order delivered"),
        "delivery_cancelled": _("Lines cancelled by the vendor"),
        "delivery_reopened": _("Lines reopened by the vendor"),
        "cancellation_closed": _("Cancellation closed"),
        "cancellation_declined": _("Cancellation declined"),
        "refund_held": _("Refund waits for an admin"),
        "callback_retried": _("Callback processed again"),
        "callback_closed": _("Callback closed"),
        "rail_retried": _("Ledger entry retried"),
    }


def _settlement_texts() -> dict[str, str]:
    return {
        "settlement_written": _("Settlement recorded"),
        "settlement_processing": _("Settlement in a payout"),
        "settlement_retried": _("Settlement to be paid again"),
        "settlement_held": _("Settlement held"),
        "settlement_released": _("Settlement released"),
        "settlement_paid": _("Settlement paid out"),
        "settlement_failed": _("Settlement failed"),
        "settlement_reduced": _("Settlement reduced"),
        "settlement_cancelled": _("Settlement cancelled"),
        "payout_batch_created": _("Payout batch created"),
        "payout_batch_started": _("Payout batch started"),
        "payout_batch_finished": _("Payout batch finished"),
        "payout_created": _("Payout created"),
        "payout_completed": _("Payout completed"),
        "payout_failed": _("Payout failed"),
        "reserve_released": _("Reserve released"),
        "settlement_taken_back": _("Settlement taken back after a refund"),
        "settlement_closed": _("Settlement closed without a commission"),
        "settlement_freed": _("Settlement left its statement"),
        "settlement_reopened": _("Settlement reopened"),
        "settlement_referral_withdrawn": _("Referral commission withdrawn"),
        "payout_reopened": _("Payout reopened"),
        "payout_batch_reopened": _("Payout batch reopened"),
        "payout_hash_corrected": _("Payout transaction corrected"),
        "foreign_payment_adopted": _("Unknown payment adopted"),
        "statement_opened": _("Commission statement opened"),
        "statement_paid": _("Commission statement paid"),
        "statement_voided": _("Commission statement voided"),
    }


def _reward_texts() -> dict[str, str]:
    return {
        "reward_recorded": _("Reward recorded"),
        "reward_approved": _("Reward approved"),
        "reward_first_approved": _("Reward approved by the first admin"),
        "reward_rejected": _("Reward rejected"),
        "reward_rule_declined": _("Reward left to an admin by the approval rules"),
        "reward_waits_for_budget": _("Reward waiting for a budget"),
        "reward_minting": _("Reward being sent"),
        "reward_minted": _("Reward minted"),
        "reward_mint_failed": _("Reward not sent"),
        "reward_retried": _("Reward approved again"),
        "reward_reduced": _("Reward reduced"),
        "mint_requested": _("Minting requested"),
        "mint_stop_requested": _("Minting stopped"),
        "proposal_made": _("Change proposed"),
        "proposal_confirmed": _("Proposal confirmed"),
        "proposal_declined": _("Proposal declined"),
        "proposal_expired": _("Proposal expired"),
        "chain_alert_resolved": _("Alert closed"),
        "operator_alert_opened": _("Portal alert opened"),
        "operator_alert_closed": _("Portal alert resolved"),
        "reward_withdrawn": _("Reward withdrawn"),
        "reward_commission_paid": _("Commission paid for the reward’s order"),
        "reward_proven_paid": _("Reward found paid on the chain"),
        "reward_mint_undone": _("Reward returned: not paid on the chain"),
        "reward_reopened": _("Reward being sent again after a reorganisation"),
        "reward_refund_due": _("Reward refund postponed"),
        "reward_moved": _("Reward moved to another account"),
        "reward_wallet_set": _("Wallet chosen for a reward"),
        "reward_debited": _("Reward owed back"),
        "reward_netted": _("Debt deducted from a reward"),
        "netting_released": _("Deduction from a reward undone"),
        "reward_imported": _("Reward imported"),
        "settlement_imported": _("Settlement imported"),
        "assist_imported": _("Referred sale imported"),
        "letter_requeued": _("E-mail queued again"),
    }


def _programme_texts() -> dict[str, str]:
    return {
        "programme_version_saved": _("Programme version saved"),
        "programme_version_resumed": _("Earlier programme version resumed"),
        "programme_version_withdrawn": _("Programme version withdrawn"),
        "terms_saved": _("Programme terms saved"),
        "terms_ended": _("Programme terms withdrawn"),
        "terms_acceptance_withdrawn": _("Acceptance of the programme terms withdrawn"),
        "terms_accepted": _("Programme terms accepted"),
        "application_made": _("Referrer application submitted"),
        "application_approved": _("Referrer application approved"),
        "application_rejected": _("Referrer application rejected"),
        "campaign_added": _("Campaign added"),
        "campaign_budget_changed": _("Campaign budget changed"),
        "campaign_stopped": _("Campaign ended"),
        "referrer_bonus_added": _("Referrer bonus added"),
        "referrer_bonus_ended": _("Referrer bonus ended"),
    }


def _settings_texts() -> dict[str, str]:
    return {
        "secrets_resealed": _("Stored secrets encrypted with another key"),
        "settings_saved": _("Settings saved"),
        "mail_server_tried": _("Mail server tried"),
    }


def _store_texts() -> dict[str, str]:
    return {
        "store_connected": _("Store connected"),
        "store_changed": _("Store changed"),
        "store_disconnected": _("Store disconnected"),
        "store_reconnected": _("Store connected again"),
        "store_key_created": _("Store key created"),
        "store_key_revoked": _("Store key revoked"),
        "letter_sent": _("E-mail sent"),
        "letter_expired": _("E-mail expired"),
        "letter_died": _("E-mail not delivered"),
        "webhook_delivered": _("Webhook delivered"),
        "webhook_failed": _("Webhook failed"),
        "webhook_endpoint_created": _("Webhook endpoint added"),
        "store_vendor_assigned": _("Store vendor assigned"),
        "store_rate_set": _("Store product percent set"),
        "store_coupon_set": _("Store coupon assigned"),
        "store_customer_erased": _("Store customer erased"),
        "store_customers_imported": _("Earlier store customers imported"),
        "store_api_changed": _("Store API credentials changed"),
        "store_account_connected": _("Account connected to a store"),
        "store_account_disconnected": _("Account disconnected from a store"),
        "webhook_secret_changed": _("Webhook secret changed"),
        "signing_secret_changed": _("Signing secret changed"),
        "signing_secret_ended": _("Previous signing secret revoked"),
        "signature_required": _("Signatures required"),
        "signature_optional": _("Signatures no longer required"),
        "webhook_secret_ended": _("Previous webhook secret revoked"),
        "webhook_secret_rotated": _("Webhook endpoint secret replaced"),
        "webhook_endpoint_enabled": _("Webhook endpoint switched on"),
        "webhook_endpoint_disabled": _("Webhook endpoint switched off"),
        "webhook_replayed": _("Webhook sent again"),
    }


def _product_texts() -> dict[str, str]:
    return {
        "product_created": _("Product created"),
        "product_put_on_sale": _("Product put on sale"),
        "product_archived": _("Product archived"),
        "product_changed": _("Product changed"),
        "stock_corrected": _("Stock corrected"),
        "picture_saved": _("Picture saved"),
        "picture_described": _("Picture described"),
        "picture_removed": _("Picture removed"),
        "product_import_requested": _("Product import requested"),
        "product_import_checked": _("Product import checked"),
        "product_import_confirmed": _("Product import confirmed"),
        "product_import_finished": _("Product import finished"),
        "product_import_expired": _("Product import expired"),
        "product_import_restarted": _("Product import checked again"),
    }
