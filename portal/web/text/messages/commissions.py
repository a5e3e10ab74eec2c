"""Errors of commission terms, settlements and payouts."""

from __future__ import annotations

from portal.web.text.commission_terms import terms_exceed
from portal.web.text.messages.answer import Answer, ErrorTable
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _

COMMISSIONS_ERRORS: ErrorTable = {
    "commission_terms_exceed": Answer(422, terms_exceed),
    "custom_split_invalid": Answer(422, lambda p: _("Each split needs a recipient and a percent.")),
    "foreign_payment_unknown": Answer(
        404, lambda p: _("This payment does not exist, or it was adopted in the meantime.")
    ),
    "hold_days_invalid": Answer(422, lambda p: _("Enter a whole number of days, zero or more.")),
    "hold_reason_missing": Answer(422, lambda p: _("Enter a reason of up to %(at_most)s characters.", **p)),
    "minimum_negative": Answer(422, lambda p: _("The minimum payout must be zero or more.")),
    "paid_reference_missing": Answer(
        422, lambda p: _("Enter the reference of the payment, up to %(at_most)s characters.", **p)
    ),
    "payee_is_contract": Answer(
        422,
        lambda p: _(
            "This address is a contract, token or account that the portal itself uses. Enter another wallet."
        ),
    ),
    "payout_batch_unknown": Answer(404, lambda p: _("This payout batch does not exist.")),
    "payout_frequency_unknown": Answer(422, lambda p: _("Choose how often to pay out.")),
    "payout_plan_changed": Answer(
        409,
        lambda p: _(
            "The due settlements have changed since you opened this page. Nothing was paid; check them again."
        ),
    ),
    "percent_invalid": Answer(
        422,
        lambda p: _(
            "Enter a percent between 0 and %(at_most)s, with a dot and at most six decimals, such as 2.5.",
            **p,
        ),
    ),
    "rate_changed": Answer(
        409, lambda p: _("Someone else changed this percent in the meantime. Nothing was saved.")
    ),
    "reserve_short": Answer(422, lambda p: _("You cannot release more than the reserve holds.")),
    "settlement_status_conflict": Answer(
        409,
        lambda p: _(
            "The status of this settlement is “%(label)s”, so this is not possible.",
            label=status_words("settlement", p["state"]),
        ),
    ),
    "settlement_unknown": Answer(404, lambda p: _("This settlement does not exist.")),
    "settlement_unpayable": Answer(
        409, lambda p: _("The commissions exceed this sale, so it can never be paid out.")
    ),
    "settlements_missing": Answer(
        422, lambda p: _("Enter the settlements that it paid, or tick the box if it paid none.")
    ),
    "settlements_not_adoptable": Answer(
        422,
        lambda p: _(
            "Enter the numbers of unpaid settlements of one vendor in one currency, separated by commas."
        ),
    ),
    "vendor_exists": Answer(422, lambda p: _("A vendor with this name and owner already exists.")),
    "vendor_unknown": Answer(404, lambda p: _("This vendor does not exist.")),
    "statement_status_conflict": Answer(409, lambda p: _("This statement is already paid or void.")),
    "statement_time_ahead": Answer(422, lambda p: _("Choose a day that is not in the future.")),
    "statement_unknown": Answer(404, lambda p: _("This statement does not exist.")),
}
