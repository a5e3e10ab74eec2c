"""Where orders are delivered to: what is accepted, and how it is erased. See docs/rules/orders.md."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import OrderDelivery
from portal.lib.clock import utc_now
from portal.lib.errors import InputInvalid
from portal.orders import Delivery, check_delivery, deliveries, erase_old_deliveries, save_delivery
from tests.factories import make_order, make_user

GOOD = Delivery("Olena Koval", "+380 44 123 45 67", "Ukraine, 79000 Lviv\nRynok Square 1")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+380 44 123 45 67", "+380 44 123 45 67"),
        ("(044) 123-45-67", "(044) 123-45-67"),
        (" 044\u2013123.45/67 ", "044-123.45/67"),
        ("\uff0b380441234567", "+380441234567"),
        ("\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667", "01234567"),
        ("\u202a+380441234567\u202c", "+380441234567"),
        ("1234567", "1234567"),
        ("123456789012345", "123456789012345"),
    ],
)
def test_phone_numbers_of_people_and_keyboards_are_accepted(typed: str, stored: str) -> None:
    assert check_delivery(Delivery(GOOD.name, typed, GOOD.address)).phone == stored


@pytest.mark.parametrize(
    "phone", ["", " ", "123456", "1234567890123456", "044 call me", "++380441234567", "44+1234567", "()----"]
)
def test_other_texts_are_no_phone_number(phone: str) -> None:
    with pytest.raises(InputInvalid) as refused:
        check_delivery(Delivery(GOOD.name, phone, GOOD.address))
    assert {name: error.code for name, error in refused.value.fields.items()} == {
        "delivery.phone": "delivery_phone_invalid"
    }


def test_every_wrong_field_is_named() -> None:
    for typed in (Delivery(), Delivery("\u200b", "x", "\n \n"), Delivery("n" * 201, "1", "a" * 1001)):
        with pytest.raises(InputInvalid) as refused:
            check_delivery(typed)
        assert list(refused.value.fields) == ["delivery.name", "delivery.phone", "delivery.address"]
    with pytest.raises(InputInvalid) as refused:
        check_delivery(Delivery("Olena\u202e", GOOD.phone, GOOD.address))
    assert refused.value.fields["delivery.name"].code == "character_refused"


def test_texts_are_stored_in_one_form() -> None:
    typed = Delivery("  Олена  Коваль ", GOOD.phone, " вул. Городоцька 5 \r\n\r\n\r\n Львів ")
    assert check_delivery(typed) == Delivery("Олена Коваль", GOOD.phone, "вул. Городоцька 5\n\nЛьвів")


def test_old_deliveries_are_erased_once_and_newer_ones_stay(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ERASE_BATCH", 2)
    buyer = make_user()
    ages = {make_order(buyer).id: days for days in (0, 89, 90, 91, 400)}
    for order_id, days in ages.items():
        save_delivery(order_id, GOOD, [7, 7])
        created = utc_now() - timedelta(days=days, minutes=-5 if days == 90 else 0)
        OrderDelivery.update(created_at=created).where(OrderDelivery.order == order_id).execute()
    assert erase_old_deliveries(90) == 2
    kept = {row.order_id: row for row in OrderDelivery.select()}
    for order_id, days in ages.items():
        row = kept[order_id]
        assert (row.erased_at is None) == (days <= 90), days
        assert (row.name, row.phone, row.address) == (
            (GOOD.name, GOOD.phone, GOOD.address) if days <= 90 else (None, None, None)
        ), days
        assert row.vendor_ids == [7]
    assert erase_old_deliveries(90) == 0
    erased = {order_id: row.erased_at for order_id, row in kept.items()}
    assert {row.order_id: row.erased_at for row in OrderDelivery.select()} == erased
    assert erase_old_deliveries(1) == 2
