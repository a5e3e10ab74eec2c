"""Give a product a picture, describe it, or take it off."""

from __future__ import annotations

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from portal.catalogue import LANGUAGES, get_product_of_vendors, remove_picture, save_picture
from portal.lib.errors import PortalError
from portal.lib.pictures import MOST_BYTES, PictureBusy, read_picture
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.products.desk import Desk
from portal.web.products.pages import edit_page
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _


def upload(desk: Desk, product_id: int) -> ResponseReturnValue:
    """Save the chosen picture, or only the alternative texts where no file is chosen."""
    vendor_ids = desk.vendor_ids()
    product = get_product_of_vendors(product_id, vendor_ids)
    typed = {f"alt_{language}": request.form.get(f"alt_{language}", "") for language in LANGUAGES}
    file = request.files.get("picture")
    try:
        picture = read_picture(file.read(MOST_BYTES + 1)) if file and file.filename else None
        alt_texts = {language: typed[f"alt_{language}"] for language in LANGUAGES}
        save_picture(product_id, picture, alt_texts, desk.actor(), vendor_ids=vendor_ids)
    except PictureBusy:
        raise
    except PortalError as error:
        if error.field is None:
            raise
        return edit_page(desk, product, typed, {error.field: error_text(error)}), status_of(error)
    flash(_("The picture is saved.") if picture else _("The description of the picture is saved."), "success")
    return redirect(desk.url("edit", product_id=product_id, _anchor="picture-form"), 303)


def remove(desk: Desk, product_id: int) -> ResponseReturnValue:
    """Take the picture off a product."""
    flash_change(
        remove_picture(product_id, desk.actor(), vendor_ids=desk.vendor_ids()), _("The picture is removed.")
    )
    return redirect(desk.url("edit", product_id=product_id, _anchor="picture-form"), 303)
