"""POST and GET /api/v1/orders: one order however often it is reported, and the decision in words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from models import Order, Refcode, ReferralReward, Settlement, Store, StoreEvent
from portal.db import SYSTEM, query, release_connection
from portal.stores import create_key
from tests.factories import make_store
from tests.support.statements import count_statements
from tests.web.api.v1.conftest import Call, caller_of
from tests.web.visitor import error_of

# The log of the store, and when its key was used last.
_NO_LEDGERS = ("store_events", "store_keys")


def snapshot(code: Refcode | None = None, **changes: Any) -> dict[str, Any]:
    """Return the order of the documentation."""
    return {
        "externalId": "14",
        "number": "#14",
        "version": 1795876799000,
        "createdAt": "2026-11-28T14:39:24Z",
        "currency": "UAH",
        "status": "paid",
        "paidAt": "2026-11-28T14:39:44Z",
        "paidAmount": "1019.97",
        "referralCode": code.code if code else None,
        "codeSource": "cookie" if code else None,
        "customer": {"externalId": None, "email": "buyer@example.test", "earlierPaidOrders": 0},
        "lines": [
            {
                "externalId": "7",
                "sku": "MUG-1",
                "name": "Mug",
                "quantity": 2,
                "amount": "599.98",
                "tax": "60.00",
            },
            {
                "externalId": "8",
                "sku": "POSTER-2",
                "name": "Poster",
                "quantity": 1,
                "amount": "249.99",
                "tax": "50.00",
            },
        ],
        "shipping": "60.00",
        **changes,
    }


def every_row() -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table as text, without the log."""
    tables = query(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%s)",
        [list(_NO_LEDGERS)],
    )
    return {table: query(f'SELECT t::text FROM "{table}" t ORDER BY 1') for (table,) in tables}


def test_order_is_created_then_unchanged_then_updated(call: Call, code: Refcode, store: Store) -> None:
    created = call("/orders", snapshot(code))
    answer = created.get_json()
    assert (created.status_code, answer["result"], answer["live"], answer["externalId"]) == (
        201,
        "created",
        True,
        "14",
    )
    assert answer["orderReference"].startswith(f"store_{answer['orderId']}_")
    assert (answer["referralApplied"], answer["referralCode"], answer["referralReason"]) == (
        True,
        code.code,
        None,
    )
    assert answer["commissionable"] == {"amount": "849.97", "currency": "UAH", "refunded": "0.00"}
    assert answer["reward"]["status"] == "pending_approval"
    (settlement,) = answer["settlements"]
    assert (settlement["vendorId"], settlement["amount"]) == (store.default_vendor_id, "849.97")
    assert settlement["collectedBy"] == Settlement.get().collected_by
    assert answer["trace"][0]["text"] == "The code of the buyer’s link is active."
    again = call("/orders", snapshot(code))
    assert (again.status_code, again.get_json()) == (200, {**answer, "result": "unchanged"})
    assert call("/orders", snapshot(code, version=1)).get_json()["result"] == "stale"
    refund = {"id": "15", "amount": "100.00", "lines": [{"externalId": "7", "amount": "83.33"}]}
    later = call("/orders", snapshot(code, version=1795876799001, refunds=[refund])).get_json()
    assert (later["result"], later["commissionable"]["refunded"]) == ("updated", "83.33")


def test_first_report_and_its_duplicate_take_few_statements(call: Call, code: Refcode) -> None:
    call("/orders", snapshot(externalId="13"))  # notes that the key is in use
    with count_statements() as first:
        assert call("/orders", snapshot(code, customer={"email": "new@example.test"})).status_code == 201
    with count_statements() as duplicate:
        call("/orders", snapshot(code, customer={"email": "new@example.test"}))
    assert ReferralReward.select().count() == 1
    assert first.count <= 12
    assert duplicate.count <= 4


