"""Link labels: what counts, the limit, and results by label. See docs/rules/codes.md."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from models import LinkLabel, Refcode, ReferralReward
from portal.codes import (
    LabelHasOrders,
    LabelMalformed,
    LabelResults,
    LabelUnknown,
    Results,
    TooManyLabels,
    fold_code_results,
    keep_label,
    list_labels,
    remove_label,
    results_of_codes,
)
from portal.codes.rules import label_form, link_to_page
from portal.db import SYSTEM, query, release_connection
from portal.db.checks import run_checks
from portal.lib.folders import SQL
from portal.orders import drop_attribution
from portal.visits import count_visit, platform_stats
from portal.visits.operations import _COUNT, _arguments, _write
from tests.factories import TOKEN, make_code, make_order, make_reward, make_user


@pytest.fixture
def code(database: str) -> Refcode:
    return make_code(make_user("Referrer"))


def visits_by_label() -> dict[str, int]:
    return {row.label: row.visits_total for row in LinkLabel.select()}


def broken() -> set[str]:
    names = {
        "code_results_match_the_ledgers",
        "code_has_at_most_fifty_labels",
        "visits_total_covers_its_buckets",
    }
    return names & {name for name, rows in run_checks().items() if rows}


@pytest.mark.parametrize(
    ("text", "label"),
    [("spring-post", "spring-post"), (" Spring_Post ", "spring_post"), ("a", "a"), ("9" * 32, "9" * 32), ("", None),
     (None, None), ("x" * 33, None), ("a b", None), ("пост", None), ("a.b", None), ("a\nb", None), ("-_-", "-_-")],
)  # fmt: skip
def test_label_has_one_form(text: str | None, label: str | None) -> None:
    assert label_form(text) == label


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("https://shop.example/tea", "https://shop.example/tea?ref=ANNA"),
        ("https://shop.example/tea?size=2#top", "https://shop.example/tea?size=2&ref=ANNA"),
        ("https://shop.example?REF=other&via=x&q=%26", "https://shop.example?q=%26&ref=ANNA"),
        ("https://shop.example/?refs=1", "https://shop.example/?refs=1&ref=ANNA"),
    ],
)
def test_link_keeps_the_page_and_replaces_another_code(page: str, link: str) -> None:
    assert link_to_page(page, "ANNA") == link


def test_visits_count_for_code_and_label_in_one_write(code: Refcode) -> None:
    for label in ("blog", "", "blog", "video"):
        assert count_visit(code.code, label)
    assert visits_by_label() == {"blog": 2, "video": 1}
    assert (Refcode.get_by_id(code.code).visits_total, platform_stats().total) == (4, 4)
    assert not broken()


def test_inactive_code_counts_no_label(code: Refcode) -> None:
    Refcode.update(active=False).execute()
    assert not count_visit(code.code, "blog")
    assert not count_visit("nosuchcd", "blog")
    assert visits_by_label() == {}


def test_limit_is_exact_and_visits_go_on(code: Refcode) -> None:
    for number in range(49):
        keep_label(code.code, f"l{number}")
    assert keep_label(code.code, "L7") == "l7"
    assert count_visit(code.code, "fiftieth")
    assert count_visit(code.code, "too-many")
    with pytest.raises(TooManyLabels):
        keep_label(code.code, "another")
    assert count_visit(code.code, "fiftieth")
    labels = visits_by_label()
    assert (len(labels), labels["fiftieth"], "too-many" in labels) == (50, 2, False)
    assert Refcode.get_by_id(code.code).visits_total == 3


@pytest.mark.system_postgres
def test_new_labels_at_once_lose_no_visit_and_keep_the_limit(code: Refcode) -> None:
    """Writers of other processes: each has its own group, and all use new labels of one code."""

    def write(number: int) -> None:
        try:
            for step in range(12):
                query_count(
                    {(code.code, f"l{number}-{step}"): 2, (code.code, "shared"): 1, (code.code, ""): 1}
                )
        finally:
            release_connection()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    labels = visits_by_label()
    assert labels.pop("shared") == 72
    assert (len(labels), set(labels.values())) == (49, {2})
    assert Refcode.get_by_id(code.code).visits_total == 6 * 12 * 4
    assert not broken()


def query_count(counts: dict[tuple[str, str], int]) -> None:
    """Run the statement of the beacons on a connection of this thread."""
    sql = _COUNT.replace("$1, $2", "%s::text[], %s::bigint[]").replace("% 16", "%% 16")
    sql = sql.replace("$3, $4, $5", "%s::text[], %s::text[], %s::bigint[]")
    query(sql, _arguments(counts))


def test_results_are_kept_by_label(code: Refcode) -> None:
    buyer = make_user("Buyer")
    count_visit(code.code, "blog")
    blog = make_order(buyer, code=code, paid=True, link_label="blog")
    make_order(buyer, code=code, link_label="blog")
    plain = make_order(buyer, code=code, paid=True)
    lost = make_order(buyer, code=code, link_label="gone")
    make_reward(code, "minted", order_id=blog.id, reward_amount_wei=TOKEN)
    pending = make_reward(code, order_id=plain.id, reward_amount_wei=5)
    failed = make_reward(code, "failed", order_id=lost.id, reward_amount_wei=7)
    expected = [LabelResults("blog", 1, Results(2, 1, TOKEN, TOKEN))], Results(2, 1, 5, 0)
    assert list_labels(code.code) == expected
    fold_code_results()
    assert list_labels(code.code) == expected
    assert results_of_codes([code.code, "nosuchcd"]) == {
        code.code: Results(4, 2, TOKEN + 5, TOKEN),
        "nosuchcd": Results(),
    }
    ReferralReward.update(status="rejected", failure_reason="Refused.").where(
        ReferralReward.id == pending.id
    ).execute()
    ReferralReward.update(status="approved", failure_reason=None).where(
        ReferralReward.id == failed.id
    ).execute()
    drop_attribution(lost.id, "not_first_purchase", [])
    assert list_labels(code.code) == (
        [LabelResults("blog", 1, Results(2, 1, TOKEN, TOKEN))],
        Results(1, 1, 7, 0),
    )
    assert not broken()


def test_results_of_an_earlier_release_are_counted_once(code: Refcode) -> None:
    """An upgrade finds orders and rewards; the next one, which applies the functions again, adds nothing."""
    order = make_order(make_user("Buyer"), code=code, paid=True, link_label="blog")
    make_reward(code, "minted", order_id=order.id, reward_amount_wei=TOKEN)
    functions = (SQL / "functions" / "22_code_results.sql").read_text().replace("%", "%%")
    query("DELETE FROM code_result_deltas")
    for _ in range(2):
        query(functions)
        assert results_of_codes([code.code]) == {code.code: Results(1, 1, TOKEN, TOKEN)}
    assert not broken()


def test_only_labels_without_orders_are_removed(code: Refcode) -> None:
    keep_label(code.code, "blog")
    count_visit(code.code, "junk")
    make_order(make_user("Buyer"), code=code, link_label="blog")
    with pytest.raises(LabelHasOrders):
        remove_label(code.code, "blog", SYSTEM)
    with pytest.raises(LabelUnknown):
        remove_label(code.code, "other", SYSTEM)
    remove_label(code.code, "junk", SYSTEM)
    assert set(visits_by_label()) == {"blog"}
    assert Refcode.get_by_id(code.code).visits_total == 1
    with pytest.raises(LabelMalformed):
        keep_label(code.code, "a b")


def test_known_arrivals_are_returned_with_their_labels(code: Refcode) -> None:
    counts = {(code.code, "blog"): 2, (code.code, ""): 1, ("nosuchcd", "blog"): 1}
    assert _write(counts) == {(code.code, "blog"), (code.code, "")}
