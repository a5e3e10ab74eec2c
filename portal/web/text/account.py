"""The words about accounts: what stops a sign-in or a change, and what letters are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portal.web.text.translate import gettext as _

ACCOUNT_ERRORS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "email_unconfirmed": lambda p: _("Confirm your e-mail first."),
    "link_unusable": lambda p: _("This link was already used or is too old."),
    "mail_unavailable": lambda p: _("The mail server cannot be reached. E-mails wait."),
    "mail_refused": lambda p: _("The mail server refused the e-mail."),
    "letter_obsolete": lambda p: _("This e-mail is out of date, so it is not sent."),
    "seal_broken": lambda p: _(
        "The second factor cannot be read: the server's key has changed. Ask the people who run this portal."
    ),
    "second_factor_missing": lambda p: _("This account has no second factor."),
    "second_factor_paused": lambda p: _(
        "Too many wrong codes. Wait a while, or use one of your recovery codes."
    ),
    "second_factor_present": lambda p: _("The second factor is already on."),
    "second_factor_required": lambda p: _("Admins need a second factor here. Turn it on first."),
    "second_factor_wrong": lambda p: _(
        "This code is wrong or was already used. Wait for the next one and try again."
    ),
    "session_unknown": lambda p: _("That browser is already signed out."),
    "sign_in_paused": lambda p: _(
        "Too many wrong passwords for this account. Wait %(minutes)s minutes, or choose a new password by e-mail.",
        **p,
    ),
    "step_up_required": lambda p: _("First confirm that it is you, then try again."),
    "topic_unknown": lambda p: _("Choose from the listed events."),
}


def topic_words(topic: str) -> str:
    """Return what letters about a topic tell."""
    return {
        "reward_sent": _("a reward is sent to your wallet"),
        "reward_decided": _("a reward is approved or refused"),
        "reward_refunded": _("a refund changes a reward"),
    }.get(topic, topic)
