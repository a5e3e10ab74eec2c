"""The plugin reads an order as the portal does, sends it until it is accepted, and copies the code of a link."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from portal.stores.adapters.woocommerce_order import read_order
from portal.stores.snapshots import OrderSnapshot
from tests.support.woocommerce import (
    ORDER_14,
    ORDER_20,
    REFUNDS_OF_PARTS,
    WHOLE_HRYVNIAS,
    recorded,
    recorded_answer,
    refund_of_parts,
    whole_hryvnias,
)

PLUGIN = Path("docs/stores/woocommerce/ring-referrals.php")
HARNESS = Path("tests/stores/woocommerce_plugin.php")
PHP = shutil.which("php")

pytestmark = pytest.mark.skipif(PHP is None, reason="PHP is not installed")


def run(*calls: tuple[str, list[Any]]) -> dict[str, Any]:
    """Call functions of the plugin one after the other; return what they returned and did."""
    assert PHP
    ran = subprocess.run([PHP, HARNESS], input=json.dumps(calls), capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_plugin_has_no_syntax_error() -> None:
    assert PHP
    checked = subprocess.run([PHP, "-l", PLUGIN], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def orders() -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Return every recorded order, and what real shops add to one, each with the refunds that its API lists."""
    found: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
        f"delivery {number}": (json.loads(recorded(number).body), []) for number in (*ORDER_14, *ORDER_20)
    }
    partial = recorded_answer("order_partial_refund")
    for name in ("order_processing", "order_refunded", "order_with_ref"):
        found[name] = (recorded_answer(name), [])
    wrapping = {"id": 30, "total": "20.00", "total_tax": "4.00"}
    discount = {"id": 31, "total": "-10.01", "total_tax": "-2.00"}
    yen = [{**line, "total": "300", "total_tax": "30"} for line in partial["line_items"]]
    free = [{**line, "total": "0.00", "total_tax": "0.00"} for line in partial["line_items"]]
    found |= {
        f"whole hryvnias {number}": (whole_hryvnias(number), []) for number in range(len(WHOLE_HRYVNIAS))
    }
    label = [{"key": "_ring_ref", "value": " Ab3dE5gH "}, {"key": "_ring_via", "value": "video-1"}]
    return found | {
        "with refund lines": (partial, recorded_answer("refunds")),
        **{f"refund of parts {number}": refund_of_parts(number) for number in range(len(REFUNDS_OF_PARTS))},
        "fees": ({**partial, "fee_lines": [wrapping, discount]}, []),
        "discount of everything": ({**partial, "fee_lines": [{"total": "-2000.5", "total_tax": "0"}]}, []),
        "discount without goods": ({**partial, "line_items": free, "fee_lines": [discount]}, []),
        "no digits": ({**partial, "currency": "JPY", "line_items": yen, "total": "660", "fee_lines": []}, []),
        "customer": ({**partial, "customer_id": 12, "billing": {"email": ""}}, []),
        "label": ({**partial, "meta_data": label, "status": "cancelled"}, []),
        "code that is no text": ({**partial, "meta_data": [{"key": "ring_ref", "value": {"a": 1}}]}, []),
        "long names": ({**partial, "line_items": [{**partial["line_items"][0], "name": "Ї" * 600}]}, []),
        "nothing to ship": ({**partial, "shipping_lines": [], "coupon_lines": []}, []),
        "stock refund": ({**partial, "refunds": [{"id": 9, "reason": "", "total": "0.00"}]}, []),
    }


def test_plugin_and_portal_read_the_same_snapshot() -> None:
    given = orders()
    answers = run(*(("ring_snapshot", list(pair)) for pair in given.values()))["returned"]
    for (name, (order, refunds)), answer in zip(given.items(), answers, strict=True):
        # As POST /api/v1/orders reads it, without coercion.
        assert OrderSnapshot.model_validate_json(json.dumps(answer)) == read_order(order, refunds), name


def test_drafts_and_parts_of_orders_are_not_reported() -> None:
    order = recorded_answer("order_processing")
    drafts = ({**order, "status": "checkout-draft"}, {**order, "parent_id": 13})
    assert run(*(("ring_snapshot", [draft, []]) for draft in drafts))["returned"] == [None, None]


