"""Join the programme: at once, or once an admin approved the application. See docs/rules/programme.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import fn

from models import ProgrammeApplication, Refcode, Wallet
from portal.accounts import list_admin_ids, lock_user, require_enabled
from portal.codes import has_own_code, issue_code
from portal.db import Actor, read_together, transaction
from portal.lib.errors import PortalError
from portal.notifications import notify
from portal.programme import (
    ApplicationStatus,
    TermsOfPerson,
    approve_application,
    find_newest_application,
    find_unaccepted_terms_id,
    get_application,
    newest_application,
    reject_application,
    write_application,
)
from portal.settings import Settings


class AlreadyJoined(PortalError):
    """The person may have share codes already, so there is nothing to apply for."""

    code = "already_joined"


@dataclass(frozen=True)
class Joining:
    """Where a person stands who has no share code: whether it is theirs to take, and their newest application."""

    is_open: bool
    application: ProgrammeApplication | None


def may_get_codes(user_id: int, settings: Settings) -> bool:
    """Return whether a person gets share codes now: they have joined the programme, and accepted its terms."""
    return has_joined(user_id, settings) and find_unaccepted_terms_id(user_id) is None


def has_joined(user_id: int, settings: Settings) -> bool:
    """Return whether joining is open, or a person was approved or has codes already."""
    return not settings.referral_joining_approval or _is_member(user_id)


def find_joining(user_id: int, settings: Settings, terms: TermsOfPerson | None) -> Joining | None:
    """Return what a person has to do or to wait for before the first share code; None where that is nothing.

    `terms` is what `find_terms_of` returns for the person.
    """
    applications, codes, wallets = read_together(
        newest_application(user_id), _own_code(user_id), _without_code(user_id).limit(1)
    )
    application = applications[0] if applications else None
    if settings.referral_joining_approval and not codes and not _is_approved(application):
        return Joining(False, application)
    is_ready = bool(wallets) and (terms is None or terms.is_accepted)
    return Joining(True, None) if is_ready else None


def apply_to_join(user_id: int, note: str, settings: Settings) -> bool:
    """Apply, or get the codes that wait where no approval is needed; return whether that changed anything.

    The admins are notified. Raises AlreadyJoined, ApplicationNoteTooLong, CharacterRefused.
    """
    actor = Actor.user(user_id)
    with transaction():
        lock_user(user_id)
        if has_joined(user_id, settings):
            if not issue_waiting_codes(user_id, actor, settings):
                raise AlreadyJoined
            return True
        application_id = write_application(user_id, note, actor)
        if application_id is not None:
            for admin_id in list_admin_ids():
                key = f"application:{application_id}:{admin_id}"
                notify(admin_id, "application_made", key, account=str(user_id))
    return application_id is not None


def approve(application_id: int, actor: Actor, settings: Settings) -> int:
    """Approve an application, issue the codes that waited for it and notify the person; return how many codes.

    Raises ApplicationUnknown, OwnApplication, ApplicationDecided or AccountDisabled.
    """
    with transaction():
        user_id = _lock_person(application_id)
        approve_application(application_id, actor)
        count = issue_waiting_codes(user_id, actor, settings)
        notify(user_id, "application_approved", f"application_approved:{application_id}")
    return count


def reject(application_id: int, reason: str, actor: Actor) -> None:
    """Reject an application and tell the person why.

    Raises ApplicationUnknown, OwnApplication, ApplicationDecided, RejectionReasonMissing, CharacterRefused.
    """
    with transaction():
        user_id = _lock_person(application_id, enabled=False)
        reject_application(application_id, reason, actor)
        text = get_application(application_id).decision_reason
        notify(user_id, "application_rejected", f"application_rejected:{application_id}", reason=text)


def issue_waiting_codes(user_id: int, actor: Actor, settings: Settings) -> int:
    """Issue a code for each linked wallet that has none, and return how many; none while anything prevents it.

    The account is locked, so a wallet that is unlinked at the same time gets no code.
    """
    waiting = _wallets_without_code(user_id) if may_get_codes(user_id, settings) else []
    for address in waiting:
        issue_code(user_id, address, actor)
    return len(waiting)


def _lock_person(application_id: int, *, enabled: bool = True) -> int:
    user_id = int(get_application(application_id).user_id)
    lock_user(user_id)
    if enabled:
        require_enabled(user_id)
    return user_id


def _is_member(user_id: int) -> bool:
    return _is_approved(find_newest_application(user_id)) or has_own_code(user_id)


def _is_approved(application: ProgrammeApplication | None) -> bool:
    return application is not None and application.status == ApplicationStatus.APPROVED


def _own_code(user_id: int) -> Any:
    mine = (Refcode.owner == user_id) & Refcode.store_referrer_id.is_null()
    return Refcode.select(Refcode.code).where(mine).limit(1)


def _wallets_without_code(user_id: int) -> list[str]:
    return [wallet.address for wallet in _without_code(user_id)]


def _without_code(user_id: int) -> Any:
    mine = (Refcode.owner == user_id) & (Refcode.wallet_address == Wallet.address)
    code = Refcode.select().where(mine & Refcode.store_referrer_id.is_null())
    rows = Wallet.select(Wallet.address).where((Wallet.user == user_id) & ~fn.EXISTS(code))
    # Without an order, the first row is searched for in the wallets of all people.
    return rows.order_by(Wallet.created_at, Wallet.address)
