"""Applications to become a referrer, which an admin approves or rejects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.overviews.applications import list_applications
from portal.flows.overviews.queue_overview import admin_names
from portal.flows.programme.joining import approve, reject
from portal.lib.errors import PortalError
from portal.lib.texts import CharacterRefused
from portal.programme import (
    APPLICATION_REASON_MAX,
    ApplicationStatus,
    RejectionReasonMissing,
)
from portal.runtime import current_portal
from portal.web.admin.programme.blueprint import blueprint
from portal.web.admin.programme.section import acting_admin, programme_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.urls import url_for
from portal.web.text.format import When, when
from portal.web.text.messages import error_text
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import ProgrammeApplication


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """An application; `decided` is None while it waits, and the reader cannot decide on their own."""

    id: int
    user_id: int
    name: str
    email: str
    status: str
    note: str
    created: When
    decided: When | None
    decided_by: str
    reason: str
    is_own: bool


@blueprint.get("/programme/applications")
@for_role("admin")
def applications() -> ResponseReturnValue:
    """Show applications, newest first; without a filter those that wait."""
    return _page()


@blueprint.post("/programme/applications/<int:application_id>/approve")
@for_role("admin", reconfirm=True)
def approve_application(application_id: int) -> ResponseReturnValue:
    """Let a person join; linked wallets get their share codes."""
    try:
        approve(application_id, acting_admin(), current_portal().settings)
    except PortalError as error:
        return _page({"": error_text(error)}), status_of(error)
    current_portal().wake("send_letters")
    flash(_("The application is approved, and the applicant was notified."), "success")
    return redirect(url_for("admin.programme.applications"), 303)


@blueprint.post("/programme/applications/<int:application_id>/reject")
@for_role("admin", reconfirm=True)
def reject_application(application_id: int) -> ResponseReturnValue:
    """Reject an application with a reason that the person reads."""
    try:
        reject(application_id, request.form.get("reason", ""), acting_admin())
    except (RejectionReasonMissing, CharacterRefused) as error:
        return _page({f"reason-{application_id}": error_text(error)}), status_of(error)
    except PortalError as error:
        return _page({"": error_text(error)}), status_of(error)
    current_portal().wake("send_letters")
    flash(_("The application is rejected, and the applicant was notified."), "success")
    return redirect(url_for("admin.programme.applications"), 303)


def _page(errors: dict[str, str] | None = None) -> str:
    status = request.args.get("status", ApplicationStatus.WAITING.value)
    status = status if status in ("all", *ApplicationStatus) else ApplicationStatus.WAITING.value
    page = list_applications("" if status == "all" else status, request.args.get("cursor"))
    errors = errors or {}
    return render_template(
        "admin/programme/applications.html",
        rows=_rows(page.rows),
        status=status,
        choices=[
            *((each.value, status_words("application", each.value)) for each in ApplicationStatus),
            ("all", _("All")),
        ],
        needs_approval=current_portal().settings.referral_joining_approval,
        next_cursor=page.next_cursor,
        reason=request.form.get("reason", ""),
        reason_max=APPLICATION_REASON_MAX,
        errors=errors,
        form_errors=list(errors.items()),
        section_nav=programme_nav(),
    )


def _rows(applications: Sequence[ProgrammeApplication]) -> list[ApplicationRow]:
    names = admin_names([row.decided_by for row in applications if row.decided_by])
    return [
        ApplicationRow(
            id=row.id,
            user_id=row.user_id,
            name=row.user.name,
            email=row.user.email or "",
            status=row.status,
            note=row.note,
            created=when(row.created_at),
            decided=when(row.decided_at) if row.decided_at else None,
            decided_by=names.get(row.decided_by or 0, ""),
            reason=row.decision_reason or "",
            is_own=row.user_id == current_user().id,
        )
        for row in applications
    ]
