"""Send the browser to a payment provider."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from portal.payments import Form, Redirect


def depart(departure: Form | Redirect, flash_text: str | None = None) -> ResponseReturnValue:
    """Send the browser to the provider; `flash_text` is shown when it comes back."""
    if isinstance(departure, Form):
        return render_template("checkout/leave.html", form=departure, flash_text=flash_text)
    if flash_text:
        flash(flash_text, "success")
    return redirect(departure.url, 303)
