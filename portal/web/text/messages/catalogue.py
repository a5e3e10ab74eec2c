"""Errors of products, their pictures and stock."""

from __future__ import annotations

from portal.web.text.format import number
from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext


def _type_refused(params: Params) -> str:
    if params["kind"]:
        return _("This file is %(kind)s. Choose a JPEG, PNG or WebP picture.", kind=params["kind"])
    return _("This file is not a picture. Choose a JPEG, PNG or WebP picture.")


def _pixels(params: Params) -> str:
    return _(
        "The picture has %(width)s × %(height)s pixels. At most %(at_most)s million are possible; make it smaller.",
        width=number(params["width"]),
        height=number(params["height"]),
        at_most=params["at_most"],
    )


def _unreadable(params: Params) -> str:
    reasons = {
        "encoding": _("The file is not UTF-8. In your spreadsheet, save it as CSV UTF-8."),
        "missing": _("Choose a CSV file."),
        "empty": _("The file has no rows below its header."),
    }
    return reasons.get(params["reason"]) or _(
        "The quotes in row %(row)s do not match. Correct them, or save the file as CSV again.",
        row=number(params["row"]),
    )


def _columns_invalid(params: Params) -> str:
    if params["reason"] == "missing":
        return _("The file needs a column slug or name.")
    if params["reason"] == "repeated":
        return _("These columns appear more than once: %(columns)s.", columns=params["columns"])
    return _(
        "Unknown columns: %(columns)s. Allowed columns: %(known)s.",
        columns=params["columns"],
        known=params["known"],
    )


CATALOGUE_ERRORS: ErrorTable = {
    "alt_text_long": Answer(422, lambda p: _("Use at most %(at_most)s characters.", **p)),
    "csv_cells_extra": Answer(422, lambda p: _("The row has more cells than the header.")),
    "csv_columns_invalid": Answer(422, _columns_invalid),
    "csv_slug_repeated": Answer(422, lambda p: _("Several rows of the file have the slug %(slug)s.", **p)),
    "csv_too_long": Answer(
        422, lambda p: _("A file can have at most %(at_most)s rows.", at_most=number(p["at_most"]))
    ),
    "csv_cell_too_long": Answer(
        422,
        lambda p: _(
            "Row %(row)s has a cell of more than %(at_most)s characters. Shorten it, or close its quotes.",
            row=number(p["row"]),
            at_most=number(p["at_most"]),
        ),
    ),
    "csv_unreadable": Answer(422, _unreadable),
    "csv_vendor_invalid": Answer(
        422, lambda p: _("Enter the product’s vendor. It must be one of your vendors.")
    ),
    "csv_word_invalid": Answer(422, lambda p: _("Write true or false.")),
    "import_outdated": Answer(
        409,
        lambda p: ngettext(
            "%(num)s product has changed since the preview. Nothing was imported; check the file again.",
            "%(num)s products have changed since the preview. Nothing was imported; check the file again.",
            p["total"],
        ),
    ),
    "nothing_to_import": Answer(409, lambda p: _("The file changes nothing.")),
    "picture_animated": Answer(422, lambda p: _("The picture is animated. Choose a still picture.")),
    "picture_broken": Answer(
        422, lambda p: _("The file is damaged or incomplete. Open it, save it again and try once more.")
    ),
    "picture_busy": Answer(
        503, lambda p: _("Other pictures are being processed. Try again in a few seconds.")
    ),
    "picture_missing": Answer(422, lambda p: _("Choose a picture first.")),
    "picture_too_large": Answer(
        422, lambda p: _("The picture is larger than %(at_most)s MB. Make it smaller.", **p)
    ),
    "picture_too_many_pixels": Answer(422, _pixels),
    "picture_type_refused": Answer(422, _type_refused),
    "product_changed": Answer(
        409, lambda p: _("Someone else changed this product in the meantime. Nothing was saved.")
    ),
    "product_description_long": Answer(422, lambda p: _("Use at most %(at_most)s characters.", **p)),
    "product_import_unknown": Answer(404, lambda p: _("This import does not exist or is not yours.")),
    "product_name_invalid": Answer(422, lambda p: _("Enter a name of up to %(at_most)s characters.", **p)),
    "product_not_found": Answer(404, lambda p: _("This product does not exist or is not yours.")),
    "product_price_invalid": Answer(
        422, lambda p: _("Enter a price between 0 and %(at_most)s %(currency)s.", **p)
    ),
    "product_slug_invalid": Answer(
        422, lambda p: _("Use small letters a to z, digits and hyphens, at most %(at_most)s.", **p)
    ),
    "product_slug_taken": Answer(
        422, lambda p: _("Another product has the address %(slug)s. Choose another one.", **p)
    ),
    "product_stock_invalid": Answer(
        422,
        lambda p: _("Enter a whole number of pieces, from 0 to %(at_most)s.", at_most=number(p["at_most"])),
    ),
    "stock_move_invalid": Answer(
        422,
        lambda p: _(
            "Enter the quantity to add, or to remove with a minus sign: a whole number up to %(at_most)s.",
            at_most=number(p["at_most"]),
        ),
    ),
    "stock_reason_missing": Answer(422, lambda p: _("Enter a reason of up to %(at_most)s characters.", **p)),
    "upload_too_large": Answer(413, lambda p: _("The file is larger than %(at_most)s MB.", **p)),
}
