"""The token's USD price from a setting or a Chainlink feed. See docs/rules/rewards.md."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from portal.chain.client import AnyChain, Chain
from portal.chain.contract.abi import Revert, encode_call
from portal.chain.contract.codec import Undecodable, decode
from portal.chain.contract.rewards import checksum
from portal.chain.errors import ChainAway, NodeRefused, PriceFeedSilent, PriceUnavailable, WrongChain
from portal.chain.node.rpc import Node
from portal.db import database_now
from portal.lib.clock import utc_now
from portal.settings import Settings

_ROUND_DATA = ["uint80", "int256", "uint256", "uint256", "uint80"]


@dataclass(frozen=True)
class Price:
    """USD per token, exact, with its source and time; `at` is the time of the source."""

    value: Decimal
    source: str
    at: datetime
    round_id: int | None = None
    raw: int | None = None
    decimals: int | None = None
    feed: str | None = None


# What the price of a token may be in USD: outside it the feed or the setting is wrong.
LEAST_PRICE, MOST_PRICE = Decimal("1E-18"), Decimal(10**12)
# A page may wait for the price, so a node that is silent is given up soon, holds one thread at a time, and is left
# alone for some seconds.
_QUICK_SECONDS = 2
_PAUSE_SECONDS = 15
_reader = threading.Lock()
_silent_until: dict[tuple[str, str], float] = {}

NodeChooser = Callable[[datetime], Node]


def read_price(settings: Settings, choose_node: NodeChooser, now: datetime | None = None) -> Price:
    """Return the token's price as of `now`, the present when None; raises PriceUnavailable with the reason.

    A Chainlink feed wins over a fixed price when both are set. Its age is judged by the time of the database.
    """
    if settings.referral_price_feed_address:
        return _feed_price(settings, choose_node, now or database_now())
    if settings.referral_token_usd_price is None:
        raise PriceUnavailable("no token price: neither REFERRAL_TOKEN_USD_PRICE nor a price feed is set")
    return Price(settings.referral_token_usd_price, "fixed", now or utc_now())


def read_price_quickly(settings: Settings, chain: AnyChain) -> Price:
    """Return the token's price within some seconds; raises PriceUnavailable, at once after a node was silent."""
    feed = settings.referral_price_feed_address
    if not feed or not isinstance(chain, Chain):
        return read_price(settings, chain.node)
    if not _reader.acquire(timeout=_QUICK_SECONDS):
        raise PriceFeedSilent("the price feed cannot be read: another reader waits for the node")
    try:
        return _read_unless_silent(settings, chain, (settings.polygon_rpc_url, feed))
    finally:
        _reader.release()


def _read_unless_silent(settings: Settings, chain: Chain, key: tuple[str, str]) -> Price:
    began = time.monotonic()
    if began < _silent_until.get(key, 0):
        raise PriceFeedSilent("the price feed cannot be read: the node did not answer some seconds ago")
    try:
        return read_price(settings, chain.rpc.with_timeout(_QUICK_SECONDS).choose)
    except PriceFeedSilent:
        # A refusal costs nothing; only waiting does.
        if time.monotonic() - began >= _QUICK_SECONDS:
            _silent_until[key] = time.monotonic() + _PAUSE_SECONDS
        raise


def _feed_price(settings: Settings, choose_node: NodeChooser, now: datetime) -> Price:
    feed = settings.referral_price_feed_address
    try:
        node = choose_node(now)
        round_id, answer, _, updated_at, _ = _read(node, feed, "latestRoundData()", _ROUND_DATA)
        (decimals,) = _read(node, feed, "decimals()", ["uint8"])
    except (ChainAway, WrongChain, NodeRefused) as error:
        raise PriceFeedSilent(f"the price feed cannot be read: {error}") from None
    _require_fresh(answer, updated_at, now, settings)
    # From text, because arithmetic of decimals would round to the context's 28 digits.
    value = Decimal(f"{answer}E-{decimals}")
    if not LEAST_PRICE <= value <= MOST_PRICE:
        raise PriceUnavailable(f"the price feed answers {answer} with {decimals} decimals, which is no price")
    return Price(
        value=value,
        source="chainlink",
        at=datetime.fromtimestamp(updated_at, UTC),
        round_id=round_id,
        raw=answer,
        decimals=decimals,
        feed=feed,
    )


def _require_fresh(answer: int, updated_at: int, now: datetime, settings: Settings) -> None:
    if answer <= 0:
        raise PriceUnavailable(f"the price feed answers {answer}")
    age = int(now.timestamp()) - updated_at
    allowed = settings.referral_price_heartbeat_seconds + settings.referral_price_grace_seconds
    if updated_at == 0 or age > allowed:
        raise PriceUnavailable(f"the price is {age} seconds old, at most {allowed} are allowed")
    if age < -settings.referral_price_grace_seconds:
        raise PriceUnavailable(f"the price is {-age} seconds ahead of our time")


def _read(node: Node, feed: str, signature: str, types: list[str]) -> tuple[Any, ...]:
    answer = node.eth_call(feed, encode_call(signature))
    if isinstance(answer, Revert):
        raise PriceUnavailable(f"the price feed refuses {signature}: {answer.text}")
    try:
        return decode(types, answer)
    except Undecodable:
        raise PriceUnavailable(f"there is no price feed at {checksum(feed)}") from None
