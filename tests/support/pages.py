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
        "referrer.terms": ["/terms"],
        "proof.show": ["/proof/{payment_hash}", "/proof/{unpaid_hash}", "/proof/nothing"],
        "sdk.embedded": ["/embed/worn-out"],
        "dev_mail.mailbox": ["/dev/mail"],
        "": ["/nowhere", "/orders/nothing"],
    },
    "buyer": {
        "shop.cart": ["/cart"],
        "checkout.review": ["/checkout"],
        "checkout.processing": ["/checkout/processing/{own_reference}"],
        "shop.orders": ["/orders"],
        "shop.order": ["/orders/{own_order}"],
        "shop.membership": ["/membership"],
        "account.wallets": ["/account/wallets"],
        "account.credit": ["/account/credit"],
        "account.security": ["/account/security"],
        "account.sign_ins": ["/account/security/sign-ins"],
        "account.second_factor": ["/account/security/second-factor"],
        "account.personal_data": ["/account/data"],
        "account.confirm": ["/account/confirm"],
        "": ["/admin/audit"],
    },
    "referrer": {
        "referrer.dashboard": ["/refcodes"],
        "referrer.code": [
            "/refcodes/{code}",
            "/refcodes/{code}?page=/products/clay-teapot",
            "/refcodes/{code}?page=https://other.example/",
        ],
        "referrer.check_payment": ["/refcodes/rewards/{reward_id}/check"],
        "referrer.show_connection": ["/refcodes/stores/connect/worn-out"],
        "referrer.stores": ["/refcodes/stores"],
        "account.notifications": ["/notifications"],
    },
    "vendor": {
        "vendor.earnings": ["/vendor/earnings"],
        "vendor.stores.index": ["/vendor/stores"],
        "vendor.stores.connect": [
            "/vendor/stores/connect",
            "/vendor/stores/connect?name=Own+shop&platform=medusa",
        ],
        "vendor.stores.show": ["/vendor/stores/{own_store}"],
        "vendor.stores.events": ["/vendor/stores/{own_store}/events"],
        "vendor.stores.keys": ["/vendor/stores/{own_store}/keys"],
        "vendor.stores.goods": ["/vendor/stores/{own_store}/goods"],
        "vendor.stores.settings": ["/vendor/stores/{own_store}/settings"],
        "vendor.stores.webhooks": ["/vendor/stores/{own_store}/webhooks"],
        "vendor.orders": ["/vendor/orders", "/vendor/orders?state=open"],
        "vendor.order": ["/vendor/orders/{order}", "/vendor/orders/{cancelled_order}"],
        "vendor.statements": ["/vendor/statements"],
        "vendor.statement": ["/vendor/statements/{statement_id}"],
        "vendor.products.index": ["/vendor/products", "/vendor/products?q=nothing+like+this"],
        "vendor.products.new": ["/vendor/products/new"],
        "vendor.products.imports": ["/vendor/products/import"],
        "vendor.products.show_import": ["/vendor/products/import/{vendor_import_id}"],
        "vendor.products.edit": ["/vendor/products/1"],
    },
    "admin": {
        "admin.home.show": ["/admin"],
        "admin.settings.show": ["/admin/settings"],
        "admin.rewards.list": [
            "/admin/refcodes",
            "/admin/refcodes?status=minted",
            "/admin/refcodes?refCode=nobody",
        ],
        "admin.rewards.visits": ["/admin/refcodes/visits"],
        "admin.rewards.reason": ["/admin/refcodes/{reward_id}/reject"],
        "admin.orders.list": [
            "/admin/orders",
            "/admin/orders?waiting=yes",
            "/admin/orders?number=nothing&since=never",
        ],
        "admin.orders.show": ["/admin/orders/{order}", "/admin/orders/{cancelled_order}"],
        "admin.rewards.mint_review": ["/admin/refcodes/mint"],
        "admin.rewards.mint_job": ["/admin/refcodes/mint/{job_id}"],
        "admin.commissions.settlements": [
            "/admin/store/commissions",
            "/admin/store/commissions?status=failed&since=never",
        ],
        "admin.commissions.reason": [
            "/admin/store/commissions/{settlement_id}/hold",
            "/admin/store/commissions/{settlement_id}/release",
        ],
        "admin.commissions.payout_review": ["/admin/store/commissions/payouts"],
        "admin.commissions.unknown_payments": ["/admin/store/commissions/treasury"],
        "admin.commissions.payout_batches": ["/admin/store/commissions/batches"],
        "admin.commissions.payout_batch": ["/admin/store/commissions/batches/{batch_id}"],
        "admin.commissions.statements": ["/admin/statements"],
        "admin.commissions.statement": ["/admin/statements/{statement_id}"],
        "admin.commissions.product_rates": ["/admin/store/commissions/rates"],
        "admin.programme.show": ["/admin/programme"],
        "admin.programme.new": ["/admin/programme/new"],
        "admin.programme.campaigns": ["/admin/programme/campaigns"],
        "admin.programme.bonuses": ["/admin/programme/referrers"],
        "admin.programme.terms": ["/admin/programme/terms"],
        "admin.programme.applications": [
            "/admin/programme/applications",
            "/admin/programme/applications?status=all",
        ],
        "admin.programme.terms_version": ["/admin/programme/terms/{terms_id}"],
        "admin.people.list": ["/admin/people", "/admin/people?q=nobody-of-this-name"],
        "admin.people.person": ["/admin/people/{buyer_id}", "/admin/people/{referrer_id}"],
        "admin.vendors.list": ["/admin/vendors"],
        "admin.vendors.vendor": ["/admin/vendors/{vendor_id}"],
        "admin.events.list": ["/admin/events", "/admin/events?since=never&actor=nobody@example.com"],
        "admin.jobs.list": ["/admin/jobs", "/admin/jobs?outcome=failed&job=no_such_job"],
        "admin.commissions.terms": ["/admin/store/commissions/vendors/{vendor_id}"],
        "admin.referrers.list": [
            "/admin/referrers",
            "/admin/referrers?order=paid",
            "/admin/referrers?q=nobody",
        ],
        "admin.referrers.code": ["/admin/refcodes/codes/{code}"],
        "admin.audit.journal": ["/admin/journal"],
        "admin.payments.inbox": ["/admin/payments/inbox", "/admin/payments/inbox?outcome=all"],
        "admin.payments.callback": ["/admin/payments/inbox/{callback_id}"],
        "admin.payments.proposals": ["/admin/payments/proposals", "/admin/payments/proposals?status=all"],
        "admin.payments.failing": ["/admin/payments/failing"],
        "admin.payments.credit": ["/admin/credit", "/admin/credit?account={buyer_email}"],
        "admin.stores.index": ["/admin/stores"],
        "admin.stores.connect": [
            "/admin/stores/connect",
            "/admin/stores/connect?name=Mug+shop&platform=woocommerce",
            "/admin/stores/connect?name=Mug+shop&platform=nothing",
        ],
        "admin.stores.show": ["/admin/stores/{store}"],
        "admin.stores.events": [
            "/admin/stores/{store}/events",
            "/admin/stores/{store}/events?outcome=held",
        ],
        "admin.stores.keys": ["/admin/stores/{store}/keys"],
        "admin.stores.goods": ["/admin/stores/{store}/goods"],
        "admin.stores.settings": ["/admin/stores/{store}/settings"],
        "admin.stores.webhooks": ["/admin/stores/1/webhooks"],
        "admin.products.index": ["/admin/products", "/admin/products?state=sold_out"],
        "admin.products.new": ["/admin/products/new"],
        "admin.products.imports": ["/admin/products/import"],
        "admin.products.show_import": ["/admin/products/import/{admin_import_id}"],
        "admin.products.edit": ["/admin/products/1"],
        "exports.ledgers": ["/admin/ledgers"],
        "exports.my_files": ["/exports"],
        "exports.prepare": ["/exports/new/people.xlsx"],
        "admin.audit.search": [
            "/admin/audit",
            "/admin/audit?orderReference={reference}",
            "/admin/audit?orderReference={refunded_reference}",
            "/admin/audit?orderReference={store_reference}",
            "/admin/audit?orderReference=unknown",
        ],
    },
}

# Endpoints that answer GET but are no pages: files, JSON, fragments, redirects, steps of a form.
NOT_PAGES = {
    "account.sign_in_code",
    "admin.audit.proof",
    "admin.rewards.row",
    "admin.stores.plugin",
    "admin.vendors.suggest",
    "vendor.stores.plugin",
    "vendor.suggest",
    "brand.logo",
    "brand.stylesheet",
    "checkout.come_back",
    "exports.download",
    "health.metrics",
    "health.process",
    "health.readiness",
    "openapi.description",
    "referrer.qr",
    "sdk.script",
    "sdk.snippet",
    "shop.picture",
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
