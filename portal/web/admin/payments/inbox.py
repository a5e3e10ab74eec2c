"""The inbox of payment callbacks, and ledger entries that could not be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import find_user
from portal.db import Actor
from portal.flows.checkout.apply_callbacks import apply_again
from portal.flows.checkout.retry_ledgers import retry_failed_ledger
from portal.lib.errors import PortalError
from portal.lib.texts import CharacterRefused
from portal.payments import (
    OUTCOMES,
    SETTLED_AT_ONCE,
    CallbackClosed,
    NoteMissing,
    close_unmatched,
    get_callback,
    list_callbacks,
    read_backlog,
)
from portal.runtime import current_portal
from portal.web.admin.payments.blueprint import blueprint
from portal.web.admin.payments.failed_ledgers import failed_ledgers
from portal.web.admin.payments.presenters import callback_rows, callback_view
from portal.web.admin.payments.section import payment_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.urls import url_for
from portal.web.text.format import ago
from portal.web.text.messages import callback_refusal, error_text
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import PaymentEvent


@blueprint.get("/payments/inbox")
@for_role("admin")
def inbox() -> ResponseReturnValue:
    """Show callbacks, newest first; without a filter the unmatched ones that are open."""
    outcome = request.args.get("outcome", "open")
    outcome = outcome if outcome in ("open", "waiting", "all", *OUTCOMES) else "open"
    page = list_callbacks("" if outcome == "all" else outcome, request.args.get("cursor"))
    return render_template(
        "admin/payments/inbox.html",
        rows=callback_rows(page.rows),
        outcome=outcome,
        backlog=_backlog(),
        choices=_choices(),
        next_cursor=page.next_cursor,
        **failed_ledgers("admin.payments.inbox", outcome=outcome),
        section_nav=payment_nav(),
    )


@blueprint.get("/payments/inbox/<int:event_id>")
@for_role("admin")
def callback(event_id: int) -> ResponseReturnValue:
    """Show one callback with its message."""
    return _callback_page(get_callback(event_id))


@blueprint.post("/payments/inbox/<int:event_id>/retry")
@for_role("admin", reconfirm=True)
def retry_callback(event_id: int) -> ResponseReturnValue:
    """Process an unmatched callback again."""
    try:
        outcome, reason = apply_again(
            event_id, current_user().id, current_portal().chain, current_portal().settings
        )
    except CallbackClosed as error:
        flash(error_text(error), "info")
    else:
        flash(*_result(outcome, reason))
        current_portal().wake("mint_rewards")
    return redirect(url_for("admin.payments.callback", event_id=event_id), 303)


@blueprint.post("/payments/inbox/<int:event_id>/close")
@for_role("admin", reconfirm=True)
def close_callback(event_id: int) -> ResponseReturnValue:
    """Close an unmatched callback with a note."""
    try:
        close_unmatched(event_id, request.form.get("note", ""), Actor.user(current_user().id))
    except (NoteMissing, CharacterRefused) as error:
        return _callback_page(get_callback(event_id), error), status_of(error)
    except CallbackClosed as error:
        flash(error_text(error), "info")
    else:
        flash(_("The callback is closed. Your note stays with it."), "success")
    return redirect(url_for("admin.payments.callback", event_id=event_id), 303)


@blueprint.post("/payments/rails/<int:failure_id>/retry")
@for_role("admin", reconfirm=True)
def retry_ledger(failure_id: int) -> ResponseReturnValue:
    """Write the failed ledger entries of a paid reference now."""
    if retry_failed_ledger(failure_id, current_user().id, current_portal().chain, current_portal().settings):
        flash(_("Recorded."), "success")
    else:
        flash(_("Not recorded. The reason is shown below; the portal retries automatically."), "warning")
    return redirect(url_for("admin.payments.inbox") + "#rails", 303)


def _result(outcome: str, reason: str | None) -> tuple[str, str]:
    """Return the sentence and the category of the flash message."""
    why = callback_refusal(reason)
    if outcome == "unmatched":
        return _("The callback still cannot be matched. %(why)s", why=why), "warning"
    if outcome == "refused":
        return _("The callback was refused. %(why)s", why=why), "warning"
    if outcome == "duplicate":
        return _("It had already been processed, so nothing changed."), "info"
    return _("The callback is applied."), "success"


def _backlog() -> str:
    """Return how many callbacks wait for the job and since when, "" if few do: they are applied as they arrive."""
    backlog = read_backlog()
    if backlog.since is None or backlog.callbacks <= SETTLED_AT_ONCE:
        return ""
    return ngettext(
        "%(num)s callback is accepted and waits to be applied. It arrived %(since)s.",
        "%(num)s callbacks are accepted and wait to be applied, in their order. The oldest arrived %(since)s.",
        backlog.callbacks,
        since=ago(backlog.since),
    )


def _choices() -> list[tuple[str, str]]:
    outcomes = [(name, status_words("callback", name)) for name in (*OUTCOMES, "waiting")]
    return [("open", _("Waiting for a decision")), *outcomes, ("all", _("All"))]


def _callback_page(event: PaymentEvent, error: PortalError | None = None) -> str:
    closer = find_user(event.closed_by) if event.closed_by else None
    return render_template(
        "admin/payments/callback.html",
        callback=callback_view(event, closer.name if closer else ""),
        note=request.form.get("note", ""),
        errors={"note": error_text(error)} if error else {},
        form_errors=[("note", error_text(error))] if error else [],
        section_nav=payment_nav(),
    )
