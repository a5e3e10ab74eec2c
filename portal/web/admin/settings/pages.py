"""The page of settings: what is in force, saving it, the logo, and a letter that tries the mail server."""

from __future__ import annotations

from collections.abc import Mapping

from flask import current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.db import Actor
from portal.flows.accounts.try_mail_server import try_mail_server
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.pictures import MOST_BYTES, PictureBusy, read_picture
from portal.mail import MailRefused, MailUnavailable
from portal.runtime import current_portal
from portal.stored_settings import (
    SavedSettings,
    SettingsFollower,
    check_settings,
    is_fixed,
    newest_settings,
    save_logo,
    save_settings,
)
from portal.web.admin.settings.blueprint import blueprint
from portal.web.admin.settings.presenters import (
    FLAGS,
    LISTS,
    TEXTS,
    contrast_words,
    environment_rows,
    setting_fields,
    version_words,
)
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.locale import LOCALES
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.text.letters import trial_letter
from portal.web.text.messages import error_text, error_texts
from portal.web.text.translate import gettext as _


@blueprint.get("/settings")
@for_role("admin")
def show() -> ResponseReturnValue:
    """Show the settings in force, and which of them stand in the environment."""
    return _page()


@blueprint.post("/settings")
@for_role("admin", reconfirm=True)
def save() -> ResponseReturnValue:
    """Save brand, languages, consent, joining, registration and checkout."""
    environment = current_portal().environment
    typed = _typed()
    try:
        values = check_settings(environment, typed)
        saved = save_settings(values, request.form.get("version", -1, type=int), _actor())
    except InputInvalid as error:
        return _page(typed, error_texts(error)), status_of(error)
    _put_in_force(saved)
    flash(_("The settings are saved. Other processes apply them within seconds."), "success")
    return redirect(url_for("admin.settings.show"), 303)


@blueprint.post("/settings/logo")
@for_role("admin", reconfirm=True, body_limit=MOST_BYTES)
def upload_logo() -> ResponseReturnValue:
    """Make an uploaded picture the logo."""
    file = request.files.get("logo")
    if not file or not file.filename:
        return _page(errors={"logo": _("Choose a picture.")}), 422
    try:
        picture = read_picture(file.read(MOST_BYTES + 1), "logo")
    except PictureBusy:
        raise
    except PortalError as error:
        return _page(errors={"logo": error_text(error)}), status_of(error)
    _put_in_force(save_logo(picture, _actor()))
    flash(_("The logo is saved."), "success")
    return redirect(url_for("admin.settings.show", _anchor="logo-card"), 303)


@blueprint.post("/settings/logo/remove")
@for_role("admin", reconfirm=True)
def remove_logo() -> ResponseReturnValue:
    """Draw the portal's own mark again."""
    _put_in_force(save_logo(None, _actor()))
    flash(_("The logo is removed."), "success")
    return redirect(url_for("admin.settings.show", _anchor="logo-card"), 303)


@blueprint.post("/settings/mail")
@for_role("admin")
@limit_account("account")
def try_mail() -> ResponseReturnValue:
    """Send a letter to the admin's own address at once and say what the mail server answered."""
    user, settings = current_user(), current_portal().settings
    try:
        address = try_mail_server(trial_letter(), user.email, settings, _actor())
    except (MailRefused, MailUnavailable) as error:
        problem = _("The mail server did not accept the e-mail: %(reason)s", reason=str(error))
        return _page(errors={"mail": problem}), 502
    except PortalError as error:
        return _page(errors={"mail": error_text(error)}), status_of(error)
    flash(_("The mail server accepted an e-mail to %(email)s.", email=address), "success")
    return redirect(url_for("admin.settings.show", _anchor="mail-card"), 303)


def _typed() -> dict[str, object]:
    """Return what the form has; a box that is not ticked is not sent."""
    typed: dict[str, object] = {name: request.form.get(name, "").strip() for name in TEXTS}
    typed |= {name: request.form.get(name) == "1" for name in FLAGS}
    offered = [code for code in LOCALES if code in request.form.getlist("offered_languages")]
    return typed | dict.fromkeys(LISTS, ",".join(offered))


def _put_in_force(saved: SavedSettings) -> None:
    follower: SettingsFollower = current_app.extensions["stored_settings"]
    follower.apply(saved.version, saved.settings)


def _actor() -> Actor:
    return Actor.user(current_user().id)


def _page(typed: Mapping[str, object] | None = None, errors: Mapping[str, str] | None = None) -> str:
    portal, saved, errors = current_portal(), newest_settings(), errors or {}
    return render_template(
        "admin/settings/show.html",
        fields=setting_fields(portal, typed or {}),
        version=request.form.get("version", saved.version, type=int),
        saved=version_words(saved),
        languages=list(LOCALES.items()),
        contrast=contrast_words(portal.settings.brand_color),
        errors=errors,
        form_errors=list(errors.items()),
        is_logo_fixed=is_fixed(portal.environment, "brand_logo_url"),
        own_email=current_user().email,
        mail_configured=portal.settings.mail_configured,
        environment=environment_rows(portal.environment),
    )
