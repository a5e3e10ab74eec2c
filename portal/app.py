"""Wire the portal together: settings, database, languages, gate, blueprints, schedule. Nothing is decided here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

import click
from flask import Flask, Response, current_app
from flask.cli import FlaskGroup
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from jobs import start_schedule
from portal import __version__
from portal.chain import open_chain
from portal.cli import register_commands
from portal.cli.common import database_sentence
from portal.cli.doctor_first_sale import MAKE_ADMIN
from portal.cli.running_portal import command_settings
from portal.counters import share_counters
from portal.db import DatabaseAway, bind_database, connection, release_connection
from portal.db.connection import DATABASE_ERRORS
from portal.db.job_notices import JobNotices
from portal.db.pooling import PoolingUnsupported, require_locks
from portal.db.replica import bind_replica
from portal.db.rights import RightMissing, explained_rights
from portal.flows.overviews.first_sale import is_without_admin
from portal.lib.errors import PortalError
from portal.lib.folders import PACKAGE, TRANSLATIONS
from portal.logs import configure_logging, get_logger
from portal.payments import list_providers
from portal.runtime import Portal
from portal.settings import Settings, SettingsInvalid, load_settings
from portal.stored_settings import SettingsFollower
from portal.web import (
    account,
    admin,
    checkout,
    exports,
    health,
    hooks,
    landing,
    proof,
    referrer,
    sdk,
    shop,
    vendor,
)
from portal.web.api import openapi
from portal.web.api import routes as api
from portal.web.api import v1 as store_api
from portal.web.core import brand
from portal.web.core.access import install_gate
from portal.web.core.access_log import AccessLog, install_access_log
from portal.web.core.assets import serve_static
from portal.web.core.context import install_context
from portal.web.core.cookies import own_cookie_name
from portal.web.core.errors import install_errors
from portal.web.core.fresh_reads import install_fresh_reads
from portal.web.core.language_switch import switched_locale
from portal.web.core.locale import (
    LOCALE_COOKIE,
    LocalePrefix,
    remembered_locale,
    select_locale,
)
from portal.web.core.node_limits import limit_node_calls
from portal.web.core.paths import PathSpelling
from portal.web.core.referral_cookies import install_referral_cookies
from portal.web.core.request_id import RequestIds
from portal.web.core.requests import IdConverter
from portal.web.core.security import CommonHeaders, install_security
from portal.web.core.template_cache import hold_templates, keep_templates
from portal.web.dev import mailbox, payment_simulator
from portal.web.exports.preparing import preparer
from portal.web.health.only import HealthOnly
from portal.web.landing.beacon import BeaconFastPath
from portal.web.text.letters import composer
from portal.webhooks import take_published

log = get_logger(__name__)

BLUEPRINTS = (
    shop,
    checkout,
    account,
    referrer,
    proof,
    landing,
    sdk,
    vendor,
    admin,
    api,
    store_api,
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
    app.extensions["portal"] = Portal(
        settings, open_chain(settings), compose=composer(app), prepare_exports=preparer(app)
    )
    bind_database(settings.database_url, settings.portal_data_dir, direct_url=settings.database_direct_url)
    bind_replica(settings.database_replica_url, settings.database_replica_max_lag_seconds)
    app.extensions["stored_settings"] = SettingsFollower(settings, lambda changed: _portal(app).use(changed))
    app.before_request(lambda: _portal(app).refresh())
    _install_languages(app)
    install_access_log(app)
    install_security(app, settings)
    install_context(app)
    install_errors(app)
    account.login_manager.init_app(app, add_context_processor=False)
    app.teardown_appcontext(lambda _error: release_connection())
    app.after_request(_wake_webhooks)
    install_fresh_reads(app, settings)
    is_simulated = any(provider.simulator for provider in list_providers(settings))
    simulators = ((payment_simulator,) if is_simulated else ()) + ((mailbox,) if settings.shows_mail else ())
    for module in BLUEPRINTS + simulators:
        app.register_blueprint(module.blueprint)
    install_gate(app)
    install_referral_cookies(app)
    register_commands(app)
    _wrap(app, settings)
    return app


def _portal(app: Flask) -> Portal:
    portal: Portal = app.extensions["portal"]
    return portal


def serve() -> Flask:
    """Return the application with its schedule running: what a web server loads.

    Raises SettingsInvalid, PoolingUnsupported or RightMissing.
    """
    return begin_serving(create_app())


def begin_serving(app: Flask) -> Flask:
    """Let this process serve an application: share its counters, read stored settings, start its schedule.

    Raises PoolingUnsupported or RightMissing.
    """
    running = _portal(app)
    keep_templates(app, running.settings.portal_data_dir)
    _share_counters(running.settings)
    if running.settings.database_url:
        _check_pooling(running.settings)
    if running.settings.is_production:
        hold_templates(app)
        _say_how_to_make_an_admin()
    follower: SettingsFollower = app.extensions["stored_settings"]
    follower.read()
    running.refresh = follower.refresh
    if running.settings.scheduler_enabled:
        start_schedule(running)
    else:
        running.wake = JobNotices().send
    return app


def serve_requests() -> Flask:
    """Return what a server process loads; wrong settings end the process with one sentence."""
    try:
        return serve()
    except (PortalError, SettingsInvalid) as error:
        sys.exit(str(error))


def prepare_requests() -> Callable[[], Flask]:
    """Return how each process that is forked from this one begins to serve an application that they share."""
    try:
        app = create_app()
    except (PortalError, SettingsInvalid) as error:
        sys.exit(str(error))
    return partial(begin_serving, app)


def serve_jobs() -> Flask:
    """Return the application of a process that runs the schedule and answers health checks only."""
    app = serve_requests()
    app.wsgi_app = HealthOnly(app.wsgi_app)  # type: ignore[method-assign]
    return app


def command_app() -> Flask:
    """Return the application of a command, without a schedule; wrong settings end the process with one sentence."""
    try:
        return create_app(command_settings())
    except (PortalError, SettingsInvalid) as error:
        sys.exit(str(error))


class _PortalCommands(FlaskGroup):
    """The commands of an application, without those that a library adds."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in super().list_commands(ctx) if name != "limiter"]


