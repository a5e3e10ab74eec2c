"""The secret with which a store signs its requests, and whether it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.lib.sealing import SecretReplaced
from portal.runtime import current_portal
from portal.stores import (
    SigningSecretMissing,
    end_previous_signing_secret,
    require_signature,
    rotate_signing_secret,
)
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.requests import form_switch
from portal.web.stores.area import Area, actor, area_view
from portal.web.stores.keys import keys_page
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Store


@area_view("/stores/<int:store_id>/signing", "POST", reconfirm=True)
def replace_signing_secret(area: Area, store: Store) -> ResponseReturnValue:
    """Give the store a new signing secret and show it once."""
    key = current_portal().settings.stored_key
    is_rotated = store.signing_secret is not None
    try:
        new = rotate_signing_secret(store.id, key, actor(), seen=request.form.get("seen"))
    except SecretReplaced as error:
        return keys_page(area, store, {"signing": error_text(error)}), status_of(error)
    return area.page(
        "stores/shown_once.html", store, label=_("Signing secret"), value=new, is_rotated=is_rotated
    )


@area_view("/stores/<int:store_id>/signing/end-previous", "POST", reconfirm=True)
def end_signing_secret(area: Area, store: Store) -> ResponseReturnValue:
    """End the signing secret before the present one."""
    flash_change(end_previous_signing_secret(store.id, actor()), _("The previous secret is no longer valid."))
    return area.back("keys", store)


@area_view("/stores/<int:store_id>/signing/required", "POST", reconfirm=True)
def require_signatures(area: Area, store: Store) -> ResponseReturnValue:
    """Refuse unsigned requests of the store, or accept them again."""
    is_required = form_switch("required")
    try:
        require_signature(store.id, actor(), is_required=is_required)
    except SigningSecretMissing as error:
        flash(error_text(error), "warning")
    else:
        accepted, refused = _("Unsigned requests are accepted."), _("Unsigned requests are refused.")
        flash(refused if is_required else accepted, "success")
    return area.back("keys", store)
