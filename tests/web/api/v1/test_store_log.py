"""GET /api/v1/events and replay: what a store sent, what became of it in words, and another attempt."""

from __future__ import annotations

from models import Store, StoreEvent
from portal.db import SYSTEM
from portal.stores import count_refused_delivery, create_key, record_store_event
from portal.stores.event_log import EVENTS_PAGE
from tests.factories import make_store
from tests.web.api.v1.conftest import Call
from tests.web.api.v1.test_reported_orders import snapshot
from tests.web.visitor import error_of


def test_log_explains_each_report_in_words(call: Call, test_key: str) -> None:
    call("/orders", snapshot())
    call("/orders", snapshot())
    call("/orders", snapshot(), key=test_key)
    call("/orders", snapshot(version=1795876799001, status="cancelled"))
    call("/orders", snapshot(version=1795876799002, paidAmount="1.001"))
    page = call("/events").get_json()
    assert [(each["kind"], each["outcome"], each["live"]) for each in page["events"]] == [
        ("api.order", "created", True),
        ("api.order", "unchanged", True),
        ("api.order", "test", False),
        ("api.order", "updated", True),
        ("api.order", "refused", True),
    ]
    texts = [each["explanation"]["text"] for each in page["events"]]
    assert texts[:2] == ["The order was created.", "Nothing has changed since the last report."]
    assert texts[2].startswith("This was a test, so nothing was saved.")
    assert texts[4].startswith("paidAmount: ")
    assert page["events"][3]["explanation"]["notes"][0]["code"] == "cancelled_not_refunded"
    assert {each["externalId"] for each in page["events"]} == {"14"}


def test_log_says_why_deliveries_were_refused(call: Call, store: Store) -> None:
    count_refused_delivery(store.id, "signature_wrong")
    (event,) = call("/events").get_json()["events"]
    assert event["explanation"]["text"] == (
        "A delivery with a wrong signature was refused. Compare the webhook secret."
    )


def test_log_is_read_in_pages_and_continued_later(call: Call, store: Store) -> None:
    for _number in range(EVENTS_PAGE + 1):
        record_store_event(store.id, "api.order", outcome="ignored")
    record_store_event(make_store().id, "api.order", outcome="ignored")
    first = call("/events").get_json()
    assert (len(first["events"]), first["hasMore"]) == (EVENTS_PAGE, True)
    second = call(f"/events?after={first['after']}").get_json()
    assert (len(second["events"]), second["hasMore"]) == (1, False)
    end = call(f"/events?after={second['after']}").get_json()
    assert (end["events"], end["after"], end["hasMore"]) == ([], second["after"], False)


def test_malformed_position_is_refused(call: Call) -> None:
    for text in ("x", "-1", "1.5", str(2**63), "9" * 40, "\u0661"):
        refused = call(f"/events?after={text}")
        assert (refused.status_code, list(error_of(refused)["fields"])) == (422, ["after"]), text


def test_replay_applies_the_event_again(call: Call, test_key: str) -> None:
    answer = call("/orders", snapshot()).get_json()
    event = StoreEvent.get()
    assert call(f"/events/{event.id}/replay", {}).get_json() == {**answer, "result": "unchanged"}
    refused = call(f"/events/{event.id}/replay", {}, key=test_key)
    assert (refused.status_code, error_of(refused)["code"]) == (403, "live_key_required")


def test_event_without_an_order_cannot_be_replayed(call: Call, store: Store) -> None:
    empty = record_store_event(store.id, "poll", outcome="ignored")
    refused = call(f"/events/{empty}/replay", {})
    assert (refused.status_code, error_of(refused)["code"]) == (409, "store_event_empty")
    missing = call(f"/events/{empty + 1}/replay", {})
    assert (missing.status_code, error_of(missing)["code"]) == (404, "store_event_unknown")
    reading = create_key(store.id, "live", SYSTEM, scopes=["orders:read"]).text
    assert call(f"/events/{empty}/replay", {}, key=reading).status_code == 403
