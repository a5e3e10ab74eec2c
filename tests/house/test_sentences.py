"""Every error code has a status and a sentence, and every sentence can be rendered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import portal
from portal.lib.errors import PortalError
from portal.web.core import errors
from portal.web.text import messages
from portal.web.text.statuses import status_words
from tests.support.apps import development_app


def every_error() -> dict[str, type[PortalError]]:
    """Return the error classes of the whole portal by code."""
    for module in pkgutil.walk_packages(portal.__path__, "portal."):
        importlib.import_module(module.name)
    return {kind.code: kind for kind in subclasses(PortalError) if kind.__module__.startswith("portal.")}


def subclasses(kind: type[PortalError]) -> Iterator[type[PortalError]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


# Read by programs, or printed by commands in English; no page shows them.
INTERNAL = {
    "backup_unusable",
    "callback_malformed",
    "data_folder_unusable",
    "deployment_failed",
    "local_runtime",
}
# Params of all sentences; add a new one here.
PARAMS: dict[str, object] = {
    "proposal_status": "confirmed", "order_status": "created", "delivery_status": "delivered",
    "status": "approved", "reason": "rate_missing", "available": 2, "kind": "text", "at_most": 50, "at_least": 8,
    "expected": "1–50", "currency": "PLN", "product": "A lamp", "allowed": "a, b", "promised": 3, "found": 4,
    "state": "held", "decimals": 2, "tier": "MEMBER", "present": "CONFIDENTIAL",
    "until": datetime(2026, 12, 1, tzinfo=UTC), "refusal": "unknown_code", "kept": "ABCDEFGH",
    "left_minor": 1_000,
    "before": 1, "now": 2, "before_minor": 1_000, "now_minor": 2_000, "before_currency": "UAH", "now_currency": "UAH",
    "quantity": 2, "earns_reward": False,
    "choices": "a, b", "origin": "x", "amount": "1.00",
    "scope": "orders:write", "header": "webhook-id", "seconds": 400, "tolerance": 300, "is_ahead": True,
    "portal_time": 1_795_876_799, "external_id": "7", "sum": "10.00", "paid": "9.00", "difference": "1.00",
    "detail": "HTTP 503", "alias": "OLENA", "days": 7, "platform": "Shopify",
    "slug": "clay-teapot", "width": 9000, "columns": "a", "known": "b", "height": 9000,
    "ratio": "4.48", "minutes": 15, "total": 101, "character": "U+202E", "position": 3, "row": 5,
    "budget": "month", "used": Decimal(90), "limit": Decimal(100), "starts_at": datetime(2026, 12, 1, tzinfo=UTC),
}  # fmt: skip


def test_every_error_has_a_code_of_its_own() -> None:
    assert "error" not in every_error()


def test_every_code_has_a_sentence() -> None:
    missing = {
        f"{code} ({kind.__module__})" for code, kind in every_error().items() if code not in messages.ERRORS
    }
    assert not {name for name in missing if name.split()[0] not in INTERNAL}


def test_every_entry_belongs_to_an_error() -> None:
    known = (
        set(every_error()) | set(errors._HTTP_CODES.values()) | {"csrf_invalid", "internal", "input_invalid"}
    )
    left_over = set(messages.ERRORS) - known
    assert not left_over


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_every_sentence_renders(locale: str) -> None:
    app = development_app()
    with app.test_request_context("/", environ_overrides={"portal.locale": locale}):
        for code, answer in messages.ERRORS.items():
            text = answer.sentence(PARAMS)
            assert text, code
            assert "%(" not in text, code


def test_statuses_have_words_for_every_value() -> None:
    kinds = {
        "proposal": ("waiting", "confirmed", "declined", "expired"),
        "reward": ("pending_approval", "approved", "minting", "minted", "failed", "rejected"),
        "settlement": ("pending", "processing", "completed", "failed", "held", "cancelled"),
        "payment": ("created", "redirected", "pending", "paid", "failed", "cancelled", "refunded"),
        "order": ("created", "paid", "cancelled", "refunded"),
        "batch": ("created", "processing", "completed", "partial", "failed"),
        "callback": ("waiting", "unmatched", "closed", "refused", "applied", "duplicate"),
        "refund": ("requested", "waiting", "applied", "refused"),
    }
    with development_app().test_request_context("/"):
        for kind, statuses in kinds.items():
            words = [status_words(kind, status) for status in statuses]
            assert all(words)
            assert len(set(words)) == len(words)
