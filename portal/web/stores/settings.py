"""What was decided about a store, and the end of its connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.flows.stores.connect_store import DEFAULTS
from portal.lib.errors import InputInvalid
from portal.stores import (
    StoreSettings,
    change_store,
    check_store_settings,
    disconnect_store,
    reconnect_store,
    store_digest,
)
from portal.stores.adapters.registry import list_platforms
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.vendor_field import vendor_field
from portal.web.stores.area import Area, actor, area_view
from portal.web.stores.choices import form_choices
from portal.web.stores.connect import chosen_vendor
from portal.web.text.messages import error_texts
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Store


@area_view("/stores/<int:store_id>/settings")
def settings(area: Area, store: Store) -> ResponseReturnValue:
    """Show what was decided about a store."""
    return _page(area, store, _present(store), {})


@area_view("/stores/<int:store_id>/settings", "POST", reconfirm=True)
def save_store_settings(area: Area, store: Store) -> ResponseReturnValue:
    """Change what was decided; orders that were paid before keep their terms."""
    try:
        change_store(store.id, _checked(area, store), actor(), shown=request.form.get("shown"))
    except InputInvalid as error:
        typed = {**_present(store), **request.form}
        return _page(area, store, typed, error_texts(error)), status_of(error)
    flash(_("The settings are saved."), "success")
    return area.back("settings", store)


@area_view("/stores/<int:store_id>/disconnect", "POST", reconfirm=True)
def disconnect(area: Area, store: Store) -> ResponseReturnValue:
    """End the connection of a store; its keys are dead at once."""
    flash_change(
        disconnect_store(store.id, actor()),
        _("The store is disconnected. Its keys no longer work; its orders stay."),
    )
    return area.back("settings", store)


@area_view("/stores/<int:store_id>/reconnect", "POST", reconfirm=True)
def reconnect(area: Area, store: Store) -> ResponseReturnValue:
    """Let a disconnected store report again, with new keys."""
    flash_change(
        reconnect_store(store.id, actor()), _("The store is connected again. Create a new key for it.")
    )
    return area.back("keys", store)


def _present(store: Store) -> dict[str, str]:
    return {
        "name": store.name,
        "platform": store.platform,
        "origins": "\n".join(store.origins),
        "default_vendor": str(store.default_vendor_id),
        **{name: str(getattr(store, name)) for name in DEFAULTS},
    }


def _checked(area: Area, store: Store) -> StoreSettings:
    typed = {**_present(store), **request.form}
    if not area.decides_terms:
        typed |= {name: str(getattr(store, name)) for name in DEFAULTS}
    vendor_id = chosen_vendor(area, typed["default_vendor"] or str(store.default_vendor_id))
    assert vendor_id is not None
    return check_store_settings(typed, typed["origins"].split(), vendor_id, list_platforms())


def _page(area: Area, store: Store, typed: Mapping[str, str], errors: dict[str, str]) -> str:
    return area.page(
        "stores/settings.html",
        store,
        typed=dict(typed),
        shown=request.form.get("shown", store_digest(store)),
        choices=form_choices(),
        vendor=vendor_field(typed["default_vendor"], area.vendor_ids()),
        errors=errors,
        form_errors=list(errors.items()),
    )
