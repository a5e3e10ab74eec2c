"""Webhook endpoints of a store and what was sent to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.lib.errors import InputInvalid
from portal.lib.sealing import SecretReplaced
from portal.runtime import current_portal
from portal.web.core.errors import status_of
from portal.web.core.requests import form_switch
from portal.web.stores.area import Area, actor, area_view
from portal.web.stores.webhook_presenters import delivery_rows, endpoint_views
from portal.web.text.messages import error_text, error_texts
from portal.web.text.translate import gettext as _
from portal.web.text.webhooks import event_words
from portal.webhooks import (
    EVENT_TYPES,
    EndpointDisabled,
    NewSecret,
    TooManyEndpoints,
    create_endpoint,
    disable_endpoint,
    enable_endpoint,
    get_endpoint,
    list_active_endpoints,
    list_deliveries,
    list_disabled_endpoints,
    replay_delivery,
    rotate_secret,
    send_test_event,
)

if TYPE_CHECKING:
    from models import Store


@area_view("/stores/<int:store_id>/webhooks", any_store=True)
def webhooks(area: Area, store: Store) -> ResponseReturnValue:
    """Show the endpoints of a store, the form that adds one, and the deliveries."""
    return _page(area, store, {})


@area_view("/stores/<int:store_id>/webhooks", "POST", reconfirm=True, any_store=True)
def add_webhook(area: Area, store: Store) -> ResponseReturnValue:
    """Add an endpoint and show its secret once."""
    settings = current_portal().settings
    try:
        new = create_endpoint(
            store.id,
            request.form.get("url", ""),
            request.form.getlist("types"),
            actor(),
            key=settings.stored_key,
            allow_private=not settings.is_production,
        )
    except InputInvalid as error:
        return _page(area, store, error_texts(error)), status_of(error)
    except TooManyEndpoints as error:
        return _page(area, store, {"": error_text(error)}), status_of(error)
    return _show_secret(area, store, new, is_rotated=False)


@area_view("/stores/<int:store_id>/webhooks/<int:endpoint_id>/secret", "POST", reconfirm=True, any_store=True)
def rotate_webhook_secret(area: Area, store: Store, endpoint_id: int) -> ResponseReturnValue:
    """Replace the secret of an endpoint and show the new one once."""
    key = current_portal().settings.stored_key
    try:
        new = rotate_secret(store.id, endpoint_id, actor(), key=key, seen=request.form.get("seen"))
    except SecretReplaced as error:
        return _page(area, store, {f"endpoint-{endpoint_id}": error_text(error)}), status_of(error)
    return _show_secret(area, store, new, is_rotated=True)


@area_view("/stores/<int:store_id>/webhooks/<int:endpoint_id>/active", "POST", any_store=True)
def switch_webhook(area: Area, store: Store, endpoint_id: int) -> ResponseReturnValue:
    """Switch an endpoint off, or on again."""
    if form_switch("active"):
        try:
            enable_endpoint(store.id, endpoint_id, actor())
        except TooManyEndpoints as error:
            flash(error_text(error), "warning")
        else:
            current_portal().wake("deliver_webhooks")
            flash(_("The endpoint is switched on. Pending events are being sent."), "success")
    else:
        disable_endpoint(store.id, endpoint_id, "admin", actor())
        flash(_("The endpoint is switched off. Undelivered events stay pending."), "success")
    return area.back("webhooks", store)


@area_view("/stores/<int:store_id>/webhooks/<int:endpoint_id>/test", "POST", any_store=True)
def test_webhook(area: Area, store: Store, endpoint_id: int) -> ResponseReturnValue:
    """Send a test event to an endpoint."""
    try:
        send_test_event(store.id, endpoint_id, actor())
    except EndpointDisabled as error:
        flash(error_text(error), "warning")
    else:
        current_portal().wake("deliver_webhooks")
        flash(_("The test event is being sent. The response will appear below."), "success")
    return area.back("webhooks", store)


@area_view("/stores/<int:store_id>/webhooks/deliveries/<int:delivery_id>/replay", "POST", any_store=True)
def replay_webhook(area: Area, store: Store, delivery_id: int) -> ResponseReturnValue:
    """Send an event again."""
    try:
        replay_delivery(store.id, delivery_id, actor())
    except EndpointDisabled as error:
        flash(error_text(error), "warning")
    else:
        current_portal().wake("deliver_webhooks")
        flash(_("The event is being sent again."), "success")
    return area.back("webhooks", store)


def _page(area: Area, store: Store, errors: dict[str, str]) -> str:
    page = list_deliveries(store.id, request.args.get("cursor"))
    disabled = list_disabled_endpoints(store.id, request.args.get("endpoints"))
    chosen = request.form.getlist("types") if request.method == "POST" else EVENT_TYPES
    return area.page(
        "stores/webhooks.html",
        store,
        endpoints=endpoint_views(list_active_endpoints(store.id)),
        disabled=endpoint_views(disabled.rows),
        next_disabled=disabled.next_cursor,
        deliveries=delivery_rows(page.rows),
        next_cursor=page.next_cursor,
        choices=[(each, event_words(each), each in chosen) for each in EVENT_TYPES],
        url=request.form.get("url", ""),
        errors=errors,
        form_errors=list(errors.items()),
    )


def _show_secret(area: Area, store: Store, new: NewSecret, *, is_rotated: bool) -> str:
    return area.page(
        "stores/webhook_secret.html",
        store,
        url=get_endpoint(store.id, new.endpoint_id).url,
        secret=new.text,
        is_rotated=is_rotated,
    )
