"""How a store is connected, step by step in the reader's language, for each platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.stores.adapters.registry import find_adapter
from portal.web.stores.access_data import AccessData
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Store
    from portal.web.stores.area import Area


@dataclass(frozen=True, slots=True)
class Copy:
    """A value to copy."""

    id: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to do, the values to copy, and a link or a file.

    In `text`, names of menus and files, which no language changes, are between backticks.
    """

    title: str
    text: str
    copies: tuple[Copy, ...] = ()
    url: str | None = None
    link: str | None = None
    is_file: bool = False

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """Return the text in parts, each with whether it is such a name."""
        return [(part, index % 2 == 1) for index, part in enumerate(self.text.split("`")) if part]


def steps_of(store: Store, area: Area, access: AccessData) -> list[Step]:
    """Return the steps for a store; keys are in them only when they were just created."""
    make = {
        "woocommerce": _woocommerce,
        "shopify": _shopify,
        "stripe": _stripe,
        "medusa": _medusa,
        "vendure": _vendure,
        "saleor": _saleor,
        "horoshop": _horoshop,
        "keycrm": _keycrm,
        "django_oscar": _django_oscar,
    }.get(store.platform, _api)
    return make(_Context(store.id, area, access))


@dataclass(frozen=True)
class _Context:
    store_id: int
    area: Area
    access: AccessData

    @property
    def keys_url(self) -> str:
        return self.area.url("keys", store_id=self.store_id)

    def address(self) -> Copy:
        return Copy("portal-address", _("Portal address"), self.access.portal_url)

    def store_id_copy(self) -> Copy:
        return Copy("public-id", _("Store ID"), self.access.public_id)

    def key(self, mode: str = "live") -> tuple[Copy, ...]:
        text = self.access.live_key if mode == "live" else self.access.test_key
        label = _("Key") if mode == "live" else _("Test key")
        return (Copy(f"{mode}-key", label, text),) if text else ()

    def secret(self) -> tuple[Copy, ...]:
        return (
            (Copy("webhook-secret", _("Webhook secret"), self.access.secret),) if self.access.secret else ()
        )

    def hook(self) -> Copy:
        return Copy("hook-address", _("Webhook address"), self.access.hook_url or "")

    def snippet(self, extra: str = "") -> Copy:
        tag = self.access.snippet.replace(" async>", f" {extra} async>") if extra else self.access.snippet
        return Copy("snippet", _("Snippet for the store’s pages"), tag)

    def key_step(self, title: str, text: str, *copies: Copy) -> Step:
        """Return a step that needs a key: the key itself if it was just created, else where to get one."""
        keys = self.key()
        link = (None, None) if keys else (self.keys_url, _("Keys and secrets"))
        return Step(title, text, (*copies, *keys), *link)

    def secret_step(self, title: str, text: str, *copies: Copy) -> Step:
        """Return a step that needs the webhook secret: itself if it was just created, else where to get one."""
        secret = self.secret()
        link = (None, None) if secret else (self.keys_url, _("Keys and secrets"))
        return Step(title, text, (*copies, *secret), *link)

    def own_secret_step(self, title: str, text: str) -> Step:
        """Return a step for a platform that shows a secret of its own, which is entered here."""
        return Step(title, text, (self.hook(),), self.keys_url, _("Enter the secret"))

    def credentials_step(self, text: str) -> Step:
        return Step(
            _("Let the portal poll the store"), text, (), self.keys_url, _("Enter the API credentials")
        )

    def snippet_step(self, text: str, extra: str = "") -> Step:
        return Step(_("Add the snippet to the shop"), text, (self.snippet(extra),))

    def coupon_step(self) -> Step:
        """Return the step of a platform that keeps no cookie: coupons carry the referral."""
        return Step(
            _("Assign your coupons"),
            _(
                "This platform does not store a cookie, so specify which coupon belongs to which referral code."
            ),
            (),
            self.area.url("goods", store_id=self.store_id),
            _("Coupons"),
        )

    def try_step(self) -> Step:
        return Step(
            _("Try it"),
            _(
                "Open your shop through a share link in a private window and place a small order. The checks on this"
                " page turn green automatically, and the events show the result."
            ),
            (),
            self.area.url("events", store_id=self.store_id),
            _("Events"),
        )


def _woocommerce(at: _Context) -> list[Step]:
    return [
        Step(
            _("Download the plugin"),
            _("Save the zip file to your computer. It need not be unpacked."),
            (),
            at.area.url("plugin", store_id=at.store_id),
            _("Download the plugin"),
            is_file=True,
        ),
        Step(
            _("Upload it to WordPress"),
            _(
                "Open `Plugins → Add New Plugin → Upload Plugin` in WordPress, choose the zip file, then"
                " `Install Now` and `Activate`."
            ),
        ),
        at.key_step(
            _("Paste three values"),
            _("Open `WooCommerce → Ring`, paste these values and save. Then press `Check the connection`."),
            at.address(),
            at.store_id_copy(),
        ),
        _woocommerce_webhooks(at),
        at.credentials_step(
            _(
                "Recommended: create a key with the permission `Read` under `WooCommerce → Settings → Advanced → REST"
                " API` and enter it here. The portal then polls the store every 15 minutes, so no order is missed."
            )
        ),
        at.try_step(),
    ]


def _woocommerce_webhooks(at: _Context) -> Step:
    return at.secret_step(
        _("If you cannot install plugins"),
        _(
            "Add three webhooks under `WooCommerce → Settings → Advanced → Webhooks`, with the topics"
            " `Order created`, `Order updated` and `Order deleted`, this address and this secret, and"
            " put the line into the header of every page. Skip this step if you use the plugin."
        ),
        at.hook(),
        at.snippet(),
    )


