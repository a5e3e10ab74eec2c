"""What a form changes, in words: shown before a form that a proof of identity interrupted is submitted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portal.commissions import PayoutFrequency
from portal.web.text.payouts import frequency_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import pgettext

# Keys that make a repeated form harmless, and where to return to; they change nothing.
_TECHNICAL = {
    "idempotency_key",
    "creditKey",
    "refundKey",
    "promised",
    "instead_of",
    "before",
    "next",
    "cursor",
    "form_key",
    "seen",
    "terms",
    "seen_minor",
    "key",
    "shown",
}


def change_text(endpoint: str, arguments: Mapping[str, Any]) -> str:
    """Return what a form changes as a sentence; `arguments` are the parameters of its path."""
    sentences = (
        _money_changes()
        | _operator_changes()
        | _store_changes()
        | _product_changes()
        | _programme_changes()
        | _referrer_changes()
        | _own_changes()
    )
    return sentences[endpoint] % arguments


def _money_changes() -> dict[str, str]:
    return {
        "admin.rewards.approve": _("Approve reward %(reward_id)s"),
        "admin.rewards.reject": _("Reject reward %(reward_id)s"),
        "admin.rewards.retry": _("Approve the failed reward %(reward_id)s again"),
        "admin.rewards.pay_missing": _("Pay what is missing of reward %(reward_id)s"),
        "admin.rewards.decide_many": _("Approve or reject several rewards"),
        "admin.rewards.start_minting": _("Mint approved rewards"),
        "admin.rewards.retry_mint_job": _("Approve the failed rewards of job %(job_id)s again"),
        "admin.commissions.save_vendor_terms": _("Save the terms of vendor %(vendor_id)s"),
        "admin.commissions.save_platform_rate": _("Save the platform’s default percent"),
        "admin.commissions.save_product_rate": _("Save the percent of product %(product_id)s"),
        "admin.commissions.process_due_payouts": _("Pay the due payouts that you reviewed"),
        "admin.commissions.retry_payout_batch": _("Pay the failed settlements of batch %(batch_id)s again"),
        "admin.commissions.adopt_unknown_payment": _("Adopt an unknown payment of the payout contract"),
        "admin.commissions.release_vendor_reserve": _("Release a reserve of vendor %(vendor_id)s"),
        "admin.commissions.release": _("Release settlement %(settlement_id)s"),
        "admin.commissions.retry": _("Pay the failed settlement %(settlement_id)s again"),
        "admin.commissions.pay_statement": _("Mark commission statement %(statement_id)s as paid"),
        "admin.commissions.void_statement": _("Void commission statement %(statement_id)s"),
        "admin.payments.add_credit": _("Add credit to an account"),
        "admin.payments.confirm_proposal": _("Confirm proposal %(proposal_id)s of another admin"),
        "admin.payments.decline": _("Decline proposal %(proposal_id)s"),
        "admin.payments.retry_failing": _("Try a failing item again"),
        "admin.payments.retry_callback": _("Apply callback %(event_id)s again"),
        "admin.payments.close_callback": _("Close callback %(event_id)s"),
        "admin.payments.retry_ledger": _("Record the missing ledger entry %(failure_id)s"),
    }


def _operator_changes() -> dict[str, str]:
    return {
        "admin.referrers.switch_code": _("Deactivate or activate code %(code)s"),
        "admin.audit.refund": _("Refund a payment"),
        "admin.audit.resolve_alert": _("Close alert %(alert_id)s"),
        "admin.audit.resolve_alerts": _("Close all alerts of one kind"),
        "admin.settings.save": _("Change the settings"),
        "admin.settings.upload_logo": _("Replace the logo"),
        "admin.settings.remove_logo": _("Remove the logo"),
        "admin.home.close_alerts": _("Close the selected alerts"),
        "admin.people.save_role": _("Change the role of account %(user_id)s"),
        "admin.people.disable": _("Disable account %(user_id)s"),
        "admin.people.enable": _("Enable account %(user_id)s"),
        "admin.people.reset_second_factor": _("Turn off two-factor authentication of account %(user_id)s"),
        "admin.people.export": _("Download everything that is stored about account %(user_id)s"),
        "admin.people.request_erasure_for": _("Record that account %(user_id)s is to be erased"),
        "admin.people.withdraw_erasure_of": _("Keep account %(user_id)s, which was to be erased"),
        "admin.people.erase": _("Erase the personal data of account %(user_id)s. This cannot be undone."),
        "admin.vendors.create": _("Create a vendor"),
        "admin.vendors.save": _("Change vendor %(vendor_id)s"),
        "admin.vendors.switch": _("Put vendor %(vendor_id)s on or off sale"),
    }


def _programme_changes() -> dict[str, str]:
    return {
        "admin.programme.save": _("Save a version of the programme"),
        "admin.programme.withdraw": _("Withdraw version %(version_id)s of the programme"),
        "admin.programme.add": _("Add a campaign"),
        "admin.programme.set_budget": _("Change the budget of campaign %(campaign_id)s"),
        "admin.programme.stop": _("End campaign %(campaign_id)s"),
        "admin.programme.add_bonus": _("Add a referrer bonus"),
        "admin.programme.end_bonus": _("End referrer bonus %(bonus_id)s"),
        "admin.programme.save_terms_form": _("Save the terms of the programme. Referrers accept them again."),
        "admin.programme.approve_application": _("Approve referrer application %(application_id)s"),
        "admin.programme.reject_application": _("Reject referrer application %(application_id)s"),
        "admin.referrers.save_alias": _("Set the alias of code %(code)s"),
        "admin.referrers.end_alias": _("End the alias of code %(code)s"),
    }


def _own_changes() -> dict[str, str]:
    return {
        "account.save_email": _("Change the e-mail of the account"),
        "account.begin_second_factor": _("Set up two-factor authentication"),
        "account.save_second_factor": _("Turn on two-factor authentication"),
        "account.remove_second_factor": _("Turn off two-factor authentication"),
        "account.replace_recovery_codes": _("Replace the recovery codes"),
        "account.unlink_wallet_form": _("Unlink wallet %(address)s"),
        "account.save_given_up_credit": _("Give up your credit"),
        "account.export_data": _("Download everything that is stored about you"),
        "account.request_own_erasure": _("Request the erasure of your account"),
    }


def _referrer_changes() -> dict[str, str]:
    """Return the sentences of what a referrer changes about the stores that show their results."""
    return {
        "referrer.connect_store": _("Show your results on the pages of a store"),
        "referrer.choose_code_wallet": _("Send the rewards of code %(code)s to the chosen wallet"),
    }


def _store_changes() -> dict[str, str]:
    """Return the sentences of what admins and vendors change about a connected store."""
    changes = {
        "connect_store": _("Connect a store and create its keys"),
        "add_key": _("Create a key for store %(store_id)s"),
        "revoke_store_key": _("Revoke key %(key_id)s of store %(store_id)s"),
        "rotate_store_secret": _("Replace the webhook secret of store %(store_id)s"),
        "end_store_secret": _("Revoke the previous webhook secret of store %(store_id)s"),
        "replace_signing_secret": _("Replace the signing secret of store %(store_id)s"),
        "end_signing_secret": _("Revoke the previous signing secret of store %(store_id)s"),
        "require_signatures": _("Change whether store %(store_id)s must sign its requests"),
        "save_store_api": _(
            "Save the API credentials of store %(store_id)s. Enter its secrets again afterwards."
        ),
        "save_store_settings": _("Save the settings of store %(store_id)s"),
        "disconnect": _("Disconnect store %(store_id)s"),
        "reconnect": _("Connect store %(store_id)s again"),
        "assign_store_vendor": _("Assign a vendor of store %(store_id)s"),
        "save_store_rate": _("Save the referral percent of a product in store %(store_id)s"),
        "save_store_coupon": _("Save a coupon of store %(store_id)s"),
        "add_webhook": _("Add a webhook endpoint to store %(store_id)s"),
        "rotate_webhook_secret": _("Replace the secret of webhook endpoint %(endpoint_id)s"),
    }
    return {
        f"{area}.{view}": text for area in ("admin.stores", "vendor.stores") for view, text in changes.items()
    }


def _product_changes() -> dict[str, str]:
    changes = {
        "create": _("Create a product"),
        "save": _("Save the price and the texts of product %(product_id)s"),
        "save_percent": _("Save the percent of product %(product_id)s"),
        "confirm": _("Import the products of file %(import_id)s"),
    }
    return {
        f"{area}.{view}": text
        for area in ("admin.products", "vendor.products")
        for view, text in changes.items()
    }


def entry_rows(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the entries of a form as (label, value); a field without a label is shown by its name, never hidden."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        if name not in _TECHNICAL and value.strip():
            values.setdefault(name, []).append(_value_text(name, value))
    labels = _labels()
    return [(labels.get(name, name), ", ".join(texts)) for name, texts in values.items()]


def _value_text(name: str, value: str) -> str:
    words = {
        "decision": {"approve": _("Approve"), "reject": _("Reject")},
        "active": {"0": _("No"), "1": _("Yes")},
        "needs_delivery": {"1": _("Yes")},
        "accepted": {"1": _("Yes")},
        "payout_frequency": {each.value: frequency_words(each.value) for each in PayoutFrequency},
    }
    return words.get(name, {}).get(value, value)


def _labels() -> dict[str, str]:
    return _store_labels() | _programme_labels() | _product_labels() | _common_labels()


def _common_labels() -> dict[str, str]:
    return {
        "ids": _("Rewards"),
        "decision": _("Decision"),
        "all_matching": _("All rewards that match the filter"),
        "status": _("Status"),
        "rail": _("Paid by"),
        "code": _("Code"),
        "wallet": _("Wallet"),
        "since": _("From date"),
        "until": _("To date"),
        "hints": _("Risk hints"),
        "count": _("Reward count"),
        "reason": _("Reason"),
        "note": _("Note"),
        "account": _("Account"),
        "amount": _("Amount"),
        "currency": _("Currency"),
        "orderReference": _("Order reference"),
        "email": _("E-mail"),
        "url": _("Address"),
        "types": _("Events"),
        "active": _("Active"),
        "percent": _("Percent"),
        "platform_percent": _("Platform percent"),
        "referral_percent": _("Referral percent"),
        "payout_frequency": _("Payout schedule"),
        "hold_days": _("Payout delay after a sale, days"),
        "minimum_payout": _("Minimum payout"),
        "reserve_percent": _("Reserve percent"),
        "payout_wallet": _("Payout wallet"),
        "name": pgettext("thing", "Name"),
        "owner": _("Owner’s e-mail"),
        "tier": _("Tier"),
        "role": _("Role"),
        "split_recipient": _("Recipients"),
        "split_percent": _("Percent"),
        "split_description": _("Description"),
    }


def _programme_labels() -> dict[str, str]:
    return {
        "text_en": _("Terms in English"),
        "text_uk": _("Terms in Ukrainian"),
        "text_ru": _("Terms in Russian"),
        "accepted": _("Terms accepted"),
    }


def _product_labels() -> dict[str, str]:
    return {
        "slug": _("Address of the page"),
        "price": _("Price"),
        "stock": _("Quantity in stock"),
        "needs_delivery": _("Needs delivery"),
        "description": _("Description"),
        "name_en": _("Name in English"),
        "name_uk": _("Name in Ukrainian"),
        "name_ru": _("Name in Russian"),
        "description_en": _("Description in English"),
        "description_uk": _("Description in Ukrainian"),
        "description_ru": _("Description in Russian"),
    }


def _store_labels() -> dict[str, str]:
    return {
        "platform": _("Store platform"),
        "origins": _("Store addresses"),
        "default_vendor": _("Vendor"),
        "vendor": _("Vendor"),
        "external_id": _("Vendor in the store"),
        "collected_by": _("Buyers pay"),
        "commission_base": _("Commission is a share of"),
        "reward_waits_for": _("Rewards are sent after"),
        "mode": _("Kind"),
        "api_url": _("Shop address"),
        "sku": _("SKU"),
        "coupon": _("Coupon"),
        "share_code": _("Referral code"),
    }
