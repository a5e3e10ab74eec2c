"""What the account's forms share: showing themselves again with what was wrong."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.lib.errors import InputInvalid, PortalError
from portal.web.core.errors import status_of
from portal.web.core.requests import local_path
from portal.web.text.messages import error_text, error_texts


def form_page(template: str, values: dict[str, str], errors: dict[str, str], **more: object) -> str:
    """Return a form's page with the values typed and the sentence beside each field at fault."""
    return render_template(
        template,
        values=values,
        errors=errors,
        form_errors=list(errors.items()),
        next=local_path(request.values.get("next")) or "",
        **more,
    )


def told(error: PortalError, field: str) -> tuple[dict[str, str], int]:
    """Return an error as sentences by field, and its status; what names no field stands at `field`."""
    if isinstance(error, InputInvalid):
        return error_texts(error), max(status_of(inner) for inner in error.fields.values())
    return {field: error_text(error)}, status_of(error)


def refused(
    template: str, error: PortalError, field: str, values: dict[str, str], **more: object
) -> ResponseReturnValue:
    """Return a form's page that says what was refused, with the error's status."""
    errors, status = told(error, field)
    return form_page(template, values, errors, **more), status