def _shopify(at: _Context) -> list[Step]:
    return [
        at.credentials_step(
            _(
                "Create an app in Shopify’s Dev Dashboard with the permissions `read_orders` and"
                " `read_customers`, and install it on your shop. Enter its client ID and secret and the"
                " address `https://your-shop.myshopify.com` here."
            )
        ),
        at.own_secret_step(
            _("Let Shopify report orders"),
            _(
                "In the Shopify admin under `Settings → Notifications → Webhooks`, create webhooks with this"
                " address for `Order creation`, `Order update`, `Order payment`, `Order edit`,"
                " `Order cancellation`, `Order deletion` and `Refund create`. Enter the secret that the page"
                " shows here."
            ),
        ),
        at.snippet_step(_("Add this snippet to the head of the theme."), 'data-cart="shopify"'),
        at.try_step(),
    ]


def _stripe(at: _Context) -> list[Step]:
    return [
        at.own_secret_step(
            _("Let Stripe report payments"),
            _(
                "Add an endpoint with this address in Stripe, with the events"
                " `checkout.session.completed`, `checkout.session.async_payment_succeeded`,"
                " `checkout.session.async_payment_failed`, `refund.created`, `refund.updated`,"
                " `refund.failed` and `charge.refunded`. Enter its signing secret (`whsec_…`) here."
            ),
        ),
        at.credentials_step(
            _(
                "Create a restricted key with read access to `Checkout Sessions, Charges and Refunds` and `Events`,"
                " and enter it here. Without it, the portal cannot see products or refunds."
            )
        ),
        at.snippet_step(_("Add this snippet to every page. It adds the code to payment links.")),
        at.try_step(),
    ]


def _medusa(at: _Context) -> list[Step]:
    return [
        Step(
            _("Copy two files"),
            _("Copy the files of `docs/stores/medusa/src` into your Medusa project, at the same places."),
        ),
        at.secret_step(
            _("Set two variables"),
            _("Set `RING_HOOK_URL` and `RING_HOOK_SECRET` in the environment of the server and restart it."),
            at.hook(),
        ),
        at.snippet_step(
            _("Add this snippet to every page, and store the cookie `ring_ref` in the metadata of the cart.")
        ),
        at.credentials_step(
            _("Create a secret API key in the admin of Medusa and enter it with the address of the server.")
        ),
        at.try_step(),
    ]


def _vendure(at: _Context) -> list[Step]:
    return [
        Step(
            _("Add the plugin"),
            _(
                "Copy `docs/stores/vendure/src/plugins/ring-referrals` into your project, add"
                " `RingReferralsPlugin` to `vendure-config.ts` and run the migration of the custom field"
                " `ringRef`."
            ),
        ),
        at.secret_step(
            _("Set two variables"),
            _("Set `RING_HOOK_URL` and `RING_HOOK_SECRET` for the server and the worker and restart them."),
            at.hook(),
        ),
        at.snippet_step(
            _(
                "Add this snippet to every page, and set the custom field `ringRef` from the cookie `ring_ref`."
            )
        ),
        at.credentials_step(
            _("Create an API key that may read orders and enter it with the address of the server.")
        ),
        at.try_step(),
    ]


def _saleor(at: _Context) -> list[Step]:
    return [
        at.credentials_step(
            _(
                "Create a local app in the dashboard with the permission to manage orders, and enter its token"
                " and the address of the API here."
            )
        ),
        at.own_secret_step(
            _("Let Saleor report orders"),
            _(
                "Add a webhook to the app with this address, no secret key, and the query in"
                " `ring-referrals.graphql`. Enter the key set of the shop (`/.well-known/jwks.json`, without"
                " spaces) as the secret here."
            ),
        ),
        at.snippet_step(
            _(
                "Put this line into every page, and store the cookie `ring_ref` in the metadata of the checkout."
            )
        ),
        at.try_step(),
    ]


def _horoshop(at: _Context) -> list[Step]:
    return [
        at.credentials_step(
            _(
                "Create a user for the API in Horoshop and enter its login, its password and the address of the"
                " shop here."
            )
        ),
        at.coupon_step(),
    ]


def _keycrm(at: _Context) -> list[Step]:
    return [
        at.credentials_step(
            _(
                "Create an API key in KeyCRM and enter it here with the address `https://openapi.keycrm.app` and the"
                " currency of your prices."
            )
        ),
        at.coupon_step(),
    ]


def _django_oscar(at: _Context) -> list[Step]:
    return [
        Step(
            _("Add the app"),
            _(
                "Copy `docs/stores/django-oscar/ring_referrals` next to your own apps, add it to"
                " `INSTALLED_APPS` and its middleware to `MIDDLEWARE`, and run `migrate`."
            ),
        ),
        at.key_step(
            _("Set two settings"),
            _("Set `RING_PORTAL_URL` and `RING_KEY`, and run `manage.py ring_send` every minute."),
            at.address(),
        ),
        at.snippet_step(_("Add this snippet to your base template.")),
        at.try_step(),
    ]


def _api(at: _Context) -> list[Step]:
    return [
        at.snippet_step(_("Add this snippet to every page. It stores the code in the cookie `ring_ref`.")),
        at.key_step(
            _("Report each order"),
            _(
                "When an order is placed, paid or refunded, send its whole present state to `POST"
                " /api/v1/orders` of this address with the key. The guide has an example to paste into a"
                " terminal."
            ),
            at.address(),
        ),
        at.try_step(),
    ]


def guide_path(platform: str) -> str:
    """Return the guide of a platform in the portal's documentation."""
    if find_adapter(platform) is None and platform != "django_oscar":
        return "docs/stores/api.md"
    return f"docs/stores/{platform.replace('_', '-')}/README.md"
