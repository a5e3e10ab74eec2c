"""The WayForPay purchase form, as built and as validated. See docs/rules/payments.md."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.payments.provider import PurchaseLine
from portal.payments.providers.wayforpay.purchase import clean_name, purchase_form, verify_purchase
from portal.payments.providers.wayforpay.signature import sign
from portal.payments.simulator import PurchaseRefused

SECRET = "flk3409refn54t54t*FNJRET"
Form = dict[str, str | list[str]]

names = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


def form(**changes: object) -> Form:
    values: dict[str, object] = {
        "secret": SECRET,
        "merchant_account": "test_merch_n1",
        "merchant_domain": "www.market.ua",
        "order_reference": "store_A1_1700000000000",
        "order_date": 1415379863,
        "amount_minor": 154736,
        "currency": "UAH",
        "lines": [PurchaseLine("Tea; green\r\nleaf", 100000, 1), PurchaseLine("Cup", 27368, 2)],
        "locale": "uk",
        "return_url": "https://portal.example/return",
        "service_url": "https://portal.example/hook",
        "client_email": "buyer@example.com",
    }
    return purchase_form(**{**values, **changes})  # type: ignore[arg-type]


def test_known_purchase_has_the_known_signature() -> None:
    fields: Form = {
        "merchantAccount": "test_merch_n1",
        "merchantDomainName": "www.market.ua",
        "merchantTransactionSecureType": "AUTO",
        "orderReference": "DH1773070193",
        "orderDate": "1415379863",
        "amount": "1547.36",
        "currency": "UAH",
        "productName[]": ["Процесор Intel Core i5-4670 3.4GHz", "Kingston DDR3-1600 4096MB PC3-12800"],
        "productCount[]": ["1", "1"],
        "productPrice[]": ["1000", "547.36"],
        "merchantSignature": "c20fd44fe3d6f4cf6f5642268130f51a",
    }
    verify_purchase(SECRET, fields)


def test_form_is_complete_and_authentic() -> None:
    fields = form()
    verify_purchase(SECRET, fields)
    signature = fields.pop("merchantSignature")
    assert signature == sign(
        SECRET,
        [
            "test_merch_n1",
            "www.market.ua",
            "store_A1_1700000000000",
            "1415379863",
            "1547.36",
            "UAH",
            "Tea green leaf",
            "Cup",
            "1",
            "2",
            "1000.00",
            "273.68",
        ],
    )
    assert fields == {
        "merchantAccount": "test_merch_n1",
        "merchantAuthType": "SimpleSignature",
        "merchantDomainName": "www.market.ua",
        "merchantTransactionSecureType": "AUTO",
        "orderReference": "store_A1_1700000000000",
        "orderDate": "1415379863",
        "orderTimeout": "86400",
        "amount": "1547.36",
        "currency": "UAH",
        "productName[]": ["Tea green leaf", "Cup"],
        "productCount[]": ["1", "2"],
        "productPrice[]": ["1000.00", "273.68"],
        "clientEmail": "buyer@example.com",
        "language": "UA",
        "returnUrl": "https://portal.example/return",
        "serviceUrl": "https://portal.example/hook",
        "apiVersion": "1",
    }


@pytest.mark.parametrize(("locale", "language"), [("uk", "UA"), ("en", "EN"), ("ru", "RU"), ("pl", "AUTO")])
def test_language_is_always_sent(locale: str, language: str) -> None:
    assert form(locale=locale)["language"] == language


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Чай; зелений", "Чай зелений"),
        ("a\r\nb", "a b"),
        ("a\u2028b", "a b"),
        (";\n", "-"),
        ("", "-"),
        ("A&B", "A&B"),
    ],
)
def test_separators_are_removed_from_names(name: str, expected: str) -> None:
    assert clean_name(name) == expected


@given(st.text())
def test_cleaned_name_has_no_separators(name: str) -> None:
    cleaned = clean_name(name)
    assert cleaned
    assert ";" not in cleaned
    assert len(cleaned.splitlines()) == 1


@given(
    st.integers(1, 10**12),
    st.lists(st.tuples(names, st.integers(0, 10**9), st.integers(1, 999)), min_size=1, max_size=4),
)
def test_every_built_form_is_accepted(amount: int, products: list[tuple[str, int, int]]) -> None:
    verify_purchase(SECRET, form(amount_minor=amount, lines=[PurchaseLine(*product) for product in products]))


def test_fields_parsed_as_lists_are_accepted() -> None:
    fields = {name: [value] if isinstance(value, str) else value for name, value in form().items()}
    verify_purchase(SECRET, fields)


@pytest.mark.parametrize(
    "name",
    [
        "merchantAccount",
        "merchantDomainName",
        "orderReference",
        "orderDate",
        "amount",
        "currency",
        "merchantTransactionSecureType",
        "productName[]",
        "productCount[]",
        "productPrice[]",
        "merchantSignature",
    ],
)
def test_missing_required_field_is_refused(name: str) -> None:
    fields = form()
    del fields[name]
    with pytest.raises(PurchaseRefused) as caught:
        verify_purchase(SECRET, fields)
    assert caught.value.field == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "1547.37"),
        ("amount", "1547.360"),
        ("amount", "0.01"),
        ("orderReference", "store_A2_1700000000000"),
        ("currency", "USD"),
        ("productName[]", ["Tea green leaf", "Cap"]),
        ("productCount[]", ["1", "3"]),
        ("productPrice[]", ["1000.00", "273.69"]),
        ("merchantSignature", "0" * 32),
    ],
)
def test_changed_field_is_refused(name: str, value: str | list[str]) -> None:
    with pytest.raises(PurchaseRefused) as caught:
        verify_purchase(SECRET, {**form(), name: value})
    assert caught.value.field == "merchantSignature"
    assert caught.value.params["reason_code"] == 1113


def test_upper_case_signature_is_refused() -> None:
    fields = form()
    with pytest.raises(PurchaseRefused):
        verify_purchase(SECRET, {**fields, "merchantSignature": str(fields["merchantSignature"]).upper()})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "-1"),
        ("amount", "0"),
        ("amount", "1e3"),
        ("amount", ["1547.36", "1.00"]),
        ("orderDate", "yesterday"),
        ("currency", "uah"),
        ("merchantTransactionSecureType", "NON3DS"),
        ("productCount[]", ["1"]),
        ("productName[]", "Tea"),
    ],
)
def test_invalid_field_is_reported_by_name(name: str, value: str | list[str]) -> None:
    with pytest.raises(PurchaseRefused) as caught:
        verify_purchase(SECRET, {**form(), name: value})
    assert caught.value.field in {name, "productCount[]"}
