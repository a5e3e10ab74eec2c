"""Errors of accounts: sign-in, wallets, e-mail, second factor."""

from __future__ import annotations

from portal.web.text.messages.answer import Answer, ErrorTable
from portal.web.text.translate import gettext as _

ACCOUNTS_ERRORS: ErrorTable = {
    "account_disabled": Answer(
        403, lambda p: _("This account is disabled. Contact the operator of this portal.")
    ),
    "account_erased": Answer(
        409, lambda p: _("The personal data of this account was erased. It remains closed.")
    ),
    "customer_unidentified": Answer(
        422, lambda p: _("Identify the customer by e-mail or by the store’s own customer id.")
    ),
    "erasure_needs_another": Answer(
        409, lambda p: _("Another admin has to confirm this: it is your own account, or you requested it.")
    ),
    "erasure_not_requested": Answer(409, lambda p: _("The erasure request for this account was withdrawn.")),
    "erasure_prevented": Answer(
        409, lambda p: _("Something is still owed to or by this person. The page says what.")
    ),
    "erasure_unconfirmed": Answer(422, lambda p: _("Tick the box to confirm that this cannot be undone.")),
    "address_checksum_wrong": Answer(
        422,
        lambda p: _(
            "This address contains a mistake: its checksum (EIP-55) is wrong. Copy the address again."
        ),
    ),
    "address_invalid": Answer(422, lambda p: _("Enter a wallet address: 0x and 40 hex digits.")),
    "address_reserved": Answer(
        422, lambda p: _("Nobody can control this address. Enter the address of a wallet.")
    ),
    "approval_missing": Answer(
        409,
        lambda p: _(
            "The wallet has not approved this message yet. Approve it there with every owner that has to agree, then"
            " check again."
        ),
    ),
    "challenge_expired": Answer(
        410, lambda p: _("The message has expired. Start again and sign the new one.")
    ),
    "challenge_unknown": Answer(
        409,
        lambda p: _("This wallet has no message to sign, or the message was already used. Start again."),
    ),
    "contract_wallet_unchecked": Answer(
        422,
        lambda p: _("Contract wallets cannot be checked here: no blockchain is configured on this server."),
    ),
    "credentials_wrong": Answer(401, lambda p: _("The e-mail or password is incorrect.")),
    "email_invalid": Answer(422, lambda p: _("Enter an e-mail address such as name@example.com.")),
    "email_local_part": Answer(
        422, lambda p: _("Use an e-mail address with only Latin letters, digits and signs before the @.")
    ),
    "email_taken": Answer(409, lambda p: _("An account with this e-mail already exists. Sign in instead.")),
    "email_unconfirmed": Answer(403, lambda p: _("Confirm your e-mail first.")),
    "last_admin": Answer(
        409, lambda p: _("This is the only admin who can sign in. Give the role to another account first.")
    ),
    "letter_obsolete": Answer(422, lambda p: _("This e-mail is out of date, so it is not sent.")),
    "link_needs_session": Answer(
        403, lambda p: _("Open this link in the browser where you requested the new e-mail.")
    ),
    "link_needs_sign_in": Answer(403, lambda p: _("Sign in to the account that requested this link first.")),
    "link_unusable": Answer(410, lambda p: _("This link was already used or has expired.")),
    "mail_unavailable": Answer(
        422, lambda p: _("The mail server cannot be reached. E-mails will be sent later.")
    ),
    "mail_refused": Answer(422, lambda p: _("The mail server refused the e-mail.")),
    "name_invalid": Answer(422, lambda p: _("Enter a name of up to %(at_most)s characters.", **p)),
    "own_account": Answer(409, lambda p: _("You cannot disable your own account. Ask another admin.")),
    "owns_vendor": Answer(
        409, lambda p: _("This person owns a vendor. Give the vendor another owner first.")
    ),
    "password_common": Answer(
        422,
        lambda p: _("Choose another password: this one is among those used most often and is easy to guess."),
    ),
    "password_length": Answer(
        422, lambda p: _("Use a password of %(at_least)s to %(at_most)s characters.", **p)
    ),
    "password_personal": Answer(
        422,
        lambda p: _(
            "Choose another password: this one is the name of the portal, or your name or e-mail, and is easy to guess."
        ),
    ),
    "password_present": Answer(409, lambda p: _("This account already has a password.")),
    "password_wrong": Answer(422, lambda p: _("The current password is incorrect.")),
    "passwords_busy": Answer(
        503, lambda p: _("Too many people are signing in right now. Try again in a few seconds.")
    ),
    "role_unknown": Answer(422, lambda p: _("Choose one of the roles.")),
    "key_unchanged": Answer(422, lambda p: _("This is the present key. Enter the key before it.")),
    "seal_broken": Answer(
        422,
        lambda p: _(
            "Two-factor authentication cannot be checked because the key of this server has changed."
            " Contact the operator of this portal."
        ),
    ),
    "second_factor_missing": Answer(
        409, lambda p: _("Two-factor authentication is not on for this account.")
    ),
    "second_factor_paused": Answer(
        429, lambda p: _("Too many incorrect codes. Wait a few minutes, or use a recovery code.")
    ),
    "second_factor_present": Answer(409, lambda p: _("Two-factor authentication is already on.")),
    "second_factor_required": Answer(
        403, lambda p: _("Admins must turn on two-factor authentication first.")
    ),
    "second_factor_wrong": Answer(
        422, lambda p: _("This code is incorrect or was already used. Wait for the next one and try again.")
    ),
    "session_unknown": Answer(404, lambda p: _("That browser is already signed out.")),
    "sign_in_paused": Answer(
        429,
        lambda p: _(
            "Too many incorrect passwords for this account. Wait %(minutes)s minutes, or reset your password by"
            " e-mail.",
            **p,
        ),
    ),
    "owner_unknown": Answer(
        422, lambda p: _("No account has this e-mail. The owner has to create an account first.")
    ),
    "signature_wrong": Answer(
        422, lambda p: _("The signature does not match the wallet. Sign with the wallet you chose.")
    ),
    "step_up_required": Answer(403, lambda p: _("Confirm that it is you, then try again.")),
    "topic_unknown": Answer(422, lambda p: _("Choose from the listed events.")),
    "user_unknown": Answer(404, lambda p: _("This account does not exist.")),
    "wallet_is_only_sign_in": Answer(
        409,
        lambda p: _(
            "This wallet is your only way to sign in. Add an e-mail and a password under Security first."
        ),
    ),
    "wallet_taken": Answer(409, lambda p: _("This wallet is linked to another account.")),
    "wallet_unknown": Answer(404, lambda p: _("This wallet is not linked to your account.")),
}
