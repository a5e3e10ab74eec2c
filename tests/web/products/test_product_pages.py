"""Products as admins and vendors keep them: form, stock, picture, and who may see and change what."""

from __future__ import annotations

import html
import io
import re

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from models import EventLog, PictureFile, Product, ProductPicture, StockMovement, User, Vendor
from portal.db import Actor, record_event
from portal.lib.pictures import MOST_BYTES
from tests.factories import PASSWORD, make_admin, make_order, make_product, make_user, make_vendor
from tests.support.pictures import opened, picture_file
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.conftest import visitor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

FORM = {
    "name": "Clay teapot",
    "description": "Holds three cups.",
    "price": "1 234,50",
    "currency": "UAH",
    "stock": "5",
}


@pytest.fixture
def seller(database: str) -> User:
    return make_user("Vira Vendor", role="vendor")


@pytest.fixture
def shop(seller: User) -> Vendor:
    return make_vendor(seller, name="Tea House")


@pytest.fixture
def desk(client: Visitor, seller: User, shop: Vendor) -> Visitor:
    """Return a browser in which the vendor is signed in."""
    return client.sign_in_as(seller)


def fields_of(page: str) -> dict[str, str]:
    """Return the fingerprint and the filled inputs of the form of a product."""
    return dict(re.findall(r'name="(shown|slug|name|price)"[^>]* value="([^"]*)"', page))


def events_of(product_id: int) -> list[str]:
    rows = EventLog.select().where((EventLog.entity == "product") & (EventLog.entity_id == str(product_id)))
    return [row.event for row in rows.order_by(EventLog.id)]


def send_picture(
    desk: Visitor, product_id: int, raw: bytes, token: str | None = None, **fields: str
) -> TestResponse:
    # Encoded here: the client would put a long body into a temporary file and leave it open.
    data = {
        "csrf_token": token or desk.token(),
        "picture": FileStorage(io.BytesIO(raw), "photo.jpg"),
        **fields,
    }
    boundary, body = encode_multipart(data)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return desk.post(f"/vendor/products/{product_id}/picture", data=body, content_type=kind)


def test_product_is_created_with_a_slug_from_its_name_and_an_opening_movement(
    desk: Visitor, shop: Vendor
) -> None:
    form = {
        **FORM,
        "name": "Чайник «Її щастя»",
        "vendor": str(shop.id),
        "name_en": "Teapot",
        "needs_delivery": "1",
    }
    answer = desk.submit("/vendor/products/new", form)
    assert answer.status_code == 303
    product = Product.get()
    assert answer.location.endswith(f"/vendor/products/{product.id}")
    assert (product.slug, product.price_minor, product.stock) == ("chainyk-ii-shchastia", 123_450, 5)
    assert (product.vendor_id, product.active, product.needs_delivery) == (shop.id, True, True)
    assert [(row.quantity, row.reason) for row in StockMovement.select()] == [(5, "initial")]
    assert events_of(product.id) == ["product_created"]
    assert desk.submit("/vendor/products/new", form).status_code == 303
    assert {row.slug for row in Product.select()} == {"chainyk-ii-shchastia", "chainyk-ii-shchastia-2"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 201), ("description", "x" * 5_001), ("price", ""), ("price", "-1"),
        ("price", "1.234"), ("price", "10000000001"), ("currency", "XYZ"), ("stock", "-1"), ("stock", "1.5"),
        ("slug", "Не латиниця"), ("slug", "taken"), ("name_uk", "x" * 201), ("vendor", "0"),
    ],
)  # fmt: skip
def test_refused_field_is_named_and_the_form_keeps_what_was_typed(
    desk: Visitor, shop: Vendor, field: str, value: str
) -> None:
    make_product(slug="taken")
    form = {**FORM, "vendor": str(shop.id), field: value}
    answer = desk.submit("/vendor/products/new", form)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert "1 234,50" in answer.text or field == "price"
    assert Product.select().count() == 1


def test_change_is_saved_once_and_never_over_a_change_that_was_not_seen(desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop, slug="old-name", stock=0)
    url = f"/vendor/products/{product.id}"
    form = {**FORM, "shown": fields_of(desk.get(url).text)["shown"], "slug": "new-name"}
    assert desk.submit(url, form).status_code == 303
    assert events_of(product.id) == ["product_changed"]
    assert desk.submit(url, form).status_code == 409
    changed = Product.get_by_id(product.id)
    assert (changed.slug, changed.name) == ("new-name", "Clay teapot")
    earlier = desk.get("/products/old-name")
    assert (earlier.status_code, earlier.location) == (301, "/products/new-name")
    unchanged = {**form, "shown": fields_of(desk.get(url).text)["shown"], "price": "1234.5"}
    assert desk.submit(url, unchanged).status_code == 303
    assert len(events_of(product.id)) == 1