def test_order_is_read_by_both_ids_in_the_language_of_the_caller(call: Call) -> None:
    reported = call("/orders", snapshot(), Accept_Language="uk").get_json()
    assert reported["referralReason"] == "no_code"
    by_id = call(f"/orders/{reported['orderId']}", Accept_Language="uk").get_json()
    by_external_id = call("/orders?externalId=14", Accept_Language="uk").get_json()
    assert by_id == by_external_id
    assert (by_id["status"], by_id["paidAmount"], by_id["refunds"]) == ("paid", "1019.97", [])
    assert by_id["referralReasonText"] == reported["referralReasonText"]
    in_english = call(f"/orders/{reported['orderId']}").get_json()
    assert in_english["referralReasonText"] == "No referral link was followed, so nobody is credited."
    assert in_english["referralReasonText"] != by_id["referralReasonText"]
    for query_text, words in (
        ("", "This field is required."),
        ("?externalId=" + "x" * 201, "at most 200 characters"),
    ):
        refused = call(f"/orders{query_text}")
        assert refused.status_code == 422
        assert words in error_of(refused)["fields"]["externalId"]


def test_test_key_answers_in_words_and_changes_no_ledger(call: Call, code: Refcode, test_key: str) -> None:
    before = every_row()
    answered = call("/orders", snapshot(code), key=test_key)
    answer = answered.get_json()
    assert (answered.status_code, answer["result"], answer["live"]) == (200, "test", False)
    assert (answer["referralApplied"], answer["reward"]["status"]) == (True, "pending_approval")
    assert answer["settlements"][0]["amount"] == "849.97"
    refused = call("/orders", snapshot(), key=test_key).get_json()
    assert refused["referralReasonText"] == "No referral link was followed, so nobody is credited."
    assert every_row() == before
    assert [event.outcome for event in StoreEvent.select()] == ["test", "test"]


def test_equal_reports_from_eight_threads_are_one_order(app: Flask, key: str, code: Refcode) -> None:
    call = caller_of(app, key)

    def report(_number: int) -> int:
        try:
            return call("/orders", snapshot(code)).status_code
        finally:
            release_connection()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(report, range(80)))
    assert sorted(set(statuses)) == [200, 201]
    assert statuses.count(201) == 1
    assert (Order.select().count(), Settlement.select().count(), ReferralReward.select().count()) == (1, 1, 1)


def test_order_of_another_store_is_unknown(app: Flask, call: Call, key: str) -> None:
    order_id = call("/orders", snapshot()).get_json()["orderId"]
    other = caller_of(app, create_key(make_store().id, "live", SYSTEM).text)
    for path in (f"/orders/{order_id}", "/orders?externalId=14"):
        refused = other(path)
        assert (refused.status_code, error_of(refused)["code"]) == (404, "order_unknown"), path
    assert other("/orders", snapshot()).get_json()["orderId"] != order_id
    event_id = StoreEvent.select().order_by(StoreEvent.id).first().id
    refused = other(f"/events/{event_id}/replay", {})
    assert (refused.status_code, error_of(refused)["code"]) == (404, "store_event_unknown")


_LINE = {"externalId": "7", "quantity": 1, "amount": "10.00"}
_IN_YEN = {"currency": "JPY", "paidAmount": "10", "lines": [{**_LINE, "amount": "10.0"}], "shipping": "0"}


