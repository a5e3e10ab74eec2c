"""Compose e-mails in the language of their readers, with links based on APP_URL and never on a request.

Links are signed here: the database stores only the key of a link.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, render_template, url_for
from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer

from portal.accounts import LinkUnusable, find_user, get_link, get_user
from portal.flows.accounts.prove_mailbox import is_registration
from portal.lib.colors import contrast_color
from portal.lib.signing import SHA_256, timed_serializer
from portal.mail import Letter, LetterObsolete
from portal.notifications import REWARD_TOPICS, topic_of
from portal.runtime import current_portal
from portal.web.text.format import money, token_text
from portal.web.text.messages import notification_text
from portal.web.text.subjects import notice_subject
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import MailOutbox

    Compose = Callable[[MailOutbox], Letter]

Action = tuple[str, str]
# Letters of earlier releases have links that are signed with it.
_SHA_1 = {"digest_method": hashlib.sha1}
# As long as laws want an opt-out to work, twice.
_UNSUBSCRIBE_SECONDS = 60 * 24 * 3600


def composer(app: Flask) -> Compose:
    """Return the function that composes a row of the outbox, with or without a request."""

    def compose(row: MailOutbox) -> Letter:
        context = app.test_request_context(
            "/",
            base_url=app.extensions["portal"].settings.app_url,
            environ_overrides={"portal.locale": row.locale, "SCRIPT_NAME": f"/{row.locale}"},
        )
        # A context of its own: each e-mail has its language, and a page that shows e-mails keeps its own.
        with app.app_context(), context:
            return _COMPOSERS[row.kind](row)

    return compose


def notice_text(kind: str, params: Mapping[str, Any]) -> str:
    """Return a notification as a sentence; amounts in `params` are wei or minor units."""
    return notification_text(kind, {**params, "amount": _amount(params)})


def _amount(params: Mapping[str, Any]) -> str:
    if "amountMinor" in params:
        return money(int(params["amountMinor"]), params["currency"])
    wei = params.get("amountWei")
    return token_text(int(wei)) if wei and str(wei).isdigit() else ""


def sign_link(purpose: str, key: str) -> str:
    """Return the signed token of a link key."""
    return str(_signer(purpose).dumps(key))


def read_link(purpose: str, token: str) -> str:
    """Return the key of a signed token; raise LinkUnusable."""
    try:
        return str(_signer(purpose).loads(token))
    except BadSignature:
        raise LinkUnusable from None


def read_unsubscribe(token: str) -> tuple[int, str]:
    """Return the account id and topic of a signed unsubscribe token.

    Raises BadSignature where it has expired, or the account has another e-mail than the letter was sent to.
    """
    user_id, topic, address = _unsubscribe_signer().loads(token, max_age=_UNSUBSCRIBE_SECONDS)
    user = find_user(int(user_id))
    if user is None or user.email is None or address != _address_mark(user.email):
        raise BadSignature("the letter was sent to another address")
    return int(user_id), str(topic)


def _reset_password(row: MailOutbox) -> Letter:
    url = _signed_url("reset_password", row, "account.choose_password")
    user = get_user(get_link("reset_password", str(row.params["key"])).user_id)
    removed = _(
        "This e-mail was never confirmed, so a new password also removes linked wallets and two-factor authentication"
        " from the account."
    )
    return _letter(
        _("Choose a new password"),
        [
            _("Someone, probably you, requested a new password for your account."),
            *([removed] if user.email_confirmed_at is None else []),
            _("The link works once, for 30 minutes. If it was not you, ignore this e-mail."),
        ],
        (_("Choose a new password"), url),
    )


def _confirm_email(row: MailOutbox) -> Letter:
    url = _signed_url("confirm_email", row, "account.show_email_link")
    link = get_link("confirm_email", str(row.params["key"]))
    if is_registration(link, current_portal().settings):
        advice = _("Open the link and choose a password. Only you can open the account then.")
    elif link.session_id is not None:
        advice = _("Open the link in the browser where you requested it.")
    else:
        advice = _("Open the link in a browser where you are signed in to the account.")
    return _letter(
        _("Confirm your e-mail"),
        [
            _("Confirm that this address is yours, so that we can reach you here."),
            advice,
            _("The link works once, for 24 hours. If you did not request it, ignore this e-mail."),
        ],
        (_("Confirm the e-mail"), url),
        footer=_(
            "You received this e-mail because someone entered this address at %(brand)s.", brand=_brand()
        ),
    )


def _email_in_use(row: MailOutbox) -> Letter:
    return _letter(
        _("Someone tried to use your e-mail address"),
        [
            _("Someone tried to use this e-mail for another account. It already belongs to yours."),
            _("If it was you, sign in or choose a new password. Otherwise, ignore this e-mail."),
        ],
        (_("Sign in"), _url("account.login")),
    )


def _email_changed(row: MailOutbox) -> Letter:
    return _letter(
        _("The e-mail of your account was changed"),
        [
            _("Your account now uses another e-mail address. We no longer send e-mails to this one."),
            _("If it was not you, contact the operator of this portal immediately."),
        ],
        None,
        footer=_former_owner(),
    )


def _account_erased(row: MailOutbox) -> Letter:
    return _letter(
        _("Your account was erased"),
        [
            _("Your account and your personal data were erased. This is the last e-mail to this address."),
            _(
                "Amounts of orders and rewards stay under a pseudonym, because accounting requires them."
                " Transactions on the blockchain are public and cannot be erased."
            ),
        ],
        None,
        footer=_former_owner(),
    )


def _former_owner() -> str:
    return _("You received this e-mail because an account at %(brand)s used this address.", brand=_brand())


def _brand() -> str:
    return current_portal().settings.brand_name


def _notice(row: MailOutbox) -> Letter:
    kind, params = str(row.params["kind"]), row.params["params"]
    text, topic = notice_text(kind, params), topic_of(kind)
    if topic is None:
        advice, action = _security_advice(kind, params)
        return _letter(text.rstrip("."), [text, advice], action)
    token = _unsubscribe_signer().dumps([row.user_id, topic, _address_mark(row.to_address)])
    return _letter(
        notice_subject(kind, {**params, "amount": _amount(params)}),
        [text],
        _notice_action(kind, topic, params),
        unsubscribe_url=_url("account.unsubscribe", token=token),
    )


def _security_advice(kind: str, params: Mapping[str, Any]) -> tuple[str, Action]:
    """Return what the reader of a security notice can do, with its button."""
    if kind == "security_admin_appointed":
        account = (_("See the account"), _url("admin.people.person", user_id=int(params["account"])))
        return _("If you did not expect this, see in the event log who gave the role."), account
    advice = _("If it was not you, change your password immediately and sign out all other browsers.")
    return advice, (_("Security"), _url("account.security"))


def _notice_action(kind: str, topic: str, params: Mapping[str, Any]) -> Action:
    """Return the button of a notice: the page where its reader goes on."""
    if payment_hash := params.get("paymentHash"):
        return _("Check the payment on the chain"), _url("proof.show", payment_hash=payment_hash)
    if topic == "statement":
        return _("See the statement"), _url("vendor.statement", statement_id=int(params["statementId"]))
    if topic == "erasure":
        return _("See the account"), _url("admin.people.person", user_id=int(params["account"]))
    if topic in REWARD_TOPICS:
        return _("See your rewards"), _url("referrer.dashboard", _anchor="history")
    if kind == "application_approved":
        return _("See your share links"), _url("referrer.dashboard")
    pages = {
        "alert": (_("See the jobs and alerts"), "admin.jobs.list"),
        "application": (_("See the applications"), "admin.programme.applications"),
        "export": (_("Your files"), "exports.my_files"),
        "proposal": (_("See the proposals"), "admin.payments.proposals"),
    }
    label, endpoint = pages.get(topic, (_("See all notifications"), "account.notifications"))
    return label, _url(endpoint)


_COMPOSERS: dict[str, Callable[[MailOutbox], Letter]] = {
    "reset_password": _reset_password,
    "confirm_email": _confirm_email,
    "email_in_use": _email_in_use,
    "email_changed": _email_changed,
    "account_erased": _account_erased,
    "notice": _notice,
}


def trial_letter() -> Letter:
    """Return the letter by which an admin tries the mail server."""
    text = _("The mail server of the portal works. An admin sent this e-mail to test it.")
    return _letter(_("Test e-mail"), [text], None)


def _letter(
    subject: str,
    paragraphs: list[str],
    action: Action | None,
    unsubscribe_url: str | None = None,
    footer: str | None = None,
) -> Letter:
    settings, brand = current_portal().settings, _brand()
    footer = footer or _("You received this e-mail because you have an account at %(brand)s.", brand=brand)
    lines = [*paragraphs, *(f"{label}:\n{url}" for label, url in ([action] if action else [])), footer]
    if unsubscribe_url:
        stop = _("Unsubscribe from these e-mails:")
        lines.append(f"{stop}\n{unsubscribe_url}")
    html = render_template(
        "mail/letter.html",
        subject=subject,
        paragraphs=paragraphs,
        action=action,
        footer=footer,
        unsubscribe_url=unsubscribe_url,
        brand_color=settings.brand_color,
        brand_text=contrast_color(settings.brand_color),
        accent_color=settings.accent_color,
    )
    return Letter(f"{subject} · {brand}", "\n\n".join(lines) + "\n", html, unsubscribe_url)


def _signed_url(purpose: str, row: MailOutbox, endpoint: str) -> str:
    key = str(row.params["key"])
    try:
        get_link(purpose, key)
    except LinkUnusable:
        raise LetterObsolete("the link was used or has expired") from None
    return _url(endpoint, token=sign_link(purpose, key))


def _url(endpoint: str, **values: Any) -> str:
    # The path has the language of the reader; the host is the configured one, never that of a request.
    return current_portal().settings.app_url + url_for(endpoint, **values)


def _signer(purpose: str) -> URLSafeSerializer:
    key = current_portal().settings.secret_key.get_secret_value()
    return URLSafeSerializer(key, salt=f"portal.{purpose}", signer_kwargs=SHA_256, fallback_signers=[_SHA_1])


def _unsubscribe_signer() -> URLSafeTimedSerializer:
    key = current_portal().settings.secret_key.get_secret_value()
    return timed_serializer(key, "portal.unsubscribe.2", fallback_signers=[_SHA_1])


def _address_mark(address: str) -> str:
    """Return what binds a link to an address without showing it in the URL."""
    return hashlib.sha256(address.lower().encode()).hexdigest()[:16]
