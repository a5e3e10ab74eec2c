"""Forms that show what is stored: its digest comes back with the form, so that nobody overwrites an unseen change."""

from __future__ import annotations

import hashlib
import json

from portal.lib.errors import PortalError


class ChangedMeanwhile(PortalError):
    """What a form shows has been changed since it was loaded."""

    code = "changed_meanwhile"


def digest_of(*values: object) -> str:
    """Return a short digest of values as they are stored."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def require_unchanged(shown: str | None, stored: str) -> None:
    """Raise ChangedMeanwhile where a form showed something else than what is stored; None is no form."""
    if shown is not None and shown != stored:
        raise ChangedMeanwhile
