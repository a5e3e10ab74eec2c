"""`GET /openapi.json` is complete, cached and the same for every caller."""

from __future__ import annotations

from tests.web.conftest import MakeApp
from tests.web.visitor import Visitor, error_of


def test_description_names_the_portal_url(make_app: MakeApp) -> None:
    response = make_app(app_url="https://shop.example").test_client().get("/openapi.json")
    assert response.status_code == 200
    assert response.get_json()["servers"] == [{"url": "https://shop.example"}]
    assert "/api/store/orders" in response.get_json()["paths"]


def test_description_is_cached(client: Visitor) -> None:
    first = client.get("/openapi.json")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in first.headers
    repeated = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (repeated.status_code, repeated.data) == (304, b"")


def test_description_does_not_depend_on_the_caller(client: Visitor, as_admin: Visitor) -> None:
    assert client.get("/openapi.json").data == as_admin.get("/uk/openapi.json").data


def test_operator_routes_return_json_errors(client: Visitor) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json"):
        wrong = client.post(path)
        assert (wrong.status_code, error_of(wrong)["code"]) == (405, "method_not_allowed")
        assert "GET" in wrong.headers["Allow"]
        invalid = client.get(f"{path}?x=%00")
        assert (invalid.status_code, error_of(invalid)["fields"]) == (400, {"x": "This field must be text."})