def command_group() -> FlaskGroup:
    """Return the commands of the console script `ring-portal`: the portal's own ones and --version."""
    group = _PortalCommands(
        create_app=command_app,
        add_version_option=False,
        add_default_commands=False,
        set_debug_flag=False,
        help="Run and manage a referral portal. Settings are read from the environment and from .env.",
    )
    group.params = [option for option in group.params if option.name not in ("app", "debug")]
    return click.version_option(__version__, prog_name="ring-portal", message="%(prog)s %(version)s")(group)


def main() -> None:
    """Run the console script `ring-portal`."""
    command_group().main()


def _share_counters(settings: Settings) -> None:
    """Let /metrics of any worker report the requests of all."""
    try:
        share_counters(f"{settings.app_url} {settings.database_url}")
    except OSError as error:
        log.warning("counters of this process only: no shared folder", error=str(error))


def _check_pooling(settings: Settings) -> None:
    try:
        require_locks(settings.database_url, settings.database_direct_url)
    except PoolingUnsupported:
        raise
    except DatabaseAway as error:
        log.warning(database_sentence(error))


def _say_how_to_make_an_admin() -> None:
    """Log one sentence while nobody can sign in as an admin; doctor says it too."""
    try:
        with explained_rights(), connection():
            if is_without_admin():
                log.warning(f"There is no admin yet: {MAKE_ADMIN}.")
    except RightMissing:
        raise
    except (DatabaseAway, *DATABASE_ERRORS):
        log.warning("admins not counted: the database is unavailable or not migrated")


def _install_languages(app: Flask) -> None:
    # Relative, because `;` separates several folders.
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = os.path.relpath(TRANSLATIONS, PACKAGE)
    Babel(app, locale_selector=select_locale)
    app.after_request(_remember_language)


def _remember_language(response: Response) -> Response:
    chosen = switched_locale()
    if chosen and remembered_locale() != chosen and response.mimetype == "text/html":
        response.set_cookie(
            own_cookie_name(LOCALE_COOKIE),
            chosen,
            max_age=365 * 24 * 3600,
            path="/",
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
    return response


def _wake_webhooks(response: Response) -> Response:
    """Send the events of this request now."""
    if take_published():
        portal: Portal = current_app.extensions["portal"]
        portal.wake("deliver_webhooks")
    return response


def _wrap(app: Flask, settings: Settings) -> None:
    app.wsgi_app = limit_node_calls(app)  # type: ignore[method-assign]
    app.wsgi_app = LocalePrefix(app.wsgi_app, PathSpelling(app.url_map))  # type: ignore[method-assign]
    app.wsgi_app = serve_static(app.wsgi_app)  # type: ignore[method-assign]
    app.wsgi_app = BeaconFastPath(app.wsgi_app, app)  # type: ignore[method-assign]
    app.wsgi_app = CommonHeaders(app.wsgi_app, settings)  # type: ignore[method-assign]
    app.wsgi_app = AccessLog(app.wsgi_app, is_logged=settings.access_log)  # type: ignore[method-assign]
    trust_header = settings.trusted_proxies > 0
    app.wsgi_app = RequestIds(app.wsgi_app, trust_header=trust_header)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
