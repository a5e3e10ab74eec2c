"""Errors of the settings page."""

from __future__ import annotations

from decimal import Decimal

from portal.web.text.format import number
from portal.web.text.messages.answer import Answer, ErrorTable
from portal.web.text.translate import gettext as _

SETTINGS_ERRORS: ErrorTable = {
    "setting_invalid": Answer(422, lambda p: _("This value is not possible. The hint above says what is.")),
    "color_unreadable": Answer(
        422,
        lambda p: _(
            "Text on this colour would have a contrast of %(ratio)s : 1, less than %(at_least)s : 1."
            " Choose a darker or a lighter colour.",
            ratio=number(Decimal(p["ratio"])),
            at_least=number(p["at_least"]),
        ),
    ),
    "language_missing": Answer(422, lambda p: _("Offer at least one language.")),
    "confirmation_needs_mail": Answer(422, lambda p: _("Confirmation needs e-mail. Set SMTP_URL first.")),
    "settings_changed": Answer(
        409,
        lambda p: _(
            "Another admin has saved the settings in the meantime. Reload the page and repeat your change."
        ),
    ),
    "mail_server_missing": Answer(409, lambda p: _("No mail server is set. Set SMTP_URL first.")),
    "mail_address_missing": Answer(409, lambda p: _("Your account has no e-mail address.")),
}
