"""Imports of products on the pages: upload, preview, confirmation, and who sees them."""

from __future__ import annotations

import io

from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from models import Product, ProductImport
from portal.db import Actor
from portal.flows.catalogue.import_products import work_on_imports
from portal.runtime import Portal
from tests.factories import make_admin, make_product, make_user, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def send(visitor: Visitor, raw: bytes, role: str = "vendor", **fields: str) -> TestResponse:
    data = {"csrf_token": visitor.token(), "file": FileStorage(io.BytesIO(raw), "spring.csv"), **fields}
    boundary, body = encode_multipart(data)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return visitor.post(f"/{role}/products/import", data=body, content_type=kind)


def run_job(visitor: Visitor) -> None:
    running: Portal = visitor.application.extensions["portal"]
    work_on_imports(running.settings, Actor.job("import_products"))


def test_vendor_previews_confirms_and_sees_the_result(client: Visitor) -> None:
    seller = make_user(role="vendor")
    shop = make_vendor(seller)
    make_product(shop, slug="lamp", name="Lamp", price_minor=10_000)
    desk = client.sign_in_as(seller)
    sent = send(
        desk,
        b"slug,name,price,currency\nlamp,Lamp,120,UAH\ncup,Cup,5,UAH\nbad,Bad,-1,UAH\n",
        vendor=str(shop.id),
    )
    assert sent.status_code == 303
    url = sent.location
    assert "hx-trigger" in desk.get(url).text
    run_job(desk)
    page = desk.get(url)
    assert "hx-trigger" not in page.text
    for words in ("100.00", "120.00", "cup", "price:"):
        assert words in text_of(page)
    assert "cup" not in text_of(desk.get(f"{url}?outcome=error")).split("Changes")[-1]
    assert Product.select().count() == 1
    assert desk.submit(f"{url}/confirm").status_code == 303
    run_job(desk)
    assert {row.slug: row.price_minor for row in Product.select()} == {"lamp": 12_000, "cup": 500}
    assert "Finished" in text_of(desk.get(url))
    assert desk.submit(f"{url}/confirm").status_code == 409


def test_outdated_preview_is_shown_and_nothing_is_imported(client: Visitor) -> None:
    shop = make_vendor()
    lamp = make_product(shop, slug="lamp", price_minor=10_000)
    admin = client.sign_in_as(make_admin())
    url = send(admin, b"slug,vendor_id,price\nlamp,%d,120\n" % shop.id, "admin").location
    run_job(admin)
    Product.update(price_minor=11_000).where(Product.id == lamp.id).execute()
    refused = admin.submit(f"{url}/confirm")
    assert refused.status_code == 409
    assert "1 product has changed" in text_of(refused)
    assert ProductImport.get().status == "ready"
    assert admin.submit(f"{url}/check").status_code == 303
    run_job(admin)
    assert admin.submit(f"{url}/confirm").status_code == 303
    run_job(admin)
    assert Product.get_by_id(lamp.id).price_minor == 12_000


def test_unusable_file_is_explained_at_its_field(client: Visitor) -> None:
    seller = make_user(role="vendor")
    make_vendor(seller)
    desk = client.sign_in_as(seller)
    for raw, vendor, field in ((b"\xff\xfe", "", "file"), (b"slug,colour\na,b", "", "file"), (b"", "", "file"),
                               (b"slug\na", "999", "vendor")):  # fmt: skip
        answer = send(desk, raw, vendor=vendor)
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.text
    assert not ProductImport.select().count()


def test_import_belongs_to_who_requested_it(client: Visitor) -> None:
    seller, other = make_user(role="vendor"), make_user(role="vendor")
    shop = make_vendor(seller)
    make_vendor(other)
    url = send(
        client.sign_in_as(seller), b"slug,name,price,currency\na,A,1,UAH\n", vendor=str(shop.id)
    ).location
    run_job(client)
    desk = client.sign_in_as(other)
    assert desk.get(url).status_code == 404
    for path in ("/confirm", "/check"):
        assert desk.submit(url + path).status_code == 404
    assert "spring.csv" not in desk.get("/vendor/products/import").text
    assert not Product.select().count()


def test_form_without_a_file_asks_for_one(client: Visitor) -> None:
    desk = client.sign_in_as(make_vendor(make_user(role="vendor")).user)
    refused = desk.submit("/vendor/products/import", {"vendor": ""})
    assert refused.status_code == 422
    assert "Choose a CSV file." in refused.text
