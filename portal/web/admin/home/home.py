"""The page that an admin finds after signing in, and closing several alerts at once."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.chain import list_alerts
from portal.flows.audit.alerts import close_selected_alerts
from portal.flows.minting.watch_chain import last_watch
from portal.flows.overviews.admin_home import admin_home
from portal.runtime import current_portal
from portal.web.admin.audit.presenters import alert_rows
from portal.web.admin.home.blueprint import blueprint
from portal.web.admin.home.figures import day_plots, store_rows
from portal.web.admin.home.health import health_lines
from portal.web.admin.home.presenters import money_rows, queue_tiles, step_rows, token_tiles
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.urls import url_for
from portal.web.health import health_monitor
from portal.web.text.format import when
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

_SHOWN_ALERTS = 20


@blueprint.get("")
@for_role("admin")
def show() -> ResponseReturnValue:
    """Show what waits, money, four plots of the last 28 days, health and open alerts."""
    portal = current_portal()
    home = admin_home(portal.settings)
    watch = last_watch(portal.chain) if portal.chain.configured else None
    health = health_monitor().health(scheduler_running=portal.scheduler_running())
    alerts = list_alerts().rows
    return render_template(
        "admin/home/show.html",
        steps=step_rows(home.steps),
        queues=queue_tiles(home.waiting),
        money=money_rows(home.money),
        tokens=token_tiles(home.tokens),
        plots=day_plots(home),
        stores=store_rows(home),
        counted=when(home.counted_at) if home.counted_at else None,
        health=health_lines(health, watch, home, portal.settings),
        alerts=alert_rows(alerts[:_SHOWN_ALERTS]),
        has_more_alerts=len(alerts) > _SHOWN_ALERTS,
    )


@blueprint.post("/alerts/close")
@for_role("admin", reconfirm=True)
def close_alerts() -> ResponseReturnValue:
    """Close the selected alerts; one that was closed meanwhile is left out of the count."""
    selected = request.form.getlist("ids", type=int)
    if selected:
        closed = close_selected_alerts(selected, current_user().id)
        flash(ngettext("%(num)s alert is closed.", "%(num)s alerts are closed.", closed), "success")
    else:
        flash(_("Select at least one alert."), "warning")
    return redirect(url_for("admin.home.show", _anchor="alerts"), 303)
