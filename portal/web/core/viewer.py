"""Who looks at a page, for templates."""

from __future__ import annotations

from dataclasses import dataclass

from portal.web.core.current_user import find_current_user


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person who reads a page; without an account all but `is_authenticated` is None."""

    id: int | None = None
    name: str | None = None
    email: str | None = None
    role: str | None = None
    locale: str | None = None
    is_authenticated: bool = False


ANONYMOUS = Viewer()


def current_viewer() -> Viewer:
    """Return who reads the page of this request."""
    user = find_current_user()
    if user is None:
        return ANONYMOUS
    return Viewer(user.id, user.name, user.email, user.role, user.locale, is_authenticated=True)
