"""The answer of a visitor about referral cookies, where the store has to ask for consent."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, request
from flask.typing import ResponseReturnValue

from portal.attribution import is_well_formed_code
from portal.codes import label_form
from portal.web.core.access import public
from portal.web.core.referral_cookies import forget_first_touch, remember_consent, set_first_touch
from portal.web.core.requests import FieldInvalid, local_path
from portal.web.core.urls import url_for

blueprint = Blueprint("landing", __name__)

_ANSWERS = {"agree": True, "refuse": False, "forget": None}


@blueprint.post("/referral-choice")
@public()
def choose_consent() -> ResponseReturnValue:
    """Store the answer: agreeing sets the first touch, refusing and forgetting delete it."""
    choice, code = request.form.get("choice", ""), request.form.get("code", "")
    if choice not in _ANSWERS:
        raise FieldInvalid(field="choice", expected=", ".join(_ANSWERS))
    target = local_path(request.form.get("next")) or url_for("shop.catalogue")
    response = make_response(redirect(target, 303))
    remember_consent(response, _ANSWERS[choice])
    if choice != "agree":
        forget_first_touch(response)
    elif is_well_formed_code(code):
        set_first_touch(response, code, label_form(request.form.get("label")))
    return response
