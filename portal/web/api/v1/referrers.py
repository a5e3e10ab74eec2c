"""Referrers inside a store. See docs/stores/referrers.md."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from portal.flows.stores.store_referrers import ensure_store_referrer
from portal.runtime import current_portal
from portal.stores import ORDERS_WRITE
from portal.web.api.v1.answers import with_ignored
from portal.web.api.v1.blueprint import blueprint
from portal.web.api.v1.bodies import read_body
from portal.web.api.v1.keys import Caller, store_key
from portal.web.api.v1.models import ReferrerBody
from portal.web.core.access import public
from portal.web.core.store_links import EMBED_SECONDS, sign_embed
from portal.web.core.urls import url_for
from portal.web.sdk.results import share_url_in_store


@blueprint.post("/referrers")
@public(csrf=False)
@store_key(ORDERS_WRITE)
def create_referrer(caller: Caller) -> ResponseReturnValue:
    """Create or find the referrer behind a store's customer, with their code; nothing of a test stays."""
    received = read_body(ReferrerBody)
    settings, customer = current_portal().settings, received.content.customer
    secret = settings.secret_key.get_secret_value()
    referrer, code = ensure_store_referrer(
        caller.store, customer.external_id, customer.email, secret, live=caller.live
    )
    answer = {
        "connected": referrer.user_id is not None,
        "code": code.code,
        "shareUrl": share_url_in_store(caller.store, code.code),
        "embedUrl": f"{settings.app_url}{url_for('sdk.embedded', token=sign_embed(referrer.id))}",
        "expiresIn": EMBED_SECONDS,
    }
    return jsonify(with_ignored(answer, received.ignored_fields))
