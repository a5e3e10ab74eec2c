"""Wire the portal together: settings, database, languages, gate, blueprints, schedule. Nothing is decided here."""

from __future__ import annotations

from flask import Flask, Response, current_app
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from jobs import start_schedule
from portal.accounts import set_locale
from portal.chain import open_chain
from portal.cli import register_commands
from portal.db import bind_database, release_connection
from portal.logs import configure_logging
from portal.payments import list_providers
from portal.runtime import Portal
from portal.settings import Settings, load_settings
from portal.web import account, admin, checkout, exports, health, hooks, landing, referrer, shop, vendor
from portal.web.api import openapi
from portal.web.api import routes as api
from portal.web.core import brand
from portal.web.core.access import install_gate
from portal.web.core.assets import serve_static
from portal.web.core.context import install_context
from portal.web.core.cookies import own_cookie_name
from portal.web.core.current_user import find_current_user
from portal.web.core.errors import install_errors
from portal.web.core.locale import (
    LOCALE_COOKIE,
    LocalePrefix,
    prefix_locale,
    remembered_locale,
    select_locale,
)
from portal.web.core.paths import PathSpelling
from portal.web.core.referral_cookies import install_referral_cookies
from portal.web.core.request_id import RequestIds
from portal.web.core.requests import IdConverter
from portal.web.core.security import install_security
from portal.web.dev import mailbox, payment_simulator
from portal.web.landing.beacon import BeaconFastPath
from portal.web.text.letters import composer

BLUEPRINTS = (
    shop,
    checkout,
    account,
    referrer,
    landing,
    vendor,
    admin,
    api,
    hooks,
    health,
    openapi,
    brand,
    exports,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; connects to nothing yet. Raises SettingsInvalid."""
    settings = settings or load_settings()
    configure_logging(as_json=settings.is_production, level=settings.log_level)
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # PathSpelling does it without a redirect to the request's host
    app.config["SECRET_KEY"] = settings.secret_key.get_secret_value()
    app.url_map.converters["int"] = IdConverter
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["portal"] = Portal(settings, open_chain(settings), compose=composer(app))
    bind_database(settings.database_url, settings.portal_data_dir)
    _install_languages(app)
    install_security(app, settings)
    install_context(app)
    install_errors(app)
    account.login_manager.init_app(app, add_context_processor=False)
    app.teardown_appcontext(lambda _error: release_connection())
    is_simulated = any(provider.simulator for provider in list_providers(settings))
    simulators = ((payment_simulator,) if is_simulated else ()) + ((mailbox,) if settings.shows_mail else ())
    for module in BLUEPRINTS + simulators:
        app.register_blueprint(module.blueprint)
    install_gate(app)
    install_referral_cookies(app)
    register_commands(app)
    _wrap(app, settings)
    return app


def serve() -> Flask:
    """Return the application with its schedule running: what a web server loads."""
    app = create_app()
    running: Portal = app.extensions["portal"]
    if running.settings.scheduler_enabled:
        start_schedule(running)
    return app


def _install_languages(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "../translations"
    Babel(app, locale_selector=select_locale)
    app.after_request(_remember_language)


def _remember_language(response: Response) -> Response:
    chosen = prefix_locale()
    if chosen and remembered_locale() != chosen and response.mimetype == "text/html":
        response.set_cookie(
            own_cookie_name(LOCALE_COOKIE),
            chosen,
            max_age=365 * 24 * 3600,
            path="/",
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
        _remember_for_account(chosen)
    return response


def _remember_for_account(locale: str) -> None:
    user = find_current_user()
    if user and user.locale != locale:
        set_locale(user.id, locale)


def _wrap(app: Flask, settings: Settings) -> None:
    app.wsgi_app = LocalePrefix(app.wsgi_app, PathSpelling(app.url_map))  # type: ignore[method-assign]
    app.wsgi_app = serve_static(app.wsgi_app)  # type: ignore[method-assign]
    app.wsgi_app = BeaconFastPath(app.wsgi_app, app)  # type: ignore[method-assign]
    trust_header = settings.trusted_proxies > 0
    app.wsgi_app = RequestIds(app.wsgi_app, trust_header=trust_header)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
