"""The ledgers of the store: payments, refunds, callbacks, credit, orders, stock, journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalogue import list_stock_ledger
from portal.journal import IN_WEI, list_journal_ledger
from portal.lib.money import major_text
from portal.orders import list_all_orders_ledger, list_order_ledger, list_sold_lines_ledger
from portal.payments import list_callback_ledger, list_credit_ledger, list_payment_ledger, list_refund_ledger
from portal.web.exports.arguments import journal_filter, order_filter, period, sold_filter
from portal.web.exports.columns import Cell, Column, Digits, at, columns, money
from portal.web.exports.ledger import Ledger
from portal.web.text.format import exact_tokens
from portal.web.text.payments import describe_callback
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import JournalTransfer, PaymentEvent

_CALLBACK_TEXT_MAX = 100


def _callback_text(name: str, field: str) -> Column:
    """Return a column of one value from a callback; nothing else of its payload leaves the portal."""

    def read(event: PaymentEvent) -> Cell:
        text = describe_callback(event)
        return getattr(text, field)[:_CALLBACK_TEXT_MAX] or None if text else None

    return Column(name, read)


def _line_money(name: str) -> tuple[Column, ...]:
    """Return the two columns of an amount of a line, whose currency is that of its order."""
    minor = f"{name}_minor"
    text = Column(name, lambda row: Digits(major_text(getattr(row, minor), row.order.currency)))
    return at(minor, minor), text


_AMOUNTS = columns("status", "currency", money("amount"), money("refunded"))
_TIER = Column("tier", lambda row: row.detail.get("tier"))
_TIMES = columns("created_at", "updated_at", "paid_at")
_PAYMENT = columns(
    "id", "order_reference", "purpose", "processor", "rail", "entity_id", "user_id", _TIER, _AMOUNTS,
    "failure_reason", _TIMES,
)  # fmt: skip
_MY_PAYMENT = columns("order_reference", "purpose", "processor", _TIER, _AMOUNTS, _TIMES)
_REFUND = columns(
    "id", "order_reference", "status", "source", "currency", money("amount"), "reason", "refusal",
    "requested_by", "payment_event_id", "created_at", "updated_at", "applied_at",
)  # fmt: skip
_CALLBACK = columns(
    "id", "provider", "order_reference", "authentic", "outcome", "reason",
    _callback_text("transaction_status", "status"), _callback_text("told_amount", "amount"),
    _callback_text("told_currency", "currency"), _callback_text("reason_code", "reason_code"), "received_at",
)  # fmt: skip
_MOVE = columns("currency", money("amount"), "reason", "order_reference", "refund_id", "created_at")
_ORDER = columns(
    "order_reference", "status", "currency", money("total"), "referral_code", "referral_reason", "created_at",
    "paid_at",
)  # fmt: skip
_ANY_ORDER = columns(
    "id", "order_reference", "store_id", at("store", "store.name"), "number", "external_id", "customer_id",
    "buyer_user_id", "status", "collected_by", "currency", money("total"), money("paid"), money("refunded"),
    "referral_code", "link_label", "referrer_user_id", "referral_reason", "created_at", "paid_at",
)  # fmt: skip
_SALE = columns(
    "id", "order_id", at("order_reference", "order.order_reference"), at("store_id", "order.store_id"),
    at("store", "order.store.name"), "number", at("external_id", "order.external_id"),
    at("order_status", "order.status"), "delivery", "vendor_id", "sku", "name",
    "quantity", at("currency", "order.currency"), _line_money("subtotal"), _line_money("refunded"),
    at("created_at", "order.created_at"), at("paid_at", "order.paid_at"),
)  # fmt: skip
_STOCK = columns(
    "id", "product_id", at("product", "product.name"), "order_id", "quantity", "reason", "referral_code",
    "created_at",
)  # fmt: skip

# Wei where the currency is TOKEN, minor units else.
_UNITS = Column("amount_units", lambda row: int(row.amount))
_AMOUNT = Column("amount", lambda row: Digits(_journal_amount(row)))
_TRANSFER = columns(
    "id", "created_at", "kind", "order_reference", "currency", "debit_account", "credit_account", _UNITS, _AMOUNT,
    "source", "source_id",
)  # fmt: skip


def _journal_amount(row: JournalTransfer) -> str:
    return exact_tokens(row.amount) if row.currency == IN_WEI else major_text(row.amount, row.currency)


LEDGERS = (
    Ledger(
        "journal",
        "/admin/journal",
        "admin",
        _TRANSFER,
        lambda arguments: list_journal_ledger(journal_filter(arguments), *period(arguments)),
        lambda: (
            _("Journal"),
            _("Double-entry transfers, one per row."),
        ),
    ),
    Ledger(
        "orders",
        "/admin/orders",
        "admin",
        _ANY_ORDER,
        lambda arguments: list_all_orders_ledger(order_filter(arguments)),
        lambda: (_("Orders"), _("Orders of all stores, with their referral. No personal data.")),
    ),
    Ledger(
        "payments",
        "/admin/ledgers/payments",
        "admin",
        _PAYMENT,
        lambda arguments: list_payment_ledger(*period(arguments)),
        lambda: (_("Payments"), _("Card and credit payments, with refunded amounts.")),
    ),
    Ledger(
        "payment-refunds",
        "/admin/ledgers/payment-refunds",
        "admin",
        _REFUND,
        lambda arguments: list_refund_ledger(*period(arguments)),
        lambda: (_("Payment refunds"), _("Refunds started here or reported by the provider.")),
    ),
    Ledger(
        "callbacks",
        "/admin/ledgers/callbacks",
        "admin",
        _CALLBACK,
        lambda arguments: list_callback_ledger(*period(arguments)),
        lambda: (
            _("Callbacks"),
            _("Messages from the payment provider and how each was handled. No card data."),
        ),
    ),
    Ledger(
        "credit-entries",
        "/admin/ledgers/credit-entries",
        "admin",
        columns("id", "user_id", _MOVE),
        lambda arguments: list_credit_ledger(*period(arguments)),
        lambda: (_("Credit entries"), _("Internal credit added, spent and returned. Spending is negative.")),
    ),
    Ledger(
        "stock-movements",
        "/admin/ledgers/stock-movements",
        "admin",
        _STOCK,
        lambda arguments: list_stock_ledger(*period(arguments)),
        lambda: (_("Stock movements"), _("Stock changes with their reason. Sales are negative.")),
    ),
    Ledger(
        "my-sales",
        "/vendor/orders",
        "vendor",
        _SALE,
        lambda arguments: list_sold_lines_ledger(arguments.vendors(), sold_filter(arguments)),
    ),
    Ledger(
        "my-orders",
        "/orders",
        "signed_in",
        _ORDER,
        lambda arguments: list_order_ledger(arguments.reader_id, *period(arguments)),
    ),
    Ledger(
        "my-payments",
        "/orders/payments",
        "signed_in",
        _MY_PAYMENT,
        lambda arguments: list_payment_ledger(*period(arguments), user_id=arguments.reader_id),
    ),
    Ledger(
        "my-credit",
        "/orders/credit",
        "signed_in",
        columns("id", _MOVE),
        lambda arguments: list_credit_ledger(*period(arguments), user_id=arguments.reader_id),
    ),
)
