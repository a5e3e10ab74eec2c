"""Every page with its address and the role that sees it, for screenshots, accessibility and languages.

A test compares the list with the routes, so no new page is missed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Role -> endpoint -> addresses, with names of `Lived` in braces.
PAGES: dict[str, dict[str, list[str]]] = {
    "visitor": {
        "shop.catalogue": ["/"],
        "shop.product": ["/products/clay-teapot"],
        "shop.cart": ["/cart"],
        "account.login": ["/login"],
        "account.register": ["/register"],
        "account.forgot_password": ["/password/forgot"],
        "account.choose_password": ["/password/reset/worn-out"],
        "account.show_email_link": ["/account/email/confirm/worn-out"],
        "account.unsubscribe": ["/mail/unsubscribe/worn-out"],
        "dev_mail.mailbox": ["/dev/mail"],
        "": ["/nowhere", "/orders/nothing"],
    },
    "buyer": {
        "shop.cart": ["/cart"],
        "checkout.review": ["/checkout"],
        "checkout.processing": ["/checkout/processing/{own_reference}"],
        "shop.orders": ["/orders"],
        "shop.membership": ["/membership"],
        "account.wallets": ["/account/wallets"],
        "account.credit": ["/account/credit"],
        "account.security": ["/account/security"],
        "account.second_factor": ["/account/security/second-factor"],
        "account.confirm": ["/account/confirm"],
        "": ["/admin/audit"],
    },
    "referrer": {
        "referrer.dashboard": ["/refcodes"],
        "account.notifications": ["/notifications"],
    },
    "vendor": {
        "vendor.earnings": ["/vendor/earnings"],
    },
    "admin": {
        "admin.rewards.list": [
            "/admin/refcodes",
            "/admin/refcodes?status=minted",
            "/admin/refcodes?refCode=nobody",
        ],
        "admin.rewards.mint_review": ["/admin/refcodes/mint"],
        "admin.rewards.mint_job": ["/admin/refcodes/mint/{job_id}"],
        "admin.commissions.settlements": [
            "/admin/store/commissions",
            "/admin/store/commissions?status=failed&since=never",
        ],
        "admin.commissions.payout_review": ["/admin/store/commissions/payouts"],
        "admin.commissions.payout_batches": ["/admin/store/commissions/batches"],
        "admin.commissions.payout_batch": ["/admin/store/commissions/batches/{batch_id}"],
        "admin.commissions.product_rates": ["/admin/store/commissions/rates"],
        "admin.commissions.vendors": ["/admin/store/commissions/vendors"],
        "admin.commissions.terms": ["/admin/store/commissions/vendors/{vendor_id}"],
        "admin.referrers.code": ["/admin/refcodes/codes/{code}"],
        "admin.audit.journal": ["/admin/journal"],
        "admin.payments.inbox": ["/admin/payments/inbox", "/admin/payments/inbox?outcome=all"],
        "admin.payments.callback": ["/admin/payments/inbox/{callback_id}"],
        "admin.payments.credit": ["/admin/credit", "/admin/credit?account={buyer_email}"],
        "exports.ledgers": ["/admin/ledgers"],
        "admin.audit.search": [
            "/admin/audit",
            "/admin/audit?orderReference={reference}",
            "/admin/audit?orderReference={refunded_reference}",
            "/admin/audit?orderReference=unknown",
        ],
    },
}

# Endpoints that answer GET but are no pages: files, JSON, fragments, redirects, steps of a form.
NOT_PAGES = {
    "account.sign_in_code",
    "admin.audit.proof",
    "admin.rewards.row",
    "brand.stylesheet",
    "checkout.come_back",
    "health.metrics",
    "health.process",
    "health.readiness",
    "openapi.description",
    "referrer.qr",
}


@dataclass
class Lived:
    """Names in the addresses of pages: codes, references and ids that exist in the portal."""

    names: dict[str, str] = field(default_factory=dict)

    def address(self, path: str) -> str:
        return path.format(**self.names)

    def addresses(self, role: str) -> list[str]:
        """Return every address that a role sees, in order."""
        return [self.address(path) for paths in PAGES[role].values() for path in paths]
