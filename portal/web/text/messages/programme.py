"""Errors of the programme."""

from __future__ import annotations

from portal.web.text.format import moment, number
from portal.web.text.messages.answer import Answer, ErrorTable
from portal.web.text.translate import gettext as _

PROGRAMME_ERRORS: ErrorTable = {
    "already_joined": Answer(
        409, lambda p: _("You are a referrer already. Link a wallet to get a share link.")
    ),
    "application_decided": Answer(409, lambda p: _("This application has already been decided.")),
    "application_note_too_long": Answer(
        422, lambda p: _("Shorten the text to %(at_most)s characters.", at_most=number(p["at_most"]))
    ),
    "application_reason_missing": Answer(
        422, lambda p: _("Enter a reason of up to %(at_most)s characters. The applicant sees it.", **p)
    ),
    "application_unknown": Answer(404, lambda p: _("This application does not exist.")),
    "own_application": Answer(403, lambda p: _("Another admin must decide on your own application.")),
    "approval_condition_missing": Answer(
        422, lambda p: _("Choose at least one condition, or leave the approval to admins.")
    ),
    "budget_invalid": Answer(
        422, lambda p: _("Enter an amount in USD with at most two decimals, such as 500 or 99.50.")
    ),
    "campaign_end_missing": Answer(422, lambda p: _("Enter the last day of the campaign.")),
    "campaign_ended": Answer(409, lambda p: _("This campaign has ended.")),
    "campaign_exists": Answer(409, lambda p: _("A campaign with these values already exists.")),
    "campaign_unknown": Answer(404, lambda p: _("This campaign does not exist.")),
    "levels_not_rising": Answer(
        422, lambda p: _("Each level needs more referrals and a higher percent than the one before.")
    ),
    "own_bonus": Answer(403, lambda p: _("Another admin must set your own bonus.")),
    "programme_ends_too_early": Answer(422, lambda p: _("The end must be later than the start.")),
    "programme_starts_in_past": Answer(
        422,
        lambda p: _(
            "The start cannot be in the past: paid orders keep their rules. Leave it empty to start now."
        ),
    ),
    "programme_version_started": Answer(
        409, lambda p: _("This version has already started. Save a new version instead.")
    ),
    "programme_version_unknown": Answer(404, lambda p: _("This version of the programme does not exist.")),
    "programme_versions_overlap": Answer(
        409,
        lambda p: _(
            "Another version is planned from %(time)s. Choose an earlier time, or withdraw that version first.",
            time=moment(p["starts_at"]),
        ),
    ),
    "referrer_bonus_unknown": Answer(404, lambda p: _("This bonus does not exist.")),
    "referrer_bonuses_overlap": Answer(
        409, lambda p: _("This referrer already has a bonus for that period. End it first.")
    ),
    "terms_changed": Answer(
        409, lambda p: _("The terms have changed. Read the current version, then accept it.")
    ),
    "terms_not_accepted": Answer(
        409, lambda p: _("Accept the terms of the referral programme first, on the page “Referrals”.")
    ),
    "terms_saved_meanwhile": Answer(
        409,
        lambda p: _(
            "Another admin has saved a version in the meantime. Copy your texts, reload the page and compare."
        ),
    ),
    "terms_too_long": Answer(
        422, lambda p: _("Shorten the text to %(at_most)s characters.", at_most=number(p["at_most"]))
    ),
    "terms_unchanged": Answer(
        422,
        lambda p: _("Nothing has changed, so no version was saved: every referrer would have to accept it."),
    ),
    "terms_unknown": Answer(404, lambda p: _("This version of the terms does not exist.")),
    "whole_number_invalid": Answer(
        422, lambda p: _("Enter a whole number from %(at_least)s to %(at_most)s.", **p)
    ),
}
