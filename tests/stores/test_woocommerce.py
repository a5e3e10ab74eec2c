"""WooCommerce's deliveries and API, as recorded: what is authentic, and which order they state."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from portal.stores import LinesDoNotAddUp, require_lines_add_up
from portal.stores.adapters.protocol import (
    Delivery,
    DeliveryRefused,
    DeliveryUnreadable,
    Fetch,
    Ignored,
    Reading,
    StoreApi,
    StoreRefused,
    StoreUnreachable,
    Verified,
)
from portal.stores.adapters.woocommerce import PAGE, WooCommerce
from portal.stores.adapters.woocommerce_order import read_order
from portal.stores.snapshots import OrderSnapshot
from tests.support.woocommerce import (
    CAPTURES,
    GREETINGS,
    ORDER_14,
    ORDER_20,
    REFUND_ACTIONS,
    REFUNDS_OF_PARTS,
    SECRET,
    WHOLE_HRYVNIAS,
    Shop,
    recorded,
    recorded_answer,
    refund_of_parts,
    running_shop,
    signed,
    signed_bytes,
    whole_hryvnias,
)

NOW = datetime(2026, 11, 28, 15, tzinfo=UTC)
WOO = WooCommerce()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with running_shop() as running:
        yield running


def order_of(delivery: Delivery) -> OrderSnapshot:
    verified = WOO.verify(delivery, (SECRET,), NOW)
    assert isinstance(verified, Verified)
    reading = WOO.read(verified)
    assert isinstance(reading, Reading), reading
    return reading.snapshot


def changed(order: dict[str, Any], **values: Any) -> OrderSnapshot:
    return order_of(signed({**order, **values}))


# ---------------------------------------------------------------------- what is authentic


@pytest.mark.parametrize("number", [*ORDER_14, *ORDER_20, *REFUND_ACTIONS])
def test_recorded_delivery_is_authentic(number: int) -> None:
    assert isinstance(WOO.verify(recorded(number), ("another", SECRET), NOW), Verified)


def test_published_vector_is_authentic() -> None:
    vector = json.loads((CAPTURES / "signature_vectors.json").read_text())["woocommerce (real capture)"]
    delivery = Delivery(vector["headers"], vector["body"].encode())
    verified = WOO.verify(delivery, (vector["secret"],), NOW)
    assert verified == Verified(
        "action.woocommerce_order_refunded", {"action": "woocommerce_order_refunded", "arg": 14}
    )


@pytest.mark.parametrize("number", GREETINGS)
def test_greeting_is_ignored_before_any_secret_is_set(number: int) -> None:
    assert WOO.verify(recorded(number), (), NOW) == Ignored("greeting")


def test_every_changed_byte_or_secret_is_refused() -> None:
    genuine = recorded(5)
    signature = genuine.headers["x-wc-webhook-signature"]
    again = json.dumps(json.loads(genuine.body)).encode()
    first = bytes([genuine.body[0] ^ 1])
    refused = {
        "one byte": Delivery(genuine.headers, genuine.body[:-1] + b" "),
        "first byte": Delivery(genuine.headers, first + genuine.body[1:]),
        "serialised again": Delivery(genuine.headers, again),
        "empty": Delivery(genuine.headers, b""),
        "other signature": Delivery(
            {**genuine.headers, "x-wc-webhook-signature": signature[:-2] + "A="}, genuine.body
        ),
        "not ASCII": Delivery({**genuine.headers, "x-wc-webhook-signature": "підпис"}, genuine.body),
        "other secret": signed(json.loads(genuine.body), secret="lab-secreu"),
    }
    for name, delivery in refused.items():
        with pytest.raises(DeliveryRefused) as error:
            WOO.verify(delivery, (SECRET,), NOW)
        assert error.value.params["reason"] == "signature_wrong", name


def test_missing_signature_or_secret_is_refused() -> None:
    genuine = recorded(5)
    for delivery, secrets, reason in (
        (Delivery({}, genuine.body), (SECRET,), "signature_missing"),
        (Delivery({}, b"webhook_id=2&status=paid"), (SECRET,), "signature_missing"),
        (genuine, (), "secret_missing"),
    ):
        with pytest.raises(DeliveryRefused) as error:
            WOO.verify(delivery, secrets, NOW)
        assert error.value.params["reason"] == reason


# ---------------------------------------------------------------------- which order


def test_paid_order_is_read_to_the_kopeck() -> None:
    snapshot = order_of(recorded(6))
    assert snapshot.model_dump(mode="json", by_alias=True) == {
        "externalId": "14",
        "number": "14",
        "version": 1795876799000,
        "createdAt": "2026-11-28T14:39:24Z",
        "currency": "UAH",
        "status": "paid",
        "paidAt": "2026-11-28T14:39:44Z",
        "paidAmount": "719.98",
        "referralCode": None,
        "codeSource": None,
        "couponCodes": ["anna10"],
        "linkLabel": None,
        "customer": {
            "externalId": None,
            "email": "buyer@example.test",
            "earlierPaidOrders": 0,
            "walletAddress": None,
        },
        "lines": [
            _line("7", "MUG-1", "Mug", 2, "299.99", "60.00"),
            _line("8", "POSTER-2", "Poster", 1, "249.99", "50.00"),
        ],
        "shipping": "60.00",
        "refunds": [{"id": "15", "amount": "100.00", "at": None, "reason": "one mug broken", "lines": []}],
        "paymentKey": None,
    }


def _line(number: str, sku: str, name: str, quantity: int, amount: str, tax: str) -> dict[str, object]:
    line = {"externalId": number, "sku": sku, "name": name, "vendor": None}
    return {**line, "quantity": quantity, "amount": amount, "tax": tax}


@pytest.mark.parametrize("number", [*ORDER_14, *ORDER_20])
def test_lines_of_every_recorded_order_add_up(number: int) -> None:
    snapshot = order_of(recorded(number))
    lines = sum(
        (Decimal(line.amount) + Decimal(line.tax) for line in snapshot.lines), Decimal(snapshot.shipping)
    )
    assert lines == Decimal("719.98")
    assert snapshot.paid_amount in ("0", "719.98")


def test_cash_on_delivery_is_unpaid_until_it_is_paid() -> None:
    states = [order_of(recorded(number)) for number in (20, 21, 22)]
    assert [(state.status, state.paid_amount, state.paid_at is None) for state in states] == [
        ("open", "0", True),
        ("open", "0", True),
        ("paid", "719.98", False),
    ]
    assert states[0] == states[1]
    assert {(state.referral_code, state.code_source) for state in states} == {("Ab3dE5gH", "cookie")}


def test_refunds_are_those_of_the_newest_state() -> None:
    refunds = [[(r.id, r.amount) for r in order_of(recorded(number)).refunds] for number in (5, 6, 9, 11)]
    assert refunds == [[], [("15", "100.00")], [("16", "100.00")], [("16", "100.00"), ("17", "619.98")]]


def test_states_beside_paid_and_open() -> None:
    paid = recorded_answer("order_partial_refund")
    assert changed(paid, status="cancelled").status == "cancelled"
    assert changed(paid, status="trash").paid_amount == "719.98"
    assert changed(paid, date_paid_gmt=None, status="failed").status == "open"
    assert [
        changed(paid, customer_id=number).customer.external_id for number in (12, "12", 0, "0", "", None)
    ] == [
        *["12", "12"],
        *[None] * 4,
    ]
    assert changed(paid, parent_id="0").external_id == "14"
    assert changed(paid, meta_data=[{"key": "_ring_ref", "value": "Ab3dE5gH"}]).referral_code == "Ab3dE5gH"
    assert changed(paid, meta_data=[{"key": "ring_ref", "value": {"a": 1}}]).referral_code is None


def test_fees_belong_to_shipping_and_negative_ones_reduce_the_lines() -> None:
    order = recorded_answer("order_partial_refund")
    wrapping = {"id": 30, "total": "20.00", "total_tax": "4.00"}
    assert changed(order, fee_lines=[wrapping]).shipping == "84.00"
    discount = {"id": 31, "total": "-10.01", "total_tax": "-2.00"}
    snapshot = changed(order, fee_lines=[wrapping, discount], total="731.97")
    lines = sum(Decimal(line.amount) + Decimal(line.tax) for line in snapshot.lines)
    assert lines + Decimal(snapshot.shipping) == Decimal(snapshot.paid_amount)
    assert all(Decimal(line.amount) < before for line, before in zip(snapshot.lines, (300, 250), strict=True))


@pytest.mark.parametrize("number", range(len(WHOLE_HRYVNIAS)))
def test_parts_that_a_shop_has_rounded_add_up_to_its_total(number: int) -> None:
    order = whole_hryvnias(number)
    require_lines_add_up(read_order(order), "UAH")
    more = 2 * len(order["line_items"]) + 9
    with pytest.raises(LinesDoNotAddUp):  # no rounding loses so much
        require_lines_add_up(read_order({**order, "total": str(int(order["total"]) + more)}), "UAH")


def test_delivery_that_only_names_an_order_is_fetched() -> None:
    for number in REFUND_ACTIONS:
        verified = WOO.verify(recorded(number), (SECRET,), NOW)
        assert isinstance(verified, Verified)
        assert WOO.read(verified) == Fetch(external_id="14")
    assert WOO.read(Verified("order.deleted", {"id": 14})) == Fetch(external_id="14", is_gone=True)


def test_what_concerns_no_order_is_ignored() -> None:
    order = recorded_answer("order_processing")
    for kind, content, reason in (
        ("product.updated", {"id": 10}, "other_topic"),
        (
            "action.woocommerce_refund_deleted",
            {"action": "woocommerce_refund_deleted", "arg": 15},
            "other_topic",
        ),
        ("order.created", {**order, "status": "checkout-draft"}, "draft"),
        ("order.created", {**order, "parent_id": 13}, "part_of_order"),
        ("order.created", {**order, "parent_id": "13"}, "part_of_order"),
    ):
        assert WOO.read(Verified(kind, content)) == Ignored(reason)


def test_other_forms_are_unreadable() -> None:
    order = recorded_answer("order_processing")
    without_lines = {name: value for name, value in order.items() if name != "line_items"}
    for content, detail in (
        ([], "not an object"),
        ({**order, "date_modified_gmt": None}, "date_modified_gmt: missing"),
        ({**order, "date_modified_gmt": "yesterday"}, "date_modified_gmt: no time"),
        ({**order, "currency": 980}, "currency: Input should be a valid string"),
        (without_lines, "line_items: missing"),
        ({**order, "line_items": [7]}, "not the form of an order (TypeError)"),
        ({**order, "shipping_lines": [{"total": "free"}]}, "an amount is no number"),
        ({**order, "shipping_lines": [{"total": "NaN"}]}, "an amount is no number"),
    ):
        with pytest.raises(DeliveryUnreadable) as error:
            WOO.read(Verified("order.updated", content))
        assert error.value.params["detail"] == detail


def test_no_authentic_body_stops_the_parser() -> None:
    for body, detail in (
        (b"[" * 100_000, "nested too deeply"),
        (b'["]]]]", ' * 100_000, "nested too deeply"),
        (b'{"id": NaN}', "not JSON"),
        (b'"' + b"\\" * 100_001, "not JSON"),
        (b"\xff", "not JSON"),
    ):
        with pytest.raises(DeliveryUnreadable) as error:
            WOO.verify(signed_bytes(body, "order.updated"), (SECRET,), NOW)
        assert error.value.params["detail"] == detail


def test_numbers_stay_exact() -> None:
    verified = WOO.verify(recorded(5), (SECRET,), NOW)
    assert isinstance(verified, Verified)
    assert verified.content["line_items"][0]["price"] == Decimal("149.9958335")


# ---------------------------------------------------------------------- the store's API


def test_fetched_order_has_the_lines_of_its_refunds(shop: Shop) -> None:
    shop.show(recorded_answer("order_partial_refund"), recorded_answer("refunds"))
    reading = WOO.fetch(shop.api, Fetch(external_id="14"))
    assert isinstance(reading, Reading)
    assert not reading.is_partial
    (refund,) = reading.snapshot.refunds
    assert (refund.id, refund.amount, refund.at) == (
        "15",
        "100.00",
        datetime(2026, 11, 28, 14, 39, 58, tzinfo=UTC),
    )
    assert [(line.external_id, line.amount) for line in refund.lines] == [("7", "83.33")]
    without_lines = refund.model_copy(update={"lines": (), "at": None})
    assert reading.snapshot.model_copy(update={"refunds": (without_lines,)}) == order_of(recorded(6))


@pytest.mark.parametrize("number", range(len(REFUNDS_OF_PARTS)))
def test_refund_of_shipping_or_fees_takes_back_no_goods(number: int) -> None:
    (refund,) = read_order(*refund_of_parts(number)).refunds
    assert [(line.external_id, line.amount) for line in refund.lines] == REFUNDS_OF_PARTS[number][-1]


def test_missing_order_is_gone(shop: Shop) -> None:
    assert WOO.fetch(shop.api, Fetch(external_id="14", is_gone=True)) == Ignored("order_gone")
    assert WOO.fetch(shop.api, Fetch(external_id="../../users")) == Ignored("order_gone")


def test_changes_are_read_page_by_page_oldest_first(shop: Shop) -> None:
    order = recorded_answer("order_processing")
    numbers = range(100, 100 + 2 * PAGE + 7)
    for number in numbers:
        # A whole page and more changed within one second.
        second = min(number, 160) - 100
        shop.show(
            {**order, "id": number, "date_modified_gmt": f"2026-11-28T15:{second // 60:02}:{second % 60:02}"}
        )
    found = list(WOO.changed_since(shop.api, NOW - timedelta(hours=1)))
    assert [reading.snapshot.external_id for reading in found if isinstance(reading, Reading)] == list(
        map(str, numbers)
    )
    later = WOO.changed_since(shop.api, datetime(2026, 11, 28, 15, 0, 59, tzinfo=UTC))
    assert len(list(later)) == len(numbers) - 59


def test_unreadable_order_does_not_stop_the_others(shop: Shop) -> None:
    order = recorded_answer("order_processing")
    shop.show({**order, "currency": None})
    shop.show({**order, "id": 15})
    first, second = WOO.changed_since(shop.api, NOW - timedelta(days=1))
    assert isinstance(first, Ignored)
    assert (first.reason, first.external_id) == ("order_unreadable", "14")
    assert isinstance(second, Reading)


def test_failures_of_the_api_have_types(shop: Shop) -> None:
    shop.failure = (429, {"Retry-After": "17"}, 1)
    with pytest.raises(StoreUnreachable) as busy:
        WOO.fetch(shop.api, Fetch(external_id="14"))
    assert busy.value.params == {"detail": "HTTP 429", "retry_after": 17}
    shop.failure = (503, {}, 1)
    with pytest.raises(StoreUnreachable):
        list(WOO.changed_since(shop.api, NOW))
    with pytest.raises(StoreRefused):
        WOO.fetch(
            StoreApi(shop.url, {"consumer_key": "ck_lab", "consumer_secret": "wrong"}),
            Fetch(external_id="14"),
        )
    with pytest.raises(StoreUnreachable) as nobody:
        WOO.fetch(StoreApi("http://127.0.0.1:1", {"consumer_secret": "cs_lab"}), Fetch(external_id="14"))
    assert "cs_lab" not in str(nobody.value.params)


def test_credentials_are_not_sent_unencrypted() -> None:
    with pytest.raises(StoreUnreachable) as error:
        WOO.fetch(StoreApi("http://shop.example", {}), Fetch(external_id="14"))
    assert error.value.params["detail"] == "the address must begin with https://"


def test_credentials_are_a_header_over_https_and_the_query_where_it_was_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.support.http_answers import answer_calls

    calls: list[tuple[str, str | None]] = []
    order = json.dumps(copy.deepcopy(recorded_answer("order_processing"))).encode()

    def answer(call: Any) -> tuple[int, bytes]:
        calls.append((call.url, call.headers.get("Authorization")))
        return (200, order) if len(calls) > 1 else (401, b"{}")

    answer_calls(monkeypatch, answer)
    credentials = {"consumer_key": "ck_lab", "consumer_secret": "cs_lab"}
    assert WOO.fetch(StoreApi("https://shop.example/", credentials), Fetch(external_id="14"))
    path = "https://shop.example/wp-json/wc/v3/orders/14"
    assert calls == [
        (path, "Basic Y2tfbGFiOmNzX2xhYg=="),
        (f"{path}?consumer_key=ck_lab&consumer_secret=cs_lab", None),
    ]
