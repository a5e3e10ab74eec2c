"""Signed requests of a store (Standard Webhooks 1.0.0). See docs/stores/api.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError, WebhookVerificationError

from portal.lib.errors import PortalError

SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
SIGNATURE_TOLERANCE_SECONDS = 300


class SignatureMissing(PortalError):
    """The store signs its requests and this one lacks a header; param `header`."""

    code = "store_signature_missing"


class SignatureWrong(PortalError):
    """The signature is not of this body, id and time by the store's secret."""

    code = "store_signature_wrong"


class SignatureTimeWrong(PortalError):
    """The request was signed too long ago, or in the future.

    Params: seconds and tolerance, is_ahead, and portal_time (seconds since 1970); none if the time is no such number.
    """

    code = "store_signature_time"


class SignatureUnexpected(PortalError):
    """The request is signed and the store has no secret to check it by."""

    code = "store_signature_unexpected"


def check_signature(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, required: bool, now: datetime
) -> None:
    """Check a signature by any of the secrets if there is one or the store requires it.

    `headers` are by their names in lower case. Raises SignatureMissing, SignatureUnexpected, SignatureTimeWrong or
    SignatureWrong.
    """
    missing = [name for name in SIGNATURE_HEADERS if not headers.get(name)]
    if len(missing) == len(SIGNATURE_HEADERS) and not required:
        return
    if missing:
        raise SignatureMissing(header=missing[0])
    if not secrets:
        raise SignatureUnexpected
    _check_time(headers["webhook-timestamp"], now)
    if not any(_is_signed(body, headers, secret) for secret in secrets):
        raise SignatureWrong


def _is_signed(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError):
        # ValueError: a signature without its version, not in base64, or a body that is not UTF-8.
        return False
    return True


def _check_time(text: str, now: datetime) -> None:
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise SignatureTimeWrong
    portal_time = int(now.timestamp())
    behind = portal_time - int(text)
    if abs(behind) > SIGNATURE_TOLERANCE_SECONDS:
        raise SignatureTimeWrong(
            seconds=abs(behind),
            tolerance=SIGNATURE_TOLERANCE_SECONDS,
            is_ahead=behind < 0,
            portal_time=portal_time,
        )
