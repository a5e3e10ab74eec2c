"""Applications to become a referrer, as JSON. See docs/rules/programme.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from portal.db import Actor
from portal.flows.overviews.applications import list_applications
from portal.flows.programme import joining
from portal.programme import ApplicationStatus, get_application
from portal.runtime import current_portal
from portal.web.api.routes import blueprint
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.requests import FieldInvalid, json_body, text_field

if TYPE_CHECKING:
    from models import ProgrammeApplication


@blueprint.get("/admin/applications")
@for_role("admin")
def application_queue() -> ResponseReturnValue:
    """List the applications of a status, newest first, keyset-paged."""
    status = request.args.get("status") or ApplicationStatus.WAITING.value
    if status not in tuple(ApplicationStatus):
        raise FieldInvalid(field="status", expected=", ".join(ApplicationStatus))
    page = list_applications(status, request.args.get("cursor"))
    answers = [application_answer(row) for row in page.rows]
    return jsonify({"applications": answers, "nextCursor": page.next_cursor})


@blueprint.post("/admin/applications/<int:application_id>/approve")
@for_role("admin", reconfirm=True)
def approve_application(application_id: int) -> ResponseReturnValue:
    """Let a person join; linked wallets get their share codes."""
    joining.approve(application_id, Actor.user(current_user().id), current_portal().settings)
    return _decided(application_id)


@blueprint.post("/admin/applications/<int:application_id>/reject")
@for_role("admin", reconfirm=True)
def reject_application(application_id: int) -> ResponseReturnValue:
    """Reject an application with a reason that the person reads."""
    reason = text_field(json_body(), "reason", default="")
    joining.reject(application_id, reason, Actor.user(current_user().id))
    return _decided(application_id)


def application_answer(application: ProgrammeApplication) -> dict[str, Any]:
    """Return an application as JSON; `decided...` and `reason` are null while it waits."""
    return {
        "id": application.id,
        "userId": application.user_id,
        "name": application.user.name,
        "email": application.user.email,
        "status": application.status,
        "note": application.note,
        "reason": application.decision_reason,
        "decidedBy": application.decided_by,
        "decidedAt": application.decided_at and application.decided_at.isoformat(),
        "createdAt": application.created_at.isoformat(),
    }


def _decided(application_id: int) -> ResponseReturnValue:
    current_portal().wake("send_letters")
    return jsonify(application_answer(get_application(application_id)))
