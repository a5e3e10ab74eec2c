"""The dashboard of a store's customer inside a page of the store. See docs/stores/referrers.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, make_response, render_template
from flask.typing import ResponseReturnValue

from portal.stores import get_referrer
from portal.web.core.access import public
from portal.web.core.store_links import read_embed, sign_connection
from portal.web.core.urls import url_for
from portal.web.sdk.results import embedded_code, visible_results
from portal.web.sdk.routes import blueprint

if TYPE_CHECKING:
    from models import Store


@blueprint.get("/embed/<token>")
@public(csrf=False)
def embedded(token: str) -> ResponseReturnValue:
    """Show links, visits and rewards inside a page of the store; read-only, without session and cookies."""
    referrer_id, is_valid = read_embed(token)
    referrer = get_referrer(referrer_id)
    page = render_template(
        "sdk/embedded.html",
        is_valid=is_valid,
        code=embedded_code(referrer) if is_valid else None,
        results=visible_results(referrer) if is_valid else None,
        origins=" ".join(referrer.store.origins),
        connect_url=url_for("referrer.show_connection", token=sign_connection(referrer.id)),
    )
    return _framed_by(referrer.store, make_response(page))


def _framed_by(store: Store, response: Response) -> Response:
    """Let pages of the store's registered origins show this one, and no others."""
    allowed = " ".join(store.origins) or "'none'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; img-src 'self' data:; form-action 'none'; frame-ancestors {allowed}; "
        "base-uri 'none'; object-src 'none'"
    )
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
