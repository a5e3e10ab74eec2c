"""Let pages of a connected store read an answer: CORS for the origins that the store registered, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, after_this_request, request

from portal.stores import StoreUnknown, get_store_of_pages, note_snippet_seen

if TYPE_CHECKING:
    from models import Store


def share_with_pages(store: Store) -> bool:
    """Let the page that sent the request read the answer, errors included, if it is of this store; return whether."""
    origin = request.headers.get("Origin", "")
    is_registered = origin in store.origins

    @after_this_request
    def share(response: Response) -> Response:
        response.vary.add("Origin")
        if is_registered:
            response.headers["Access-Control-Allow-Origin"] = origin
        return response

    return is_registered


def is_arrival_in_store(public_id: object) -> bool:
    """Return whether a page of a store reports an arrival, which then may come from another origin than ours."""
    try:
        store = get_store_of_pages(public_id) if isinstance(public_id, str) else None
    except StoreUnknown:
        return False
    if store is None or not share_with_pages(store):
        return False
    note_snippet_seen(store.id)
    return True
