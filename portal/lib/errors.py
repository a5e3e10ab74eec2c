"""The base of every error a room states."""

from __future__ import annotations


class PortalError(Exception):
    """State a fact that stops an operation.

    `code` is stable and read by programs; `params` fill the translated sentence that
    `web/errors.py` chooses for the code; `field` names the input at fault, if one is.
    """

    code = "error"

    def __init__(self, message: str = "", *, field: str | None = None, **params: object) -> None:
        super().__init__(message or self.code)
        self.field = field
        self.params = params


class InputInvalid(PortalError):
    """One or more input fields were refused; `fields` maps each field to its error."""

    code = "input_invalid"

    def __init__(self, fields: dict[str, PortalError]) -> None:
        super().__init__("; ".join(f"{name}: {error}" for name, error in fields.items()))
        self.fields = fields
