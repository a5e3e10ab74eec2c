"""Referrers inside a store. See docs/stores/referrers.md."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from portal.chain import checksum
from portal.flows.stores.store_referrers import ensure_store_referrer, read_stated_wallet
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
    secret = settings.stored_key
    wallet = read_stated_wallet(received.content.wallet_address, settings)
    referrer, code = ensure_store_referrer(
        caller.store, customer.external_id, customer.email, secret, wallet=wallet, live=caller.live
    )
    answer = {
        "connected": referrer.user_id is not None,
        "code": code.code,
        "shareUrl": share_url_in_store(caller.store, code.code),
        "embedUrl": f"{settings.app_url}{url_for('sdk.embedded', token=sign_embed(referrer.id))}",
        "expiresIn": EMBED_SECONDS,
        **_wallet(wallet or referrer.stated_wallet, code.wallet_address if referrer.user_id else ""),
    }
    return jsonify(with_ignored(answer, received.ignored_fields))


def _wallet(stated: str | None, proven: str) -> dict[str, str | None]:
    """Return the wallet that the store named, and whether rewards go to it; never another one of its owner."""
    if stated is None:
        return {"walletAddress": None, "walletStatus": None}
    status = "unproven" if not proven else "proven" if proven == stated else "other_proven"
    return {"walletAddress": checksum(stated), "walletStatus": status}
