"""Record where referrers and buyers are seen, and which pairs of a referral share a network or browser.

The result only informs admins (docs/privacy.md); it never refuses an order or changes an amount.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from peewee import PeeweeException

from models import Order, User
from portal.accounts import is_device, network_of, prune_signals, record_signals
from portal.codes import list_codes
from portal.db import query, report_outage
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
# Shared signals are kept as long as there is a reward they explain.
_PRUNE_SHARED = """
DELETE FROM shared_signals s WHERE found_at < now() - interval '30 days' AND NOT EXISTS (
    SELECT FROM referral_rewards r
    WHERE r.referrer_user_id = s.referrer_user_id AND r.referee_user_id = s.referee_user_id)
RETURNING kind
"""


@dataclass(frozen=True)
class Sighting:
    """The origin of a request: the address of the visitor and the device cookie."""

    address: str | None
    device: str | None


# Called only when a sighting is recorded, since it sets the device cookie.
Look = Callable[[], Sighting]


def note_referrer(user_id: int, look: Look, settings: Settings) -> None:
    """Record a sign-in of an owner of share codes; others are not recorded."""
    if list_codes(user_id):
        note_sighting(user_id, look(), settings)


def note_buyer(order: Order, look: Look, settings: Settings) -> None:
    """Record the buyer of an attributed order; other purchases are not recorded."""
    if order.referral_code and order.buyer_user_id is not None:
        note_sighting(order.buyer_user_id, look(), settings)


def note_referred(user: User, look: Look, settings: Settings) -> None:
    """Record a referred account that confirms its e-mail or pays for a membership."""
    if user.referred_by_user_id:
        note_sighting(user.id, look(), settings)


def note_sighting(user_id: int, sighting: Sighting, settings: Settings) -> None:
    """Record hashes of a sighting and the referrers and buyers that share them.

    Database errors are logged and never raised: the calling action matters more.
    """
    try:
        others = record_signals(user_id, _seen(sighting, settings), settings.stored_key, utc_today())
        if others:
            kinds, users = [kind for kind, _ in others], [other for _, other in others]
            query(_KEEP_SHARED, {"user": user_id, "kinds": kinds, "others": users})
    except (PeeweeException, *DATABASE_ERRORS) as error:
        if not report_outage(error):
            log.exception("sighting not recorded", user_id=user_id)


def forget_sightings() -> int:
    """Delete expired hashes and shared signals without a reward; return the number of both."""
    return prune_signals(utc_today()) + len(query(_PRUNE_SHARED))


def _seen(sighting: Sighting, settings: Settings) -> dict[str, str]:
    network = network_of(sighting.address, public_only=settings.is_production)
    device = sighting.device if is_device(sighting.device) else None
    return {kind: value for kind, value in (("address", network), ("device", device)) if value}
