"""Scheduled jobs in words."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from portal.web.text.format import number
from portal.web.text.translate import gettext as _


def job_words(name: str) -> str:
    """Return what a job does in words; one without a text is its name with spaces."""
    return _texts().get(name) or name.replace("_", " ").capitalize()


def duration_words(milliseconds: int | None) -> str:
    """Return a duration in seconds with at most two decimals; an em dash while a run is going on."""
    if milliseconds is None:
        return "—"
    seconds = (Decimal(milliseconds) / 1000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return _("%(seconds)s s", seconds=number(seconds.normalize() if seconds else Decimal(0)))


def _texts() -> dict[str, str]:
    return {
        "mint_rewards": _("Send approved rewards"),
        "fold_totals": _("Add up totals"),
        "pay_settlements": _("Pay vendors"),
        "settle_waiting_callbacks": _("Apply payment callbacks"),
        "settle_waiting_snapshots": _("Apply store orders"),
        "retry_failed_ledgers": _("Write missing ledger entries"),
        "count_risk_hints": _("Count risk hints"),
        "watch_minter": _("Check the network and its accounts"),
        "open_commission_statements": _("Open commission statements"),
        "settle_late_refunds": _("Apply refunds to rewards"),
        "send_letters": _("Send e-mails"),
        "deliver_webhooks": _("Send webhooks to stores"),
        "prune_old_webhooks": _("Delete old webhooks"),
        "reconcile_payments": _("Check payments with the provider"),
        "expire_unpaid_orders": _("Close unpaid orders"),
        "import_products": _("Import products"),
        "prepare_exports": _("Prepare ledger files"),
        "check_invariants": _("Check the ledgers"),
        "prune_old_visits": _("Delete old visit counts"),
        "prune_forged_callbacks": _("Delete forged callbacks"),
        "prune_old_store_events": _("Delete old store events"),
        "prune_wallet_challenges": _("Delete expired wallet sign-ins"),
        "ask_stores": _("Fetch orders that stores announced"),
        "poll_connected_stores": _("Poll stores for changed orders"),
        "prune_accounts": _("Delete expired sessions and links"),
        "expire_old_proposals": _("Close expired proposals"),
        "forget_old_sightings": _("Delete expired risk signals"),
        "approve_waiting_rewards": _("Approve rewards that waited for a budget"),
        "count_daily_figures": _("Count daily figures"),
        "erase_delivery_data": _("Delete old delivery addresses"),
        "forget_personal_data": _("Delete personal data that has expired"),
        "watch_for_alerts": _("Look for portal problems"),
        "send_alert_digest": _("Write the daily summary of alerts"),
        "prune_old_job_runs": _("Delete old job runs"),
    }
