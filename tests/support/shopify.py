"""An order as Shopify's GraphQL API shows it: paid, with one refund that succeeded."""

from __future__ import annotations

from typing import Any

NUMBER = "820982911946154508"  # above 2**53


def bag(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def taxed(amount: str) -> dict[str, Any]:
    return {"taxLines": [{"priceSet": bag(amount)}] if amount != "0" else []}


def transaction(number: int, kind: str, amount: str, status: str = "SUCCESS") -> dict[str, Any]:
    return {
        "id": f"gid://shopify/OrderTransaction/{number}",
        "kind": kind,
        "status": status,
        "processedAt": "2026-11-28T12:00:05Z",
        "amountSet": bag(amount),
    }


def line(number: int, sku: str, quantity: int, total: str, tax: str, discounts: list[str]) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "sku": sku,
        "name": sku.title(),
        "vendor": f"Vendor {number}",
        "quantity": quantity,
        "currentQuantity": quantity,
        "originalTotalSet": bag(total),
        "discountAllocations": [{"allocatedAmountSet": bag(amount)} for amount in discounts],
        **taxed(tax),
    }


ORDER: dict[str, Any] = {
    "id": f"gid://shopify/Order/{NUMBER}",
    "name": "#1001",
    "test": False,
    "createdAt": "2026-11-28T12:00:00Z",
    "updatedAt": "2026-11-28T12:30:00Z",
    "cancelledAt": None,
    "currencyCode": "UAH",
    "taxesIncluded": False,
    "fullyPaid": True,
    "email": "buyer@example.test",
    "discountCodes": ["ANNA10"],
    "customAttributes": [{"key": "ring_ref", "value": "Ab3dE5gH"}],
    "customerJourneySummary": {
        "firstVisit": {"landingPage": "https://shop.example/?utm_source=x&REF=Zz9yX8wV"}
    },
    "customer": {"id": "gid://shopify/Customer/7"},
    "totalReceivedSet": bag("720.00"),
    "totalPriceSet": bag("720.00"),
    "totalTipReceivedSet": bag("0.0"),
    "totalCashRoundingAdjustment": {"paymentSet": bag("0.0")},
    "shippingLines": {"nodes": [{"discountedPriceSet": bag("50.00"), **taxed("10.00")}]},
    "transactions": [
        transaction(1, "AUTHORIZATION", "720.00"),
        transaction(2, "CAPTURE", "720.00"),
        transaction(3, "REFUND", "100.00"),
        transaction(4, "REFUND", "50.00", "PENDING"),
        transaction(5, "REFUND", "50.00", "FAILURE"),
    ],
    "lineItems": {
        "pageInfo": {"hasNextPage": False, "endCursor": None},
        "nodes": [
            line(1, "MUG-1", 2, "320.00", "60.00", ["15.00", "5.00"]),
            line(2, "POSTER-2", 1, "250.00", "50.00", []),
        ],
    },
}
