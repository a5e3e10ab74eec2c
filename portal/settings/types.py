"""Types of settings with their checks; a message continues a sentence that begins with the name of the setting."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from portal.lib.addresses import AddressChecksumWrong, InvalidAddress, canonical_address
from portal.lib.texts import CharacterRefused, clean_line


def _address(value: str) -> str:
    try:
        return canonical_address(value) if value else ""
    except AddressChecksumWrong as error:
        raise ValueError("must be an address with a correct EIP-55 checksum; copy it again") from error
    except InvalidAddress as error:
        raise ValueError("must be an address of 0x and 40 hex digits") from error


def _line(value: str) -> str:
    try:
        return clean_line(value)
    except CharacterRefused as error:
        raise ValueError("must not contain {character}".format(**error.params)) from error


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise ValueError("must be an http:// or https:// URL")
    return value.rstrip("/")


def _site_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (value.rstrip("/") != f"{parts.scheme}://{parts.netloc}" or not _is_host(parts)):
        raise ValueError("must be a scheme and a host only, since the portal is not served under a path")
    return _http_url(value)


def _is_host(parts: SplitResult) -> bool:
    try:
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # a port that is no number
        return False


def _logo_url(value: str) -> str:
    if value.startswith("/") and not value.startswith("//"):
        return value
    return _http_url(value)


def _private_key(value: SecretStr) -> SecretStr:
    digits = value.get_secret_value().removeprefix("0x")
    if digits and (len(digits) != 64 or any(c not in "0123456789abcdefABCDEF" for c in digits)):
        raise ValueError("must be a private key of 64 hex digits")
    return value


Address = Annotated[str, AfterValidator(_address)]
Line = Annotated[str, AfterValidator(_line)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
LogoUrl = Annotated[str, AfterValidator(_logo_url)]
PrivateKey = Annotated[SecretStr, AfterValidator(_private_key)]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
PositiveDecimal = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


def encryption_problems(**urls: str) -> Iterator[str]:
    """Yield a sentence for each URL that is unencrypted and leaves the private network."""
    for name, url in urls.items():
        if _is_public_http(url):
            yield f"{name.upper()} must start with https:// in production"


def _is_public_http(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    try:
        return ip_address(parts.hostname or "").is_global
    except ValueError:
        return "." in (parts.hostname or "")
