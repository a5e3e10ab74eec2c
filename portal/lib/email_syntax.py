"""The syntax of e-mail addresses. Its library takes long to load, so this is imported where an address is read."""

from __future__ import annotations

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, ValidatedEmail, validate_email

# Portals also run in closed networks and tests, which use reserved names such as .local and .test. Confirmation shows
# whether an address works. The library documents this way to change its list.
SPECIAL_USE_DOMAIN_NAMES.clear()

__all__ = ["EmailNotValidError", "read_email"]


def read_email(text: str) -> ValidatedEmail:
    """Return the parts of an address in normal form; raise EmailNotValidError."""
    return validate_email(text, check_deliverability=False, globally_deliverable=False)
