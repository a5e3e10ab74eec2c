"""Account settings in words."""

from __future__ import annotations

from portal.web.text.translate import gettext as _


def topic_words(topic: str) -> str:
    """Return the event that e-mails of a topic report."""
    return {
        "reward_sent": _("a reward is sent to your wallet"),
        "reward_decided": _("a reward is approved or rejected"),
        "reward_refunded": _("a refund changes a reward"),
        "export": _("a file that you requested is ready"),
        "back_order": _("an order is paid that cannot be delivered from stock"),
        "webhook": _("a webhook endpoint is switched off because it fails"),
        "statement": _("a commission statement is open for payment"),
        "joining": _("your application as a referrer is approved or rejected"),
        "proposal": _("a change waits for a second admin"),
        "application": _("a person wants to become a referrer"),
        "erasure": _("a person requests the erasure of their data"),
        "alert": _("something is wrong with the portal: immediately, or in a daily summary"),
    }.get(topic, topic)


def role_words(role: str) -> str:
    """Return a role in words."""
    return {"user": _("User"), "vendor": _("Vendor"), "admin": _("Admin")}[role]


def device_words(browser: str, system: str) -> str:
    """Return a browser as its owner recognises it."""
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("Unknown browser")


def sign_in_words(method: str) -> str:
    """Return how a person signed in; any other method created the account."""
    return {
        "password": _("Signed in with the password"),
        "wallet": _("Signed in with a wallet"),
        "second_factor": _("Signed in with a code"),
        "recovery_code": _("Signed in with a recovery code"),
    }.get(method, _("Account created"))
