"""Note where referrers and buyers are seen, and keep that the two of one referral were seen at the same place.

It only ever informs an admin (docs/privacy.md): nothing reads it to refuse an order or to change an amount.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from peewee import PeeweeException

from models import Order, User
from portal.accounts import is_device, network_of, prune_signals, record_signals
from portal.codes import list_codes
from portal.db import query
from portal.db.connection import DATABASE_ERRORS
from portal.lib.clock import utc_today
from portal.logs import get_logger
from portal.settings import Settings

log = get_logger(__name__)

_KEEP_SHARED = """
INSERT INTO shared_signals (referrer_user_id, referee_user_id, kind)
SELECT DISTINCT pair.referrer, pair.referee, other.kind
FROM unnest(%(kinds)s::text[], %(others)s::bigint[]) AS other (kind, id),
    LATERAL (VALUES (other.id, %(user)s), (%(user)s, other.id)) AS pair (referrer, referee)
WHERE EXISTS (SELECT FROM users WHERE id = pair.referee AND referred_by_user_id = pair.referrer)
    OR EXISTS (SELECT FROM orders WHERE buyer_user_id = pair.referee AND referrer_user_id = pair.referrer)
ON CONFLICT DO NOTHING
"""
# What was seen in common explains a reward for as long as there is one; without a reward it explains nothing.
_PRUNE_SHARED = """
DELETE FROM shared_signals s WHERE found_at < now() - interval '30 days' AND NOT EXISTS (
    SELECT FROM referral_rewards r
    WHERE r.referrer_user_id = s.referrer_user_id AND r.referee_user_id = s.referee_user_id)
RETURNING kind
"""


@dataclass(frozen=True)
class Sighting:
    """Where a request came from: the visitor's address, and the device cookie the portal once set."""

    address: str | None
    device: str | None


# Whoever is not noted is not looked at either, and gets no cookie.
Look = Callable[[], Sighting]


def note_referrer(user_id: int, look: Look, settings: Settings) -> None:
    """Note where somebody who owns a share code is seen; nobody else's sign-in is noted."""
    if list_codes(user_id):
        note_sighting(user_id, look(), settings)


def note_buyer(order: Order, look: Look, settings: Settings) -> None:
    """Note where the buyer of an attributed order is seen; a purchase that credits nobody is not noted."""
    if order.referral_code and order.buyer_user_id is not None:
        note_sighting(order.buyer_user_id, look(), settings)


def note_referred(user: User, look: Look, settings: Settings) -> None:
    """Note where a referred account is seen when it confirms its e-mail or pays for a membership."""
    if user.referred_by_user_id:
        note_sighting(user.id, look(), settings)


def note_sighting(user_id: int, sighting: Sighting, settings: Settings) -> None:
    """Record hashes of where an account was seen, and keep which referrer or buyer of it was seen there too.

    Never fails: what it is beside matters more.
    """
    try:
        others = record_signals(
            user_id, _seen(sighting, settings), settings.secret_key.get_secret_value(), utc_today()
        )
        if others:
            kinds, users = [kind for kind, _ in others], [other for _, other in others]
            query(_KEEP_SHARED, {"user": user_id, "kinds": kinds, "others": users})
    except (PeeweeException, *DATABASE_ERRORS):
        log.exception("sighting not recorded", user_id=user_id)


def forget_sightings() -> int:
    """Delete hashes whose time is over, and common sightings that no reward needs; return how many of both."""
    return prune_signals(utc_today()) + len(query(_PRUNE_SHARED))


def _seen(sighting: Sighting, settings: Settings) -> dict[str, str]:
    network = network_of(sighting.address, public_only=settings.is_production)
    device = sighting.device if is_device(sighting.device) else None
    return {kind: value for kind, value in (("address", network), ("device", device)) if value}
