"""The list of share codes with what each brought, its filters, orders and file. See docs/rules/codes.md."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import CodeOrderTotal, Order, Refcode, User
from portal.chain import checksum
from portal.codes import fold_code_results, set_alias
from portal.db import SYSTEM, query
from portal.flows.overviews.referrers import ORDERS, ReferrerFilter, list_referrer_ledger, list_referrers
from portal.orders import fold_code_orders
from portal.programme import ProgrammeRules
from portal.programme.bonus_operations import add_referrer_bonus
from portal.programme.operations import save_version
from tests.factories import (
    TOKEN,
    make_code,
    make_order,
    make_payment,
    make_reward,
    make_user,
    make_visits,
)
from tests.web.exports.ledger_files import export_rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor

LIST = "/admin/referrers"


def codes_on(browser: Visitor, arguments: str, *codes: Refcode) -> list[str]:
    page = browser.get(f"{LIST}?{arguments}")
    assert page.status_code == 200
    places = {code.code: page.text.find(f'id="code-{code.code}"') for code in codes}
    return sorted((code for code, place in places.items() if place >= 0), key=lambda code: places[code])


@pytest.mark.parametrize("is_folded", [False, True])
def test_row_shows_what_a_code_brought(
    as_admin: Visitor, code: Refcode, owner: User, is_folded: bool
) -> None:
    set_alias(code.code, "ANNA-SHOP", SYSTEM, "Ring")
    make_visits(code, {0: 1_234})
    orders = [make_order(owner, code=code, paid=paid) for paid in (True, True, True, False)]
    Order.update(status="refunded").where(Order.id.in_([orders[0].id, orders[1].id])).execute()
    make_reward(code, "minted", reward_amount_wei=2 * TOKEN)
    make_reward(code, reward_amount_wei=3 * TOKEN)
    make_reward(code, "rejected", reward_amount_wei=50 * TOKEN)
    if is_folded:
        fold_code_orders(), fold_code_results()
    text = text_of(as_admin.get(LIST))
    assert f"{code.code} ANNA-SHOP" in text
    assert "Taras Other 1,234 4 3 2 (66%) 5 2 —" in text
    assert "66% of the orders of this code were refunded." in text
    (row,) = export_rows(as_admin, "referrers")
    shown = ("code", "alias", "owner", "visits_total", "orders", "paid", "refunded", "earned_wei", "minted")
    assert [row[name] for name in shown] == [
        code.code, "ANNA-SHOP", "Taras Other", "1234", "4", "3", "2", str(5 * TOKEN), "2",
    ]  # fmt: skip
    assert row["wallet_address"] == checksum(code.wallet_address)
    text = text_of(as_admin.get(f"/admin/refcodes/codes/{code.code}"))
    assert "5 RING · 2 RING" in text
    assert "Alias set: ANNA-SHOP" in text


def test_codes_are_found_by_code_alias_wallet_mail_and_state(as_admin: Visitor, code: Refcode) -> None:
    second = make_code(make_user("Second", email="second@example.org"), active=False)
    set_alias(second.code, "SECOND", SYSTEM, "Ring")
    both = [second.code, code.code]
    searches = {
        "": both,
        f"q=%20{code.code}": [code.code],
        "q=second": [second.code],
        f"q={checksum(second.wallet_address)}": [second.code],
        "q=Second@Example.org": [second.code],
        "q=nobody@example.org": [],
        "q=nothing": [],
        "state=active": [code.code],
        "state=inactive": [second.code],
        "state=nonsense&order=nonsense": both,
    }
    for arguments, expected in searches.items():
        assert codes_on(as_admin, arguments, code, second) == expected, arguments
    assert [row["code"] for row in export_rows(as_admin, "referrers", "?state=inactive")] == [second.code]


def test_orders_by_results(as_admin: Visitor, database: str) -> None:
    few, many, without = (make_code(make_user(name)) for name in ("Few", "Many", "Without"))
    for code, paid, refunded in ((few, 3, 1), (many, 9, 2)):
        CodeOrderTotal.insert(code=code.code, orders=paid, paid=paid, refunded=refunded).execute()
    assert codes_on(as_admin, "order=paid", few, many, without) == [many.code, few.code]
    assert codes_on(as_admin, "order=refunds", few, many, without) == [many.code]
    assert codes_on(as_admin, "", few, many, without) == [without.code, many.code, few.code]


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_leads_to_all_codes(database: str, order: str) -> None:
    owner = make_user("Referrer")
    codes = [make_code(owner).code for _ in range(7)]
    for code in codes:
        CodeOrderTotal.insert(code=code, orders=9, paid=9, refunded=4).execute()
    ledger, found, cursor = list_referrer_ledger(ReferrerFilter(order=order)), [], None
    while True:
        page = ledger.page(cursor, 3)
        found += [row.code for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(found) == sorted(codes)


FILTERS = [ReferrerFilter(state="inactive"), *(ReferrerFilter(order=order) for order in ORDERS)]


@pytest.mark.parametrize("filters", FILTERS)
def test_a_page_reads_no_more_rows_when_there_are_many(database: str, filters: ReferrerFilter) -> None:
    owner = make_user("Referrer")
    query(
        "INSERT INTO refcodes (code, owner_user_id, wallet_address, active, created_at)"
        " SELECT 'code' || lpad(n::text, 6, '0'), %s, '0x' || lpad(to_hex(n), 40, '0'), n %% 50 > 0,"
        " now() - n * interval '1 s'"
        " FROM generate_series(1, 20000) n",
        [owner.id],
    )
    query("INSERT INTO code_order_totals SELECT code, 9, 9, 4 FROM refcodes")
    query("ANALYZE refcodes, code_order_totals, users")
    statement = list_referrer_ledger(filters)
    plan = explained(statement)
    assert "Seq Scan on refcodes" not in plan
    assert "Seq Scan on code_order_totals" not in plan
    assert len(list_referrers(filters).rows) == 50


def explained(keyset: object) -> str:
    """Return the plan of a page."""
    rows = keyset._rows.order_by(*[field.desc() for field in keyset._key]).limit(51)  # type: ignore[attr-defined]
    sql, values = rows.sql()
    return "\n".join(row[0] for row in query(f"EXPLAIN {sql}", values))


@pytest.mark.parametrize("locale", ["uk", "ru"])
def test_page_of_a_code_leads_back(as_admin: Visitor, code: Refcode, locale: str) -> None:
    page = as_admin.get(f"/{locale}/admin/refcodes/codes/{code.code}").text
    assert f'href="/{locale}{LIST}"' in page


def test_others_may_not_see_it(as_owner: Visitor, as_seller: Visitor) -> None:
    for browser in (as_owner, as_seller):
        assert browser.get(LIST).status_code == 403
        assert browser.get(f"{LIST}.csv").status_code == 403


def test_bonus_of_level_and_referrer_is_shown(as_admin: Visitor, code: Refcode, owner: User) -> None:
    bonus = {"combine": "sum", "levels": [{"referrals": 2, "percent": "1.5"}]}
    approval = {"fiat": "manual", "crypto": "automatic"}
    rules = ProgrammeRules.model_validate({"holdDays": 0, "approval": approval, "bonus": bonus})
    save_version(rules, None, None, SYSTEM)
    add_referrer_bonus(code.owner_user_id, Decimal(2), None, None, SYSTEM)
    for _ in range(2):
        order = make_order(owner, code=code, paid=True)
        make_payment(order, "paid")
        make_reward(code, order_reference=order.order_reference)
    make_code(make_user("Second"))
    page = text_of(as_admin.get(LIST))
    assert "+1.5% from 2 referrals, +2% personal" in page
    assert page.count("personal") == 1
