"""The token price: a fixed value, or a price feed that must be positive and fresh."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from eth_abi.abi import encode

from portal.chain import PriceUnavailable, open_chain
from portal.chain.contract.oracle import Price, read_price
from tests.support.chain_world import OTHER, World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FEED = "0x00000000000000000000000000000000feed0001"


def read(world: World, **overrides: object) -> Price:
    settings = world.settings(
        referral_price_feed_address=FEED, referral_price_heartbeat_seconds=3600, **overrides
    )
    return read_price(settings, world.chain().node, NOW)


def put_feed(world: World, answer: int, updated_at: int, decimals: int = 8) -> None:
    """Put code at FEED that returns the same round for every call; the round id equals the decimals."""
    words = encode(
        ["uint80", "int256", "uint256", "uint256", "uint80"], [decimals, answer, 1, updated_at, decimals]
    )
    parts = [words[start : start + 32] for start in range(0, len(words), 32)]
    stores = "".join(f"7f{word.hex()}60{32 * place:02x}52" for place, word in enumerate(parts))
    world.anvil.request("anvil_setCode", FEED, f"0x{stores}60a06000f3")


def test_fixed_price_is_used(world: World) -> None:
    price = read_price(world.settings(referral_token_usd_price="0.125"), world.chain().node, NOW)
    assert (price.value, price.source, price.at) == (Decimal("0.125"), "fixed", NOW)


def test_fixed_price_works_without_chain(world: World) -> None:
    settings = world.settings(referral_rewards_address="", polygon_rpc_url="", referral_token_usd_price="2")
    assert read_price(settings, open_chain(settings).node, NOW).value == 2


def test_missing_price_is_unavailable(world: World) -> None:
    with pytest.raises(PriceUnavailable):
        read_price(world.settings(referral_token_usd_price=None), world.chain().node, NOW)


def test_feed_takes_precedence_and_its_round_is_recorded(world: World) -> None:
    put_feed(world, 1_234_567_89, int(NOW.timestamp()) - 60)
    price = read(world)
    assert (price.value, price.source, price.round_id, price.raw) == (
        Decimal("1.23456789"),
        "chainlink",
        8,
        123456789,
    )
    assert price.at == datetime(2026, 11, 20, 11, 59, tzinfo=UTC)


@pytest.mark.parametrize(("age", "is_usable"), [(3900, True), (3901, False), (-301, False)])
def test_feed_must_be_fresh(world: World, age: int, is_usable: bool) -> None:
    put_feed(world, 10**8, int(NOW.timestamp()) - age)
    if is_usable:
        assert read(world).value == 1
    else:
        with pytest.raises(PriceUnavailable):
            read(world)


@pytest.mark.parametrize("answer", [0, -5])
def test_feed_must_be_positive(world: World, answer: int) -> None:
    put_feed(world, answer, int(NOW.timestamp()))
    with pytest.raises(PriceUnavailable, match=str(answer)):
        read(world)


@pytest.mark.parametrize(("answer", "decimals"), [(2**255 - 1, 8), (1, 19), (10**13 + 1, 0), (1, 200)])
def test_feed_must_be_a_price_that_a_column_holds(world: World, answer: int, decimals: int) -> None:
    put_feed(world, answer, int(NOW.timestamp()), decimals)
    with pytest.raises(PriceUnavailable, match="no price"):
        read(world)


def test_address_without_a_feed_is_unavailable(world: World) -> None:
    for address in (OTHER, world.deployment.token_address):
        settings = world.settings(referral_price_feed_address=address)
        with pytest.raises(PriceUnavailable):
            read_price(settings, world.chain().node, NOW)


def test_unreachable_node_is_unavailable(world: World) -> None:
    with pytest.raises(PriceUnavailable):
        read_price(
            world.settings(referral_price_feed_address=FEED),
            world.chain(polygon_rpc_url="http://127.0.0.1:9").node,
            NOW,
        )
