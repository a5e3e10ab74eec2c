"""The credentials of stores' APIs, by the names that their platforms show."""

from __future__ import annotations

from portal.web.text.translate import gettext as _


def credential_label(name: str) -> str:
    """Return the label of a credential that an adapter names."""
    return {
        "consumer_key": _("Consumer key"),
        "consumer_secret": _("Consumer secret"),
        "client_id": _("Client ID"),
        "client_secret": _("Client secret"),
        "restricted_key": _("Restricted key"),
        "api_key": _("API key"),
        "app_token": _("App token"),
        "login": _("API user’s login"),
        "password": _("API user’s password"),
        "currency": _("Price currency, such as UAH"),
    }.get(name, name)
