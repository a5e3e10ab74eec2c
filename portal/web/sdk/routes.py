"""`ring.js`, the tag that loads it, and the badge. See docs/stores/snippet.md."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from werkzeug.exceptions import NotFound

from portal.flows.accounts.code_state import find_creditable_code
from portal.runtime import current_portal
from portal.stores import get_store_of_pages
from portal.web.core.access import public
from portal.web.core.locale import LOCALES
from portal.web.sdk.releases import FLOATING, read_release, snippet_tag
from portal.web.sdk.sharing import share_with_pages
from portal.web.text.translate import gettext as _

blueprint = Blueprint("sdk", __name__)

_FLOATING_SECONDS, _FIXED_SECONDS, _BADGE_SECONDS = 600, 365 * 24 * 3600, 60


@blueprint.get("/sdk/<version>/ring.js")
@public(csrf=False)
def script(version: str) -> ResponseReturnValue:
    """Return a version of the snippet, which never changes, or under `v1` the newest one."""
    content = read_release(version)
    if content is None:
        raise NotFound
    response = Response(content, mimetype="text/javascript")
    response.cache_control.public = True
    response.cache_control.max_age = _FLOATING_SECONDS if version == FLOATING else _FIXED_SECONDS
    response.cache_control.immutable = version != FLOATING
    # Any page may load it; with a hash the browser asks for it by CORS.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/sdk/snippet/<store>")
@public(csrf=False)
def snippet(store: str) -> ResponseReturnValue:
    """Return the tag for the pages of a store as text; raise StoreUnknown."""
    public_id = get_store_of_pages(store).public_id
    tag = snippet_tag(current_portal().settings.app_url, public_id)
    return Response(f"{tag}\n", mimetype="text/plain", headers={"Cache-Control": "no-cache"})


@blueprint.get("/api/v1/badge")
@public(csrf=False)
def badge() -> ResponseReturnValue:
    """Say whether a code applies in a store, in the language of the page; nothing about the reader is looked at."""
    store, code = request.args.get("store", ""), request.args.get("code", "")
    share_with_pages(get_store_of_pages(store))
    language = request.args.get("lang", "").partition("-")[0].lower()
    language = language if language in LOCALES else "en"
    applies = find_creditable_code(code) is not None
    with force_locale(language):
        text = _("Referral code %(code)s applied. Your price stays the same.", code=code) if applies else None
    response = jsonify(applies=applies, text=text, lang=language)
    response.cache_control.public = True
    response.cache_control.max_age = _BADGE_SECONDS
    return response
