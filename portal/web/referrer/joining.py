"""Join the programme: apply, or take the share codes that wait."""

from __future__ import annotations

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from portal.flows.programme.joining import AlreadyJoined, apply_to_join, has_joined
from portal.lib.texts import CharacterRefused
from portal.programme import ApplicationNoteTooLong
from portal.runtime import current_portal
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.referrer.dashboard import blueprint
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _


@blueprint.post("/refcodes/programme/join")
@signed_in()
@limit_account("account")
def join() -> ResponseReturnValue:
    """Apply to become a referrer; where no approval is needed, linked wallets get their share codes."""
    portal, user_id = current_portal(), current_user().id
    try:
        apply_to_join(user_id, request.form.get("note", ""), portal.settings)
    except (AlreadyJoined, ApplicationNoteTooLong, CharacterRefused) as error:
        flash(error_text(error), "warning")
        return redirect(url_for("referrer.dashboard"), 303)
    if has_joined(user_id, portal.settings):
        flash(_("Your share link is ready."), "success")
    else:
        portal.wake("send_letters")
        flash(_("Your application is sent. An admin decides on it, and you will be notified."), "success")
    return redirect(url_for("referrer.dashboard"), 303)
