"""The base classes of every error the domain packages raise."""

from __future__ import annotations


class PortalError(Exception):
    """A fact that prevents an operation.

    `code` is stable and read by programs. `params` fill the sentence that `web/text/messages` has for the code. `field`
    names the invalid input, if there is one.
    """

    code = "error"

    def __init__(self, message: str = "", *, field: str | None = None, **params: object) -> None:
        super().__init__(message or self.code)
        self.field = field
        self.params = params


class InputInvalid(PortalError):
    """One or more input fields are invalid; `fields` maps each field to its error."""

    code = "input_invalid"

    def __init__(self, fields: dict[str, PortalError]) -> None:
        super().__init__("; ".join(f"{name}: {error}" for name, error in fields.items()))
        self.fields = fields
