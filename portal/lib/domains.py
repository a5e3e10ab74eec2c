"""Domain names as DNS has them: in ASCII, other scripts as `xn--`."""

from __future__ import annotations

# Letters that IDNA 2003 replaces or drops.
_READ_DIFFERENTLY = frozenset("ßς\u200c\u200d")


def ascii_domain(domain: str) -> str:
    """Return a domain as browsers and mail servers look it up (UTS 46, without its transition); raise UnicodeError.

    The codec of Python is that of IDNA 2003, in which faß.de is fass.de, another domain. It is left for
    what IDNA 2008 does not know, such as emoji.
    """
    if domain.isascii():
        return domain.encode("idna").decode().lower()
    from idna import IDNAError, encode  # noqa: PLC0415

    try:
        return encode(domain, uts46=True).decode()
    except IDNAError:
        if _READ_DIFFERENTLY.intersection(domain.lower()):
            raise
        return domain.encode("idna").decode().lower()
