"""The ledgers of people, vendors, events and runs of jobs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from portal.catalogue import list_vendor_ledger
from portal.chain import checksummed_values
from portal.db import Keyset, list_event_ledger
from portal.flows.overviews.people import list_people_ledger
from portal.flows.overviews.referrers import list_referrer_ledger
from portal.monitoring import list_job_run_ledger
from portal.web.admin.people.filters import read_people_view
from portal.web.admin.referrers.filters import read_referrers_view
from portal.web.admin.vendors.filters import read_vendors_view
from portal.web.exports.arguments import Arguments, event_filter, job_run_filter, valid
from portal.web.exports.columns import Column, address, at, columns, tokens
from portal.web.exports.ledger import Ledger
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Vendor

_PERSON = columns(
    "id", "name", "email", "email_confirmed_at", "role", "membership_tier", "locale", "referred_by_code",
    "created_at", "disabled_at",
)  # fmt: skip
_VENDOR = columns(
    "id", "name", "user_id", Column("owner", lambda row: row.user.name if row.user else None), "store_tier",
    "active", "created_at",
)  # fmt: skip
_REFERRER = columns(
    "code", Column("alias", lambda row: row.alias or None), "owner_user_id", at("owner", "owner.name"),
    address("wallet_address"), "active", "visits_total", Column("orders", lambda row: int(row.orders)),
    Column("paid", lambda row: int(row.paid_orders)), Column("refunded", lambda row: int(row.refunded_orders)),
    tokens("earned"), tokens("minted"), "created_at",
)  # fmt: skip
_EVENT = columns(
    "id", "at", "actor", "actor_user_id", "entity", "entity_id", "event", "from_status", "to_status", "reason",
    "order_reference", Column("data", lambda row: _json(row.data)),
)  # fmt: skip
_RUN = columns(
    "id", "job", "every_seconds", "process", "outcome", "started_at", "finished_at", "duration_ms", "error"
)


def _json(data: object) -> str:
    return json.dumps(checksummed_values(data), ensure_ascii=False, sort_keys=True)


def _vendors(arguments: Arguments) -> Keyset[Vendor]:
    chosen = read_vendors_view(arguments).filter
    return list_vendor_ledger(chosen.search, chosen.active)


LEDGERS = (
    Ledger(
        "people",
        "/admin/people",
        "admin",
        _PERSON,
        lambda arguments: list_people_ledger(valid(read_people_view(arguments))),
        lambda: (_("People"), _("Every account with its role and state.")),
    ),
    Ledger(
        "vendors",
        "/admin/vendors",
        "admin",
        _VENDOR,
        _vendors,
        lambda: (_("Vendors"), _("Every vendor with its owner and tier.")),
    ),
    Ledger(
        "referrers",
        "/admin/referrers",
        "admin",
        _REFERRER,
        lambda arguments: list_referrer_ledger(valid(read_referrers_view(arguments))),
        lambda: (_("Referrers"), _("Every referral code and what it brought.")),
    ),
    Ledger(
        "events",
        "/admin/events",
        "admin",
        _EVENT,
        lambda arguments: list_event_ledger(event_filter(arguments)),
        lambda: (_("Events"), _("Every change: who made it, when, and why.")),
    ),
    Ledger(
        "job-runs",
        "/admin/jobs",
        "admin",
        _RUN,
        lambda arguments: list_job_run_ledger(job_run_filter(arguments)),
        lambda: (_("Job runs"), _("The newest runs of each scheduled job and how they ended.")),
    ),
)