def test_new_product_takes_an_earlier_address_over(desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop, slug="lamp")
    url = f"/vendor/products/{product.id}"
    desk.submit(url, {**FORM, "shown": fields_of(desk.get(url).text)["shown"], "slug": "lamp-1"})
    assert (
        desk.submit("/vendor/products/new", {**FORM, "vendor": str(shop.id), "slug": "lamp"}).status_code
        == 303
    )
    assert desk.get("/products/lamp").status_code == 200


def test_stock_moves_by_a_number_with_a_reason_only(desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop, stock=5)
    url = f"/vendor/products/{product.id}/stock"
    for quantity, reason, named in (("", "x", "quantity"), ("0", "x", "quantity"), ("1.5", "x", "quantity"),
                                    ("2", "", "reason"), ("2", "x" * 201, "reason")):  # fmt: skip
        answer = desk.submit(url, {"quantity": quantity, "reason": reason})
        assert answer.status_code == 422
        assert f'href="#{named}"' in answer.text
    assert desk.submit(url, {"quantity": "+20", "reason": "Delivery 7"}).status_code == 303
    assert desk.submit(url, {"quantity": "−26", "reason": "Counted"}).status_code == 303
    assert Product.get_by_id(product.id).stock == -1
    moved = StockMovement.select().where(StockMovement.reason == "correction").order_by(StockMovement.id)
    assert [(row.quantity, row.note) for row in moved] == [(20, "Delivery 7"), (-26, "Counted")]
    assert "Delivery 7" in text_of(desk.get(f"/vendor/products/{product.id}"))


def test_archived_product_leaves_the_store_and_comes_back(desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop)
    url = f"/vendor/products/{product.id}/sale"
    for on_sale, status in (("0", 404), ("1", 200)):
        assert desk.submit(url, {"on_sale": on_sale}).status_code == 303
        assert desk.get(f"/products/{product.slug}").status_code == status
    assert events_of(product.id) == ["product_archived", "product_put_on_sale"]


def test_texts_are_shown_in_the_language_of_the_page(desk: Visitor, shop: Vendor) -> None:
    texts = {"uk": {"name": "Глечик"}, "ru": {"description": "Для чая."}}
    make_product(shop, slug="jug", name="Jug", description="For tea.", translations=texts)
    pages = {locale: text_of(desk.get(f"/{locale}/products/jug")) for locale in ("en", "uk", "ru")}
    assert "Jug" in pages["en"]
    assert "Глечик" in pages["uk"]
    assert "For tea." in pages["uk"]
    assert "Jug" in pages["ru"]
    assert "Для чая." in pages["ru"]


def test_list_is_filtered_by_the_url(desk: Visitor, shop: Vendor) -> None:
    make_product(shop, name="Green cup", translations={"uk": {"name": "Чашка"}})
    make_product(shop, name="Red lamp", stock=0)
    make_product(shop, name="Blue 100% hat", active=False)
    for query, found in (("q=cup", "Green"), ("q=чашк", "Green"), ("q=100%25", "Blue"), ("state=sold_out", "Red"),
                         ("state=archived", "Blue"), ("state=on_sale", "Green")):  # fmt: skip
        page = text_of(desk.get(f"/vendor/products?{query}"))
        assert [name for name in ("Green", "Red", "Blue") if name in page] == [found], query


def test_vendor_neither_sees_nor_changes_products_of_another(desk: Visitor, shop: Vendor) -> None:
    other = make_product(make_vendor(make_user(role="vendor")), name="Foreign lamp", stock=5)
    assert "Foreign lamp" not in desk.get("/vendor/products").text
    assert "Foreign lamp" not in desk.get(f"/vendor/products?vendor={other.vendor_id}").text
    url = f"/vendor/products/{other.id}"
    assert desk.get(url).status_code == 404
    changes = {
        "": {**FORM, "shown": ""}, "/sale": {"on_sale": "0"}, "/stock": {"quantity": "1", "reason": "x"},
        "/percent": {"percent": "1"}, "/picture/remove": {},
    }  # fmt: skip
    for path, form in changes.items():
        assert desk.submit(url + path, form).status_code == 404, path
    assert send_picture(desk, other.id, picture_file()).status_code == 404
    assert desk.submit("/vendor/products/new", {**FORM, "vendor": str(other.vendor_id)}).status_code == 422
    assert desk.get("/admin/products").status_code == 403
    left = Product.get_by_id(other.id)
    assert (left.name, left.stock, left.active) == ("Foreign lamp", 5, True)
    assert not events_of(other.id)


