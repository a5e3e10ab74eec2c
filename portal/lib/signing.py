"""Signed texts that know when they were signed: the session cookie, links and seals."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from portal.lib.clock import utc_now

SHA_256 = {"digest_method": hashlib.sha256}
# No clock of a host is further ahead than this; what claims to be was not signed in good order.
_MOST_AHEAD = timedelta(days=1)


class SkewSigner(TimestampSigner):
    """Accept what a host whose clock is ahead has signed, or this one before its clock was set back.

    The base class refuses a signature that is a second ahead as expired, so that one host of a portal would sign
    people out whom another one has just signed in.
    """

    def unsign(self, signed_value: Any, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        try:
            return super().unsign(signed_value, max_age, return_timestamp)  # type: ignore[call-overload]
        except SignatureExpired as error:
            if error.date_signed is None or not timedelta() < error.date_signed - utc_now() < _MOST_AHEAD:
                raise
            return super().unsign(signed_value, None, return_timestamp)  # type: ignore[call-overload]


def timed_serializer(secret_key: Any, salt: str, **options: Any) -> URLSafeTimedSerializer:
    """Return a serializer for texts whose age is checked when they are read."""
    return URLSafeTimedSerializer(
        secret_key, salt=salt, signer=SkewSigner, **{"signer_kwargs": SHA_256, **options}
    )
