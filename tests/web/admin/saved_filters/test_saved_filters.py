"""Saved filters: named links of one admin that forms create, rename and remove."""

from __future__ import annotations

import pytest

from models import SavedFilter, User
from portal.accounts import FILTERS_MAX, save_filter
from tests.factories import make_user, make_vendor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

QUEUE = "/admin/refcodes"
LEDGER = "/admin/store/commissions"
FAILED_QUERY = "status=failed&leastUsd=3"


def names_of(user: User) -> list[str]:
    return [
        row.name
        for row in SavedFilter.select().where(SavedFilter.user_id == user.id).order_by(SavedFilter.id)
    ]


def only_filter() -> SavedFilter:
    row: SavedFilter = SavedFilter.get()
    return row


@pytest.mark.parametrize(
    ("page", "path", "query"),
    [("rewards", QUEUE, FAILED_QUERY), ("settlements", LEDGER, "status=held&vendor=1&since=2026-11-01")],
)
def test_filter_is_saved_under_a_name(
    as_admin: Visitor, admin: User, page: str, path: str, query: str
) -> None:
    make_vendor(make_user())
    url = f"/admin/filters/{page}"
    fields = form_fields(as_admin.get(f"{path}?{query}"), url)
    response = as_admin.submit(url, {"query": fields["query"][0], "name": "  Big   failures "})
    assert response.status_code == 303
    assert names_of(admin) == ["Big failures"]
    response = as_admin.get(response.location)
    assert "The filter is saved." in text_of(response)
    assert 'class="chip" href="' in response.text
    assert 'aria-current="true"' in response.text.split("Big failures")[0].rsplit("<a ", 1)[1]
    # Without the filter the chip is not current; with it, the form to save is not shown.
    assert 'aria-current="true"' not in as_admin.get(path).text.split("Big failures")[0].rsplit("<a ", 1)[1]
    assert f'action="{url}"' not in response.text


def test_unknown_parameters_are_not_saved(as_admin: Visitor) -> None:
    as_admin.submit(
        "/admin/filters/rewards", {"name": "x", "query": f"{FAILED_QUERY}&cursor=9&next=//evil.example"}
    )
    assert only_filter().query == FAILED_QUERY


def test_invalid_filter_is_not_saved(as_admin: Visitor) -> None:
    response = as_admin.submit("/admin/filters/rewards", {"name": "x", "query": "since=yesterday"})
    assert response.status_code == 400
    assert 'href="#since"' in response.text
    assert not SavedFilter.select().exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "\u200e\u200d"])
def test_invalid_name_is_refused_at_its_field(as_admin: Visitor, admin: User, name: str) -> None:
    response = as_admin.submit("/admin/filters/rewards", {"name": name, "query": FAILED_QUERY})
    assert response.status_code == 400
    assert 'href="#filter-name-new"' in response.text
    assert 'id="filter-name-new-error"' in response.text
    assert "Enter a name of up to 40 characters." in text_of(response)
    assert 'name="leastUsd" type="text" value="3"' in response.text
    save_filter(admin.id, "rewards", "Good", FAILED_QUERY)
    response = as_admin.submit(f"/admin/filters/{only_filter().id}/name", {"name": name})
    assert response.status_code == 400
    assert f'href="#filter-name-{only_filter().id}"' in response.text
    assert names_of(admin) == ["Good"]


def test_name_is_unique_per_page(as_admin: Visitor, admin: User) -> None:
    form = {"name": "Mine", "query": FAILED_QUERY}
    assert as_admin.submit("/admin/filters/rewards", form).status_code == 303
    repeated = as_admin.submit("/admin/filters/rewards", {**form, "query": "status=minted"})
    assert repeated.status_code == 409
    assert "You already have a filter with this name." in text_of(repeated)
    assert (
        as_admin.submit("/admin/filters/settlements", {"name": "Mine", "query": "status=held"}).status_code
        == 303
    )
    save_filter(admin.id, "rewards", "Other", FAILED_QUERY)
    other = SavedFilter.get(SavedFilter.name == "Other").id
    assert as_admin.submit(f"/admin/filters/{other}/name", {"name": "Mine"}).status_code == 409
    assert names_of(admin) == ["Mine", "Mine", "Other"]


def test_filter_is_renamed_and_removed(as_admin: Visitor, admin: User) -> None:
    save_filter(admin.id, "rewards", "Old", FAILED_QUERY)
    url = f"/admin/filters/{only_filter().id}"
    assert as_admin.submit(f"{url}/name", {"name": "New"}).location == f"{QUEUE}?{FAILED_QUERY}"
    assert names_of(admin) == ["New"]
    assert as_admin.submit(f"{url}/remove").location == f"{QUEUE}?{FAILED_QUERY}"
    assert as_admin.submit(f"{url}/remove").status_code == 404
    assert names_of(admin) == []


def test_number_of_filters_is_limited(as_admin: Visitor, admin: User) -> None:
    for number in range(FILTERS_MAX):
        save_filter(admin.id, "rewards", f"Filter {number}", f"status=failed&leastUsd={number}")
    response = as_admin.submit("/admin/filters/rewards", {"name": "One more", "query": "status=minted"})
    assert response.status_code == 409
    assert 'href="#filter-name-new"' in response.text
    assert len(names_of(admin)) == FILTERS_MAX


def test_filter_name_is_escaped(as_admin: Visitor, admin: User) -> None:
    save_filter(admin.id, "rewards", "<b>bold</b>", FAILED_QUERY)
    assert "<b>bold" not in as_admin.get(QUEUE).text


def test_filters_are_visible_only_to_their_admin(
    as_admin: Visitor, as_other: Visitor, client: Visitor, other: User
) -> None:
    save_filter(other.id, "rewards", "Theirs", FAILED_QUERY)
    assert "Theirs" not in as_admin.get(QUEUE).text
    url = f"/admin/filters/{only_filter().id}"
    for path in (f"{url}/name", f"{url}/remove"):
        assert as_admin.submit(path, {"name": "Renamed"}).status_code == 404
        assert as_admin.get(path).status_code == 405
        assert as_other.submit(path, {"name": "x"}).status_code == 403
        assert client.submit(path, {"name": "x"}).status_code in (302, 303, 401)
    assert as_other.submit("/admin/filters/rewards", {"name": "x", "query": FAILED_QUERY}).status_code == 403
    assert as_admin.get("/admin/filters/rewards").status_code == 405
    assert as_admin.submit("/admin/filters/nothing", {"name": "x"}).status_code == 404
    assert (
        as_admin.post("/admin/filters/rewards", data={"name": "x", "query": FAILED_QUERY}).status_code == 400
    )
    assert [row.name for row in SavedFilter.select()] == ["Theirs"]