def test_admin_keeps_the_products_of_every_vendor(client: Visitor, shop: Vendor) -> None:
    product = make_product(shop, name="Tea")
    admin = client.sign_in_as(make_admin())
    assert "Tea" in admin.get("/admin/products").text
    assert (
        admin.submit(f"/admin/products/{product.id}/stock", {"quantity": "1", "reason": "x"}).status_code
        == 303
    )
    assert admin.submit(f"/admin/products/{product.id}/percent", {"percent": "7.5"}).status_code == 303
    assert str(Product.get_by_id(product.id).referral_percent) == "7.500000"
    assert admin.get("/vendor/products").status_code == 403


def test_vendor_sets_a_percent_within_the_maximum(desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop)
    url = f"/vendor/products/{product.id}/percent"
    refused = desk.submit(url, {"percent": "99"})
    assert refused.status_code == 422
    assert 'href="#percent"' in refused.text
    assert desk.submit(url, {"percent": "3"}).status_code == 303
    assert desk.submit(url, {"percent": ""}).status_code == 303
    assert Product.get_by_id(product.id).referral_percent is None


def test_picture_is_shown_in_the_store_and_can_be_replaced_and_removed(desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop)
    assert (
        send_picture(desk, product.id, picture_file(), alt_uk="Чайник", alt_en="A teapot").status_code == 303
    )
    first = ProductPicture.get()
    make_order(make_user(), [(product, 1)])
    desk.fill_cart((product.id, 1))
    for page in ("/", f"/products/{product.slug}", "/cart", "/vendor/products"):
        assert first.digest in desk.get(page).text, page
    assert 'alt="Чайник"' in desk.get(f"/uk/products/{product.slug}").text
    url = re.search(r'src="(/pictures/[^"]+)"', desk.get(f"/products/{product.slug}").text)
    assert url
    file = desk.get(url[1])
    assert (file.status_code, file.mimetype) == (200, "image/webp")
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in file.headers
    assert "Cookie" not in file.headers.get("Vary", "")
    assert opened(file.data).size == (64, 48)
    assert desk.submit(f"/vendor/products/{product.id}/picture", {"alt_uk": "Глечик"}).status_code == 303
    assert ProductPicture.get().alt_texts == {"uk": "Глечик"}
    assert send_picture(desk, product.id, picture_file("PNG", (30, 30))).status_code == 303
    assert desk.get(url[1]).status_code == 404
    assert desk.submit(f"/vendor/products/{product.id}/picture/remove").status_code == 303
    assert not PictureFile.select().count()
    assert events_of(product.id) == ["picture_saved", "picture_described", "picture_saved", "picture_removed"]


def test_files_stay_while_another_product_shows_the_same_picture(desk: Visitor, shop: Vendor) -> None:
    products = [make_product(shop) for _ in range(2)]
    for product in products:
        send_picture(desk, product.id, picture_file())
    assert desk.submit(f"/vendor/products/{products[0].id}/picture/remove").status_code == 303
    assert PictureFile.select().count() == 3


