"""The alias of any share code."""

from __future__ import annotations

from flask import redirect, request
from flask.typing import ResponseReturnValue

from portal.codes import CodeUnknown, retire_alias
from portal.db import Actor
from portal.flows.accounts.code_alias import set_any_alias
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.admin.referrers.blueprint import blueprint
from portal.web.admin.referrers.codes import code_page
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _


@blueprint.post("/refcodes/codes/<code>/alias")
@for_role("admin", reconfirm=True)
def save_alias(code: str) -> ResponseReturnValue:
    """Give a code another alias; the earlier one ends."""
    try:
        is_changed = set_any_alias(
            code, request.form.get("alias", ""), Actor.user(current_user().id), current_portal().settings
        )
    except CodeUnknown:
        raise
    except PortalError as error:
        return code_page(code, error), status_of(error)
    flash_change(is_changed, _("The alias works now, in links, at checkout and as a coupon."))
    return redirect(url_for("admin.referrers.code", code=code), 303)


@blueprint.post("/refcodes/codes/<code>/alias/retire")
@for_role("admin", reconfirm=True)
def end_alias(code: str) -> ResponseReturnValue:
    """End the alias of a code at once."""
    flash_change(
        retire_alias(code, Actor.user(current_user().id), by="admin"),
        _("The alias no longer works. The code still does."),
    )
    return redirect(url_for("admin.referrers.code", code=code), 303)
