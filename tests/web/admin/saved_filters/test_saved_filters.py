"""Saved filters: a named link an admin comes back to, one's own, kept, renamed and removed by plain forms."""

from __future__ import annotations

import pytest

from models import SavedFilter, User
from portal.accounts import FILTERS_MAX, save_filter
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

QUEUE = "/admin/refcodes"
LEDGER = "/admin/store/commissions"
KEPT = "status=failed&leastUsd=3"


def names_of(user: User) -> list[str]:
    return [
        row.name
        for row in SavedFilter.select().where(SavedFilter.user_id == user.id).order_by(SavedFilter.id)
    ]


def the_only() -> SavedFilter:
    row: SavedFilter = SavedFilter.get()
    return row


@pytest.mark.parametrize(
    ("page", "path", "query"),
    [("rewards", QUEUE, KEPT), ("settlements", LEDGER, "status=held&vendor=1&since=2026-11-01")],
)
def test_a_filter_is_kept_under_a_name(
    as_admin: Visitor, admin: User, page: str, path: str, query: str
) -> None:
    url = f"/admin/filters/{page}"
    fields = form_fields(as_admin.get(f"{path}?{query}"), url)
    answer = as_admin.submit(url, {"query": fields["query"][0], "name": "  Big   failures "})
    assert answer.status_code == 303
    assert names_of(admin) == ["Big failures"]
    shown = as_admin.get(answer.location)
    assert "The filter is saved." in text_of(shown)
    assert 'class="chip" href="' in shown.text
    assert 'aria-current="true"' in shown.text.split("Big failures")[0].rsplit("<a ", 1)[1]
    # Elsewhere it is a link and not on; what is on already needs no second name.
    assert 'aria-current="true"' not in as_admin.get(path).text.split("Big failures")[0].rsplit("<a ", 1)[1]
    assert f'action="{url}"' not in shown.text


def test_only_what_the_page_knows_is_kept(as_admin: Visitor) -> None:
    as_admin.submit("/admin/filters/rewards", {"name": "x", "query": f"{KEPT}&cursor=9&next=//evil.example"})
    assert the_only().query == KEPT


def test_a_filter_that_makes_no_sense_is_not_kept(as_admin: Visitor) -> None:
    answer = as_admin.submit("/admin/filters/rewards", {"name": "x", "query": "since=yesterday"})
    assert answer.status_code == 400
    assert 'href="#since"' in answer.text
    assert not SavedFilter.select().exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "\u200e\u200d"])
def test_a_bad_name_is_refused_by_field(as_admin: Visitor, admin: User, name: str) -> None:
    answer = as_admin.submit("/admin/filters/rewards", {"name": name, "query": KEPT})
    assert answer.status_code == 400
    assert 'href="#filter-name-new"' in answer.text
    assert 'id="filter-name-new-error"' in answer.text
    assert "Enter a name of up to 40 characters." in text_of(answer)
    assert 'name="leastUsd" type="text" value="3"' in answer.text
    save_filter(admin.id, "rewards", "Good", KEPT)
    answer = as_admin.submit(f"/admin/filters/{the_only().id}/name", {"name": name})
    assert answer.status_code == 400
    assert f'href="#filter-name-{the_only().id}"' in answer.text
    assert names_of(admin) == ["Good"]


def test_a_name_is_used_once_a_page(as_admin: Visitor, admin: User) -> None:
    form = {"name": "Mine", "query": KEPT}
    assert as_admin.submit("/admin/filters/rewards", form).status_code == 303
    again = as_admin.submit("/admin/filters/rewards", {**form, "query": "status=minted"})
    assert again.status_code == 409
    assert "You already have a filter with this name." in text_of(again)
    assert (
        as_admin.submit("/admin/filters/settlements", {"name": "Mine", "query": "status=held"}).status_code
        == 303
    )
    save_filter(admin.id, "rewards", "Other", KEPT)
    other = SavedFilter.get(SavedFilter.name == "Other").id
    assert as_admin.submit(f"/admin/filters/{other}/name", {"name": "Mine"}).status_code == 409
    assert names_of(admin) == ["Mine", "Mine", "Other"]


def test_it_is_renamed_and_removed(as_admin: Visitor, admin: User) -> None:
    save_filter(admin.id, "rewards", "Old", KEPT)
    url = f"/admin/filters/{the_only().id}"
    assert as_admin.submit(f"{url}/name", {"name": "New"}).location == f"{QUEUE}?{KEPT}"
    assert names_of(admin) == ["New"]
    assert as_admin.submit(f"{url}/remove").location == f"{QUEUE}?{KEPT}"
    assert as_admin.submit(f"{url}/remove").status_code == 404
    assert names_of(admin) == []


def test_a_row_of_filters_has_an_end(as_admin: Visitor, admin: User) -> None:
    for number in range(FILTERS_MAX):
        save_filter(admin.id, "rewards", f"Filter {number}", f"status=failed&leastUsd={number}")
    answer = as_admin.submit("/admin/filters/rewards", {"name": "One more", "query": "status=minted"})
    assert answer.status_code == 409
    assert 'href="#filter-name-new"' in answer.text
    assert len(names_of(admin)) == FILTERS_MAX


def test_a_name_is_shown_as_text(as_admin: Visitor, admin: User) -> None:
    save_filter(admin.id, "rewards", "<b>bold</b>", KEPT)
    assert "<b>bold" not in as_admin.get(QUEUE).text


def test_it_is_ones_own(as_admin: Visitor, as_other: Visitor, client: Visitor, other: User) -> None:
    save_filter(other.id, "rewards", "Theirs", KEPT)
    assert "Theirs" not in as_admin.get(QUEUE).text
    url = f"/admin/filters/{the_only().id}"
    for path in (f"{url}/name", f"{url}/remove"):
        assert as_admin.submit(path, {"name": "Taken over"}).status_code == 404
        assert as_admin.get(path).status_code == 405
        assert as_other.submit(path, {"name": "x"}).status_code == 403
        assert client.submit(path, {"name": "x"}).status_code in (302, 303, 401)
    assert as_other.submit("/admin/filters/rewards", {"name": "x", "query": KEPT}).status_code == 403
    assert as_admin.get("/admin/filters/rewards").status_code == 405
    assert as_admin.submit("/admin/filters/nothing", {"name": "x"}).status_code == 404
    assert as_admin.post("/admin/filters/rewards", data={"name": "x", "query": KEPT}).status_code == 400
    assert [row.name for row in SavedFilter.select()] == ["Theirs"]
