"""What every template can read: brand, viewer, navigation by role, languages, notifications, cart."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, has_request_context
from flask_wtf.csrf import generate_csrf
from jinja2 import Environment

from portal.accounts import domain_of
from portal.db import DatabaseAway
from portal.db.connection import DATABASE_ERRORS
from portal.flows.overviews.attention import Attention, count_attention
from portal.runtime import current_portal
from portal.settings import Settings
from portal.web.core.assets import asset
from portal.web.core.cart import cart_size
from portal.web.core.icons import icon
from portal.web.core.language_switch import language_links
from portal.web.core.locale import select_locale
from portal.web.core.navigation import NavItem, navigation, own_links
from portal.web.core.referral_cookies import asked_code, consent, landing_label
from portal.web.core.urls import plain_url, url_for
from portal.web.core.viewer import ANONYMOUS, Viewer, current_viewer
from portal.web.text.format import FILTERS
from portal.web.text.messages import percent_source
from portal.web.text.statuses import status_look, status_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext, pgettext

T = TypeVar("T")
__all__ = ["NavItem", "install_context"]


@dataclass(frozen=True, slots=True)
class Brand:
    """The name, token symbol, logo and stylesheet of this deployment."""

    name: str
    token_symbol: str
    logo_url: str | None
    stylesheet: str


def install_context(app: Flask) -> None:
    """Register template globals, filters and the per-request context."""
    app.jinja_env.globals.update(
        asset=asset,
        csrf_token=generate_csrf,
        icon=icon,
        url_for=url_for,
        _=_,
        gettext=_,
        ngettext=ngettext,
        pgettext=pgettext,
        status_look=status_look,
        status_words=status_words,
        percent_source=percent_source,
        wallet_message=_wallet_message,
    )
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.make_globals = _make_globals(app.jinja_env)  # type: ignore[method-assign, assignment]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(_page_context)


def _make_globals(
    environment: Environment,
) -> Callable[[MutableMapping[str, Any] | None], MutableMapping[str, Any]]:
    """Return what gives all templates one dictionary: each import of macros compares it, and Jinja's chain is slow."""
    shared = environment.globals
    return lambda own: {**shared, **own} if own else shared


def _stylesheet(settings: Settings) -> str:
    """Return the address of the stylesheet, which changes with the colours: browsers store it for some minutes."""
    colors = settings.brand_color + settings.brand_accent_color
    return f"/brand.css?color={colors.replace('#', '')}"


def _page_context() -> dict[str, Any]:
    settings = current_portal().settings
    brand = Brand(
        settings.brand_name,
        settings.brand_token_symbol,
        settings.brand_logo_url or None,
        _stylesheet(settings),
    )
    context: dict[str, Any] = {"brand": brand, "locale": select_locale(), "token_symbol": brand.token_symbol}
    if not has_request_context():
        return context
    viewer = _safely(current_viewer) or ANONYMOUS
    attention = _attention(viewer)
    return context | {
        "locales": language_links(),
        "viewer": viewer,
        "nav": navigation(viewer.role, {"admin.payments.inbox": attention.payment_work or None}),
        "own_links": own_links(viewer.role),
        "links": _links(),
        "unread_notifications": attention.unread,
        "cart_count": cart_size(),
        "asked_code": asked_code(),
        "asked_label": landing_label(),
        "has_chosen_cookies": settings.referral_consent_required and consent() is not None,
        "explorer": settings.chain_explorer_url,
    }


@dataclass(frozen=True, slots=True)
class WalletMessage:
    """The domain and network that a message to sign must name."""

    domain: str
    chain_id: int


def _wallet_message() -> WalletMessage:
    settings = current_portal().settings
    return WalletMessage(domain_of(settings.app_url), settings.referral_chain_id)


def _links() -> dict[str, str]:
    endpoints = {
        "home": "shop.catalogue",
        "login": "account.login",
        "register": "account.register",
        "logout": "account.logout",
        "cart": "shop.cart",
        "notifications": "account.notifications",
        "wallets": "account.wallets",
        "credit": "account.credit",
        "security": "account.security",
    }
    return {name: plain_url(endpoint) for name, endpoint in endpoints.items()}


def _attention(viewer: Viewer) -> Attention:
    """Return how many items need the viewer's attention."""
    user_id = viewer.id
    if user_id is None:
        return Attention()
    return _safely(lambda: count_attention(user_id, is_admin=viewer.role == "admin")) or Attention()


def _safely(read: Callable[[], T]) -> T | None:
    """Return None while the database is unavailable, so that the error page can still be rendered."""
    try:
        return read()
    except (DatabaseAway, *DATABASE_ERRORS):
        return None
