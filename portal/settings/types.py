"""Types of settings with their checks; a message continues a sentence that begins with the name of the setting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import psycopg2
from limits import parse_many
from psycopg2.extensions import parse_dsn
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from portal.lib.addresses import AddressChecksumWrong, InvalidAddress, canonical_address
from portal.lib.money import InvalidAmount, parse_amount, plain_amount, to_major
from portal.lib.texts import CharacterRefused, clean_line
from portal.lib.urls import host_of, origin_of, split_url

# Rates and prices are stored with 18 decimals.
_RATE_PLACES = 18
_LEAST_RATE, _MOST_RATE = Decimal("1E-18"), Decimal(10**12)
# The languages that the portal speaks.
LANGUAGES = ("en", "uk", "ru")
# The most characters of a name in the header.
LINE_MAX = 60
# The shortest value of each secret that production accepts.
SECRET_LENGTHS = {
    "secret_key": 32,
    "data_key": 32,
    "cron_secret": 16,
    "metrics_token": 16,
    "wayforpay_secret_key": 12,
    "referral_minter_keystore_password": 8,
}
# Random texts of 16 hex digits have more; repeated characters and words do not.
_DIFFERENT_CHARACTERS = 6
# The first accounts of every local test chain.
_PUBLISHED_KEYS = {
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
}
_KEY = re.compile(r"[0-9a-fA-F]{64}\Z")
# A private key of secp256k1 is below this number.
_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
# Redis counts in 64 bits.
_MOST_REQUESTS, _YEAR_SECONDS = 10**12, 366 * 86_400
_REDIS_SCHEMES = ("redis", "rediss")
_ENCRYPTED = {"http": "https", "redis": "rediss"}
_PRIVATE_SUFFIXES = (".internal", ".local", ".localhost", ".lan", ".home.arpa")


def _address(value: str) -> str:
    try:
        return canonical_address(value) if value else ""
    except AddressChecksumWrong as error:
        raise ValueError("must be an address with a correct EIP-55 checksum; copy it again") from error
    except InvalidAddress as error:
        raise ValueError("must be an address of 0x and 40 hex digits") from error


def _line(value: str) -> str:
    try:
        line = clean_line(value)
    except CharacterRefused as error:
        raise ValueError("must not contain {character}".format(**error.params)) from error
    if not 0 < len(line) <= LINE_MAX:
        raise ValueError(f"must have 1 to {LINE_MAX} characters")
    return line


def _http_url(value: str) -> str:
    if value and not (value.startswith(("http://", "https://")) and is_host(split_url(value))):
        raise ValueError("must be an http:// or https:// URL")
    return value.rstrip("/")


def _site_url(value: str) -> str:
    """Return the origin as browsers send it, since what they send is compared with it."""
    parts = split_url(value)
    has_more = bool(parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if has_more or parts.scheme not in {"http", "https"} or not is_host(parts):
        raise ValueError("must be a scheme and a host only, since the portal is not served under a path")
    return origin_of(parts)


def is_host(parts: SplitResult) -> bool:
    """Return whether an address has a host that can exist, and a port from 1 to 65535 or none."""
    try:
        return bool(host_of(parts))
    except ValueError:
        return False


def _logo_url(value: str) -> str:
    if value.startswith("/") and not value.startswith("//"):
        return value
    return _http_url(value)


def _database_url(value: str) -> str:
    sentence = "must be a URL such as postgresql://user:password@host:5432/database"
    if value and not value.startswith(("postgresql://", "postgres://")):
        raise ValueError(sentence)
    try:
        ports = str(parse_dsn(value).get("port") or 5432).split(",")
    except psycopg2.ProgrammingError as error:
        raise ValueError(sentence) from error
    if not all(port.isdecimal() and 0 < int(port) < 65536 for port in ports if port):
        raise ValueError("must have a port from 1 to 65535")
    return value


def _redis_url(value: str) -> str:
    # The hosts of sentinels and clusters have no single port.
    parts = urlsplit(value)
    scheme, _, topology = parts.scheme.partition("+")
    if value and (scheme not in _REDIS_SCHEMES or not (topology or is_host(parts))):
        raise ValueError("must be a URL such as redis://host:6379/0")
    return value


def _languages(value: str) -> str:
    chosen = [part.strip().lower() for part in value.split(",")]
    if not set(chosen) <= set(LANGUAGES) or len(chosen) > len(set(chosen)):
        raise ValueError(f"must name languages of {', '.join(LANGUAGES)}, separated by commas")
    return ",".join(code for code in LANGUAGES if code in chosen)


def _plain_number(value: object) -> object:
    """Read a number as people type amounts: neither an exponent nor digits beyond ASCII."""
    if not isinstance(value, str):
        return value
    try:
        return plain_amount(value)
    except InvalidAmount as error:
        raise ValueError("must be a plain decimal number such as 40 or 41.25") from error


def _rate(value: Decimal) -> Decimal:
    if not _LEAST_RATE <= value <= _MOST_RATE or -int(value.as_tuple().exponent) > _RATE_PLACES:
        raise ValueError("must be above 0 and up to 1000000000000, with at most 18 decimals")
    return value


def _dollars(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return to_major(parse_amount(value, "USD"), "USD")
    except InvalidAmount as error:
        raise ValueError("must be an amount in USD with at most 2 decimals, such as 250 or 99.50") from error


def _private_key(value: SecretStr) -> SecretStr:
    digits = value.get_secret_value().removeprefix("0x")
    if digits and not (_KEY.match(digits) and 0 < int(digits, 16) < _CURVE_ORDER):
        raise ValueError("must be a private key of 64 hex digits")
    return value


def _rate_limit(value: str) -> str:
    sentence = 'must be a number of requests from 1 and a time of a year at most, such as "60 per minute"'
    try:
        (limit,) = parse_many(value)
    except ValueError as error:
        raise ValueError(sentence) from error
    is_possible = 0 < limit.amount <= _MOST_REQUESTS and limit.multiples > 0
    if not is_possible or limit.get_expiry() > _YEAR_SECONDS:
        raise ValueError(sentence)
    return value


Address = Annotated[str, AfterValidator(_address)]
Line = Annotated[str, AfterValidator(_line)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
LogoUrl = Annotated[str, AfterValidator(_logo_url)]
Languages = Annotated[str, AfterValidator(_languages)]
RateLimit = Annotated[str, AfterValidator(_rate_limit)]
PrivateKey = Annotated[SecretStr, AfterValidator(_private_key)]
Percent = Annotated[Decimal, BeforeValidator(_plain_number), Field(ge=0, le=100, allow_inf_nan=False)]
Rate = Annotated[
    Decimal, BeforeValidator(_plain_number), Field(gt=0, allow_inf_nan=False), AfterValidator(_rate)
]
Dollars = Annotated[Decimal, BeforeValidator(_dollars), Field(ge=0, allow_inf_nan=False)]


def encryption_problems(**urls: str) -> Iterator[str]:
    """Yield a sentence for each URL that is unencrypted and leaves the private network."""
    for name, url in urls.items():
        parts = urlsplit(url)
        if parts.scheme in _ENCRYPTED and is_public_host(parts.hostname or ""):
            yield f"{name.upper()} must start with {_ENCRYPTED[parts.scheme]}:// in production"


def is_public_host(host: str) -> bool:
    """Return whether a host is outside the private network: a public address, or a name of the public DNS."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.rstrip(".") and not host.rstrip(".").lower().endswith(_PRIVATE_SUFFIXES)


def key_problems(**keys: SecretStr) -> Iterator[str]:
    """Yield a sentence for each private key that others know."""
    for name, key in keys.items():
        digits = key.get_secret_value().removeprefix("0x").lower()
        if digits and (digits in _PUBLISHED_KEYS or len(set(digits)) < _DIFFERENT_CHARACTERS):
            yield f"{name.upper()} must not be a published key in production"


def secret_problems(**secrets: SecretStr) -> Iterator[str]:
    """Yield a sentence for each secret that is set and could be guessed."""
    for name, secret in secrets.items():
        text, least = secret.get_secret_value(), SECRET_LENGTHS[name]
        if text and (len(text) < least or len(set(text)) < _DIFFERENT_CHARACTERS):
            yield f"{name.upper()} must be a random value of {least} characters or more in production"
