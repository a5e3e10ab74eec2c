"""What a store needs to reach the portal: addresses, and keys and a secret that are shown once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.db import Actor, transaction
from portal.runtime import current_portal
from portal.stores import (
    PLATFORMS_WITH_OWN_SECRET,
    create_key,
    replace_webhook_secret,
    webhook_path,
)
from portal.web.sdk.releases import snippet_tag

if TYPE_CHECKING:
    from models import Store


@dataclass(frozen=True, slots=True)
class AccessData:
    """Addresses of the portal for a store; keys and the secret are None except when they were just created."""

    portal_url: str
    public_id: str
    snippet: str
    hook_url: str | None
    live_key: str | None = None
    test_key: str | None = None
    secret: str | None = None


def access_of(store: Store) -> AccessData:
    """Return the addresses of a store, without keys."""
    url = current_portal().settings.app_url
    hook = webhook_path(store)
    return AccessData(
        portal_url=url,
        public_id=store.public_id,
        snippet=str(snippet_tag(url, store.public_id)),
        hook_url=f"{url}{hook}" if hook else None,
    )


def create_access(store: Store, actor: Actor) -> AccessData:
    """Create a live and a test key, and the webhook secret where the portal makes it; return them once."""
    data = access_of(store)
    secret = None
    with transaction():
        live, test = (create_key(store.id, mode, actor, created_by=None).text for mode in ("live", "test"))
        if data.hook_url and store.platform not in PLATFORMS_WITH_OWN_SECRET:
            key = current_portal().settings.stored_key
            secret = replace_webhook_secret(store, key, actor, None)
    return AccessData(
        data.portal_url,
        data.public_id,
        data.snippet,
        data.hook_url,
        live_key=live,
        test_key=test,
        secret=secret,
    )