WRONG_ORDERS = [
    ({"paidAmount": "1030.00"}, 422, "lines_do_not_add_up", "paidAmount"),
    ({"paidAmount": 1019.97}, 422, "amount_not_string", "paidAmount"),
    ({"lines": [{**_LINE, "amount": 10}]}, 422, "amount_not_string", "lines[0].amount"),
    ({"lines": [{**_LINE, "amount": "10.001"}]}, 422, "amount_invalid", "lines[0].amount"),
    ({"lines": [{**_LINE, "tax": "2.000"}]}, 422, "amount_invalid", "lines[0].tax"),
    ({"paidAmount": "+1019.97"}, 422, "amount_invalid", "paidAmount"),
    ({"paidAmount": "1019.970"}, 422, "amount_invalid", "paidAmount"),
    (_IN_YEN, 422, "amount_invalid", "lines[0].amount"),
    ({"shipping": " 60.00"}, 422, "amount_invalid", "shipping"),
    ({"shipping": "60."}, 422, "amount_invalid", "shipping"),
    ({"shipping": ".60"}, 422, "amount_invalid", "shipping"),
    ({"refunds": [{"id": "1", "amount": "5.000"}]}, 422, "amount_invalid", "refunds[0].amount"),
    ({"shipping": "1e2"}, 422, "amount_invalid", "shipping"),
    ({"currency": "QQQ"}, 422, "currency_unknown", "currency"),
    ({"lines": [{**_LINE, "externalId": str(number)} for number in range(501)]}, 413, "too_many_items", "lines"),
    ({"lines": [_LINE, _LINE], "paidAmount": "20.00"}, 422, "id_repeated", "lines[1].externalId"),
    ({"status": "processing"}, 422, "input_invalid", "status"),
    ({"paidAt": "2026-11-28T14:39:44"}, 422, "input_invalid", "paidAt"),
    ({"customer": {"walletAddress": "0x12"}}, 422, "address_invalid", "customer.walletAddress"),
    ({"version": "3"}, 422, "input_invalid", "version"),
    ({"externalId": ""}, 422, "input_invalid", "externalId"),
    ({"customer": {"externalId": ""}}, 422, "input_invalid", "customer.externalId"),
    ({"customer": {"externalId": " \u00a0"}}, 422, "input_invalid", "customer.externalId"),
    ({"currency": ""}, 422, "input_invalid", "currency"),
]  # fmt: skip


def test_wrong_order_is_refused_with_its_field(call: Call) -> None:
    for changes, status, code, field in WRONG_ORDERS:
        refused = call("/orders", snapshot(**changes))
        assert (refused.status_code, error_of(refused)["code"]) == (status, code), changes
        assert list(error_of(refused)["fields"]) == [field], changes
        assert not Order.select().exists(), changes


def test_empty_text_is_answered_with_what_to_send(call: Call) -> None:
    for field, sentence in (
        ("externalId", "or leave the field out"),
        ("currency", "ISO 4217 code such as UAH"),
    ):
        assert sentence in error_of(call("/orders", snapshot(**{field: ""})))["fields"][field]


def test_difference_of_lines_is_named(call: Call) -> None:
    message = error_of(call("/orders", snapshot(paidAmount="1030.00")))["message"]
    assert "1019.97" in message
    assert "-10.03" in message


def test_amount_for_a_program_is_explained_with_a_point_in_every_language(call: Call) -> None:
    for amount in ("12,50", "1,000.00", "-1.00", "1e2", " 1.00", "9" * 41, ""):
        for language in ("en", "uk", "ru"):
            refused = error_of(call("/orders", snapshot(shipping=amount), Accept_Language=language))
            assert '"12.50"' in refused["fields"]["shipping"], (amount, language)


def test_changed_currency_is_a_conflict(call: Call) -> None:
    call("/orders", snapshot())
    refused = call("/orders", snapshot(currency="USD", version=1795876799001))
    assert (refused.status_code, error_of(refused)["code"]) == (409, "currency_changed")
    assert "UAH" in error_of(refused)["message"]


def test_nothing_personal_of_the_buyer_is_stored(call: Call) -> None:
    call("/orders", snapshot())
    stored = str(query("SELECT t::text FROM store_events t")) + str(every_row())
    assert "buyer@example.test" not in stored


def test_currency_in_other_letters_is_the_same(call: Call) -> None:
    call("/orders", snapshot())
    for text in ("uah", " UAH ", "Uah"):
        assert call("/orders", snapshot(currency=text)).get_json()["result"] == "unchanged"


def test_value_of_a_reward_shrinks_with_refunds(call: Call, code: Refcode) -> None:
    def value(**changes: Any) -> str:
        return call("/orders", snapshot(code, **changes)).get_json()["reward"]["usdValue"]

    assert value() == "1.062463"  # 5% of 849.97 UAH at 40 UAH per USD
    refunds = [{"id": "15", "amount": "100.00", "lines": [{"externalId": "7", "amount": "83.33"}]}]
    assert value(version=1795876799001, refunds=refunds) == "0.958300"
    refunds.append({"id": "16", "amount": "919.97"})
    assert value(version=1795876799002, refunds=refunds) == "0.958300"  # rejected
    (settlement,) = call("/orders?externalId=14").get_json()["settlements"]
    assert (settlement["status"], settlement["commission"] != "0.00") == ("cancelled", True)
