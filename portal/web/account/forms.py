"""Render account forms, with their errors when one was refused."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.lib.errors import InputInvalid, PortalError
from portal.web.core.requests import local_path
from portal.web.text.messages import error_text, error_texts, status_of


def form_page(template: str, values: dict[str, str], errors: dict[str, str], **context: object) -> str:
    """Return the page of a form with the submitted values and the errors by field."""
    return render_template(
        template,
        values=values,
        errors=errors,
        form_errors=list(errors.items()),
        next=local_path(request.values.get("next")) or "",
        **context,
    )


def error_fields(error: PortalError, field: str) -> tuple[dict[str, str], int]:
    """Return the sentences of an error by field and its status; one that names no field belongs to `field`."""
    if isinstance(error, InputInvalid):
        return error_texts(error), max(status_of(inner) for inner in error.fields.values())
    return {field: error_text(error)}, status_of(error)


def refused(
    template: str, error: PortalError, field: str, values: dict[str, str], **context: object
) -> ResponseReturnValue:
    """Return the page of a refused form with the status of the error."""
    errors, status = error_fields(error, field)
    return form_page(template, values, errors, **context), status
