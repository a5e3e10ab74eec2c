"""Accept a referral code that the buyer types at checkout instead of following a link."""

from __future__ import annotations

from models import User
from portal.attribution import find_typed_code
from portal.flows.checkout.decide_attribution import preview_attribution
from portal.lib.errors import PortalError
from portal.settings import Settings

FIELD = "referralCode"


class FirstTouchKept(PortalError):
    """A referral already applies and takes precedence; the parameter `kept` is its code."""

    code = "first_touch_kept"


class EnteredCodeMalformed(PortalError):
    code = "entered_code_malformed"


class EnteredCodeRefused(PortalError):
    """A guard refuses the code for this buyer; the parameter `refusal` is its reason."""

    code = "entered_code_refused"


def check_entered_code(buyer: User, text: str, cookie_code: str | None, settings: Settings) -> str:
    """Return the code that was typed, itself or by its alias, if it would credit its owner with this buyer's purchase.

    First touch wins: while a referral from a link applies, no other code is accepted. An invalid first touch, such as
    a deactivated code, does not block the entry. See docs/rules/attribution.md.

    Raises FirstTouchKept, EnteredCodeMalformed or EnteredCodeRefused.
    """
    first = preview_attribution(buyer, cookie_code, settings)
    if first.code:
        raise FirstTouchKept(field=FIELD, kept=first.code.code)
    code = find_typed_code(text)
    if code is None:
        raise EnteredCodeMalformed(field=FIELD)
    decision = preview_attribution(buyer, cookie_code, settings, entered_code=code).decision
    if not decision.applied:
        raise EnteredCodeRefused(field=FIELD, refusal=decision.reason)
    return code
