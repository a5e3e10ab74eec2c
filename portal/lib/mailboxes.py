"""The mailbox behind an e-mail address: several addresses can lead to one reader."""

from __future__ import annotations

_ONE_MAILBOX = {"googlemail.com": "gmail.com"}


def mailbox(email: str) -> str:
    """Return the mailbox of an address: lower case, without a +tag, at Google also without dots."""
    local, _, domain = email.lower().rpartition("@")
    domain = _ONE_MAILBOX.get(domain, domain)
    name = local.partition("+")[0]
    return f"{name.replace('.', '') if domain == 'gmail.com' else name}@{domain}"
