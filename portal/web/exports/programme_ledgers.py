"""The ledgers of the programme: versions, campaigns, bonuses of single referrers."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from portal.flows.overviews.applications import list_application_ledger
from portal.programme import (
    list_bonus_ledger,
    list_campaign_ledger,
    list_terms_ledger,
    list_version_ledger,
)
from portal.settings.types import LANGUAGES
from portal.web.exports.arguments import period
from portal.web.exports.columns import Column, columns
from portal.web.exports.ledger import Ledger
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import ProgrammeTerms


def _text_in(language: str, row: ProgrammeTerms) -> str:
    return str(row.texts.get(language, ""))


_VERSION = columns(
    "id", "starts_at", "ends_at", Column("rules", lambda row: json.dumps(row.rules, sort_keys=True)), "created_by"
)  # fmt: skip
_CAMPAIGN = columns(
    "id", "name", "percent", "starts_at", "ends_at", Column("codes", lambda row: " ".join(row.codes)),
    Column("store_ids", lambda row: " ".join(str(store_id) for store_id in row.store_ids)), "budget_usd",
    "created_by", "created_at",
)  # fmt: skip
_BONUS = columns("id", "referrer_user_id", "percent", "starts_at", "ends_at", "created_by", "created_at")
_TEXTS = (Column(f"text_{language}", partial(_text_in, language)) for language in LANGUAGES)
_TERMS = columns("id", "created_at", *_TEXTS, "created_by")
_APPLICATION = columns(
    "id", "user_id", Column("name", lambda row: row.user.name), Column("email", lambda row: row.user.email), "status",
    "note", "created_at", "decided_by", "decided_at", "decision_reason",
)  # fmt: skip

LEDGERS = (
    Ledger(
        "programme-versions",
        "/admin/programme/versions",
        "admin",
        _VERSION,
        lambda arguments: list_version_ledger(*period(arguments)),
        lambda: (_("Programme"), _("Every version of the programme with its rules.")),
    ),
    Ledger(
        "programme-campaigns",
        "/admin/programme/campaigns",
        "admin",
        _CAMPAIGN,
        lambda arguments: list_campaign_ledger(*period(arguments)),
        lambda: (_("Campaigns"), _("Every campaign with its percent, dates and budget.")),
    ),
    Ledger(
        "referrer-bonuses",
        "/admin/programme/referrers",
        "admin",
        _BONUS,
        lambda arguments: list_bonus_ledger(*period(arguments)),
        lambda: (_("Personal bonuses"), _("Personal bonuses of referrers.")),
    ),
    Ledger(
        "programme-terms",
        "/admin/programme/terms",
        "admin",
        _TERMS,
        lambda arguments: list_terms_ledger(*period(arguments)),
        lambda: (_("Terms"), _("Every version of the terms of the programme.")),
    ),
    Ledger(
        "programme-applications",
        "/admin/programme/applications",
        "admin",
        _APPLICATION,
        lambda arguments: list_application_ledger(arguments.get("status", ""), *period(arguments)),
        lambda: (_("Applications"), _("Every referrer application and its decision.")),
    ),
)
