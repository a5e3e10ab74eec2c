"""Keys, the secret of the webhooks, and the access to the API of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.lib.errors import PortalError
from portal.lib.sealing import SecretReplaced, seal_mark
from portal.runtime import current_portal
from portal.stores import (
    PLATFORMS_WITH_OWN_SECRET,
    create_key,
    end_previous_webhook_secret,
    has_store_api,
    list_revoked_keys,
    list_valid_keys,
    replace_webhook_secret,
    revoke_key,
    set_store_api,
)
from portal.stores.adapters.registry import find_adapter
from portal.stores.keys import KeyMode
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.requests import FieldInvalid, form_choice
from portal.web.stores.access_data import access_of
from portal.web.stores.area import Area, actor, area_view
from portal.web.stores.presenters import key_views
from portal.web.text.messages import error_text
from portal.web.text.store_credentials import credential_label
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Store

CREDENTIAL_MAX = 500


@area_view("/stores/<int:store_id>/keys")
def keys(area: Area, store: Store) -> ResponseReturnValue:
    """Show the keys, the webhook secret and the access to the store's API, without their texts."""
    return keys_page(area, store)


@area_view("/stores/<int:store_id>/keys", "POST", reconfirm=True)
def add_key(area: Area, store: Store) -> ResponseReturnValue:
    """Create a key and show it once."""
    mode: KeyMode = "test" if form_choice("mode", "live", "test") == "test" else "live"
    if not store.active:
        flash(_("The store is disconnected. Connect it again first."), "warning")
        return area.back("keys", store)
    try:
        new = create_key(store.id, mode, actor(), created_by=current_user().id)
    except PortalError as error:
        return keys_page(area, store, {"key": error_text(error)}), status_of(error)
    label = _("Test key") if mode == "test" else _("Key")
    return area.page("stores/shown_once.html", store, label=label, value=new.text, is_rotated=False)


@area_view("/stores/<int:store_id>/keys/<int:key_id>/revoke", "POST", reconfirm=True)
def revoke_store_key(area: Area, store: Store, key_id: int) -> ResponseReturnValue:
    """End a key at once."""
    revoke_key(store.id, key_id, actor())
    flash(_("The key is revoked. Requests with it are refused."), "success")
    return area.back("keys", store)


@area_view("/stores/<int:store_id>/secret", "POST", reconfirm=True)
def rotate_store_secret(area: Area, store: Store) -> ResponseReturnValue:
    """Give the webhooks a new secret, made here and shown once, or the one that the platform shows."""
    key = current_portal().settings.stored_key
    is_typed = store.platform in PLATFORMS_WITH_OWN_SECRET
    typed = request.form.get("secret", "").strip() if is_typed else None
    is_rotated = store.webhook_secret is not None
    try:
        new = replace_webhook_secret(store, key, actor(), typed, seen=request.form.get("seen"))
    except SecretReplaced as error:
        return keys_page(area, store, {"webhook": error_text(error)}), status_of(error)
    except PortalError as error:
        return keys_page(area, store, {"secret": error_text(error)}), status_of(error)
    if is_typed:
        flash(_("The secret is saved."), "success")
        return area.back("keys", store)
    return area.page(
        "stores/shown_once.html", store, label=_("Webhook secret"), value=new, is_rotated=is_rotated
    )


@area_view("/stores/<int:store_id>/secret/end-previous", "POST", reconfirm=True)
def end_store_secret(area: Area, store: Store) -> ResponseReturnValue:
    """End the secret before the present one."""
    flash_change(end_previous_webhook_secret(store.id, actor()), _("The previous secret is no longer valid."))
    return area.back("keys", store)


@area_view("/stores/<int:store_id>/api", "POST", reconfirm=True)
def save_store_api(area: Area, store: Store) -> ResponseReturnValue:
    """Store how the portal reaches the API of the store."""
    names = _credential_names(store)
    typed = {name: request.form.get(f"secret_{name}", "").strip() for name in names}
    errors = {
        f"secret_{name}": error_text(_credential_error(name, value))
        for name, value in typed.items()
        if not value or len(value) > CREDENTIAL_MAX
    }
    if not names:
        return area.back("keys", store)
    if errors:
        return keys_page(area, store, errors), 422
    try:
        key = current_portal().settings.stored_key
        set_store_api(store.id, request.form.get("api_url", "").strip(), typed, key, actor())
    except PortalError as error:
        return keys_page(area, store, {"api_url": error_text(error)}), status_of(error)
    flash(_("The credentials are saved. The portal polls the store within a minute."), "success")
    return area.back("keys", store)


def _credential_error(name: str, value: str) -> FieldInvalid:
    kind = "long" if value else "missing"
    return FieldInvalid(field=name, expected="text", kind=kind, at_most=CREDENTIAL_MAX)


def _credential_names(store: Store) -> tuple[str, ...]:
    adapter = find_adapter(store.platform)
    return adapter.credential_names if adapter else ()


def keys_page(area: Area, store: Store, errors: dict[str, str] | None = None) -> str:
    """Render the page of a store's keys and secrets with the errors of its forms by field."""
    errors = errors or {}
    revoked = list_revoked_keys(store.id, request.args.get("revoked"))
    values: dict[str, Any] = {
        "access": access_of(store),
        "keys": key_views(list_valid_keys(store.id)),
        "revoked": key_views(revoked.rows),
        "next_revoked": revoked.next_cursor,
        "has_secret": store.webhook_secret is not None,
        "secret_mark": seal_mark(store.webhook_secret),
        "has_previous_secret": store.previous_webhook_secret is not None,
        "is_secret_typed": store.platform in PLATFORMS_WITH_OWN_SECRET,
        "credentials": [(name, credential_label(name)) for name in _credential_names(store)],
        "has_api": has_store_api(store),
        "has_signing_secret": store.signing_secret is not None,
        "signing_mark": seal_mark(store.signing_secret),
        "has_previous_signing_secret": store.previous_signing_secret is not None,
        "store_requires_signature": store.signature_required,
        "api_url": request.form.get("api_url") or store.api_url or "",
    }
    return area.page("stores/keys.html", store, **values, errors=errors, form_errors=list(errors.items()))