def test_refused_picture_is_explained_at_its_field(desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop)
    for locale, words in (("en", "is GIF"), ("uk", "GIF"), ("ru", "GIF")):
        url = f"/{locale}/vendor/products/{product.id}/picture"
        data = {"picture": (io.BytesIO(picture_file("GIF")), "a.gif")}
        answer = desk.submit(url, data, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert 'href="#picture"' in answer.text
        assert words in text_of(answer)
    assert send_picture(desk, product.id, b"x" * (MOST_BYTES + 1)).status_code == 422
    assert send_picture(desk, product.id, b"x" * (MOST_BYTES + 100_000)).status_code == 413
    assert desk.submit(f"/vendor/products/{product.id}/picture").status_code == 422
    assert not ProductPicture.select().count()


def test_only_the_picture_form_takes_a_large_body_and_only_from_its_people(
    desk: Visitor, shop: Vendor
) -> None:
    product = make_product(shop)
    large = "x" * 300_000
    assert desk.submit(f"/vendor/products/{product.id}/stock", {"reason": large}).status_code == 413
    assert send_picture(desk, product.id, b"x" * 300_000).status_code == 422
    for user in (make_user(), None):
        desk.sign_in_as(user) if user else desk.delete_cookie("ring_session")
        assert send_picture(desk, product.id, b"x" * 300_000, "none").status_code == 413


def test_catalogue_is_read_page_by_page_in_the_alphabet(client: Visitor) -> None:
    vendor = make_vendor()
    for number in range(100):
        make_product(
            vendor, name=f"Lamp {number:03}", translations={"uk": {"name": f"Лампа {99 - number:03}"}}
        )
    for locale, words in (("en", "Lamp"), ("uk", "Лампа")):
        seen: list[str] = []
        url = f"/{locale}/"
        while url:
            page = client.get(url).text
            shown = re.findall(rf'translate="no">({words} \d+)</a>', page)
            assert len(shown) <= 48
            seen += shown
            following = re.search(r'rel="next" href="([^"]+)"', page)
            url = following[1] if following else ""
        assert seen == [f"{words} {number:03}" for number in range(100)]
    assert client.get("/?cursor=nonsense").status_code == 400


def test_stock_form_sent_twice_moves_the_stock_once(desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop, stock=10)
    url = f"/vendor/products/{product.id}"
    (key,) = form_fields(desk.get(url), f"{url}/stock")["key"]
    form = {"quantity": "20", "reason": "Delivery 8", "key": key}
    for _ in range(2):
        answer = desk.submit(f"{url}/stock", form)
        assert (answer.status_code, answer.location) == (303, f"{url}#stock")
    assert Product.get_by_id(product.id).stock == 30
    assert StockMovement.select().where(StockMovement.reason == "correction").count() == 1
    (other,) = form_fields(desk.get(url), f"{url}/stock")["key"]
    assert other != key
    assert desk.submit(f"{url}/stock", {**form, "key": other}).status_code == 303
    assert Product.get_by_id(product.id).stock == 50


def test_admins_are_led_to_the_events_of_a_product(as_admin: Visitor, desk: Visitor, shop: Vendor) -> None:
    product = make_product(shop, stock=10)
    desk.submit(f"/vendor/products/{product.id}/stock", {"quantity": "5", "reason": "Delivery 9"})
    link = f"/admin/events?entity=product&amp;id={product.id}"
    assert link in as_admin.get(f"/admin/products/{product.id}").text
    assert link not in desk.get(f"/vendor/products/{product.id}").text
    page = text_of(as_admin.get(link.replace("&amp;", "&")))
    assert "Delivery 9" in page


def test_page_lists_orders_and_events(desk: Visitor, shop: Vendor, as_admin: Visitor) -> None:
    product = make_product(shop)
    buyer, admin = make_user(), make_admin(name="Ann Admin")
    orders = [make_order(buyer, [(product, 2)], paid=True) for _ in range(11)]
    other = make_order(buyer, [(make_product(make_vendor()), 1)], paid=True)
    record_event(Actor.user(admin.id), "product", product.id, "product_changed")
    address = f"/vendor/products/{product.id}"
    first = desk.get(address)
    shown = [order.id for order in orders if order.id in first.text]
    assert shown == [order.id for order in orders[1:]], "the ten newest"
    assert f"/vendor/orders/{orders[-1].id}" in first.text
    rest = desk.get(html.unescape(re.findall(r'href="([^"]*orders_cursor=[^"]*)"', first.text)[0]))
    assert orders[0].id in rest.text
    assert other.id not in first.text + rest.text
    assert ("An admin" in text_of(first), "Ann Admin" in first.text) == (True, False)
    page = as_admin.get(f"/admin/products/{product.id}")
    assert f"/admin/orders/{orders[-1].id}" in page.text
    assert "Ann Admin" in page.text


def test_prices_need_a_recent_proof_of_identity_and_a_long_form_survives_it(
    desk: Visitor, seller: User, shop: Vendor
) -> None:
    product = make_product(shop)
    enrol(seller)
    browser = visitor(desk.application, seller)
    expire_confirmation()
    texts = {f"description_{language}": "Чай 茶 🫖 " * 600 for language in ("en", "uk", "ru")}
    form = {
        **FORM,
        "price": "1",
        "slug": product.slug,
        "shown": fields_of(browser.get(f"/vendor/products/{product.id}").text)["shown"],
    }
    for path in ("/vendor/products/new", f"/vendor/products/{product.id}"):
        page = browser.submit(path, {**form, **texts, "description": "Ш" * 4_999})
        assert page.status_code == 403
        assert Product.select().count() == 1
        assert Product.get().price_minor == product.price_minor
        kept = {name: values[0] for name, values in form_fields(page, "/account/confirm").items()}
        confirmed = browser.submit("/account/confirm", {**kept, "present": PASSWORD})
        assert confirmed.status_code == 200
        fields = {name: values[0] for name, values in form_fields(confirmed, path).items()}
        assert fields["description"] == "Ш" * 4_999
        assert fields["description_ru"] == texts["description_ru"]
        expire_confirmation()
    assert "Price" in text_of(confirmed)
    assert "fingerprint" not in text_of(confirmed)
    # Neither a name nor a place on the shelf is a price: stock and sale go on without.
    assert browser.submit(f"/vendor/products/{product.id}/sale", {"on_sale": "0"}).status_code == 303