def test_code_of_the_link_is_copied_once() -> None:
    cookies = {"ring_ref": "Ab3dE5gH", "ring_via": "video-1", "other": "x"}
    both = {"_ring_ref": "Ab3dE5gH", "_ring_via": "video-1"}
    returned = run(
        ("mark_order", [cookies, {}, {}]),
        ("mark_order", [{"ring_ref": "<script>"}, {"ring_ref": "Ab3dE5gH"}, {}]),
        ("mark_order", [cookies, {}, {"_ring_ref": "Cd4eF6gH"}]),
        ("mark_order", [{"ring_ref": ["Ab3dE5gH"], "ring_via": "a b"}, {}, {}]),
    )["returned"]
    assert returned == [[both, 1], [{"_ring_ref": "Ab3dE5gH"}, 1], [{"_ring_ref": "Cd4eF6gH"}, 0], [[], 1]]


def test_report_is_sent_again_until_it_is_accepted() -> None:
    order = recorded_answer("order_partial_refund")
    done = run(
        ("show_order", [order, recorded_answer("refunds")]),
        ("answer_with", [[None, {"status": 429, "retry-after": "7200"}, {"status": 201}]]),
        ("ring_send_order", [14, 0]),
        ("ring_send_order", [14, 1]),
        ("ring_send_order", [14, 2]),
    )
    posts = [entry for entry in done["recorded"] if entry[0] == "post"]
    assert [post[1:3] for post in posts] == [["https://portal.example/api/v1/orders", "Bearer rk_live_x"]] * 3
    snapshot = OrderSnapshot.model_validate_json(json.dumps(posts[-1][3]))
    assert snapshot == read_order(order, recorded_answer("refunds"))
    # Two failures, each with its own delay; none after the success.
    assert [entry for entry in done["recorded"] if entry[0] == "scheduled"] == [
        ["scheduled", 60, [14, 1]],
        ["scheduled", 7200, [14, 2]],
    ]
    assert done["options"]["ring_state"]["problem"] == ""


def test_refusal_that_will_not_change_is_shown_and_not_sent_again() -> None:
    body = json.dumps({"error": {"code": "lines_do_not_add_up", "message": "The lines do not add up."}})
    done = run(
        ("show_order", [recorded_answer("order_processing"), []]),
        ("answer_with", [[{"status": 422, "body": body}]]),
        ("ring_send_order", [14, 0]),
        ("ring_send_order", [99, 0]),
    )
    assert [entry for entry in done["recorded"] if entry[0] == "scheduled"] == []
    assert done["options"]["ring_state"]["problem"] == "The lines do not add up."


@pytest.mark.parametrize(
    ("status", "attempt", "retry_after", "delay"),
    [
        (0, 0, "", 60),
        (500, 8, "", 86400),
        (503, 9, "", None),
        (429, 0, "30", 60),
        (429, 0, "999999999", 86400),
        (401, 1, "", 300),
        (422, 0, "", None),
        (409, 0, "10", None),
    ],
)
def test_delays(status: int, attempt: int, retry_after: str, delay: int | None) -> None:
    assert run(("ring_retry_delay", [status, attempt, retry_after]))["returned"] == [delay]


def test_changes_of_one_request_are_one_report() -> None:
    done = run(
        ("ring_queue_order", [14]), ("ring_queue_order", [14]), ("ring_queue_order_of_refund", [15, 14])
    )
    assert [entry for entry in done["recorded"] if entry[0] == "scheduled"] == [["scheduled", 0, [14, 0]]]


def test_snippet_is_printed_for_the_store() -> None:
    done = run(("ring_print_snippet", []))
    source = {"src": "https://portal.example/sdk/v1/ring.js", "async": True, "data-store": "st0re"}
    assert done["recorded"][-1] == ["script", source]


def test_both_checkouts_and_every_change_are_hooked() -> None:
    hooks = {entry[1]: entry[2] for entry in run()["recorded"]}
    for checkout in ("woocommerce_checkout_create_order", "woocommerce_store_api_checkout_update_order_meta"):
        assert hooks[checkout] == "ring_mark_order"
    for change in ("woocommerce_new_order", "woocommerce_update_order", "woocommerce_order_refunded"):
        assert hooks[change] == "ring_queue_order"
