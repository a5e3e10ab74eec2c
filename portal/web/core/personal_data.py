"""The personal data of one person as a zip file, for the person and for admins."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, stream_with_context
from flask_babel import force_locale

from portal.accounts import get_user
from portal.db import Actor
from portal.flows.personal_data.export import export_person
from portal.runtime import current_portal
from portal.web.text.personal_data import about_export


def person_response(user_id: int, actor: Actor) -> Response:
    """Return the streamed zip file of everything about a person, its README in their language; raise UserUnknown."""
    with force_locale(get_user(user_id).locale):
        about = about_export(current_portal().settings.brand_name)
    response = Response(stream_with_context(export_person(user_id, about, actor)), mimetype="application/zip")
    name = f"personal-data-{user_id}-{datetime.now(UTC):%Y-%m-%d}.zip"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response
