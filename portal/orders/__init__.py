"""Orders of any store and their lines: both ledgers, refunds and audits start from them."""

from portal.orders.operations import (
    CheckoutKeyUsed,
    NewOrder,
    attribute_order,
    change_reference,
    create_order,
    drop_attribution,
    fold_code_orders,
    mark_order_paid,
    mark_order_refunded,
)
from portal.orders.queries import (
    CodeOrders,
    code_orders,
    find_order_by_checkout_key,
    get_order,
    get_order_by_reference,
    get_order_of_buyer,
    has_other_paid_order,
    list_item_names,
    list_items_of_orders,
    list_order_items,
    list_order_ledger,
    list_orders_of_buyer,
)
from portal.orders.rules import OrderLine, OrderUnknown
from portal.orders.status_rules import OrderStatus

__all__ = [
    "CheckoutKeyUsed",
    "CodeOrders",
    "NewOrder",
    "OrderLine",
    "OrderStatus",
    "OrderUnknown",
    "attribute_order",
    "change_reference",
    "code_orders",
    "create_order",
    "drop_attribution",
    "find_order_by_checkout_key",
    "fold_code_orders",
    "get_order",
    "get_order_by_reference",
    "get_order_of_buyer",
    "has_other_paid_order",
    "list_item_names",
    "list_items_of_orders",
    "list_order_items",
    "list_order_ledger",
    "list_orders_of_buyer",
    "mark_order_paid",
    "mark_order_refunded",
]
