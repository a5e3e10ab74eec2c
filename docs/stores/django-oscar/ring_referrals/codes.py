"""The referral code of the visitor: from the cookie `ring_ref`, which the portal's snippet sets."""

import re
from contextvars import ContextVar

COOKIE = "ring_ref"
_CODE = re.compile(r"[0-9A-Za-z]{6,32}")
_current: ContextVar[str] = ContextVar("ring_ref", default="")


def code_of(request):
    """Return the code in the cookie of a request, or an empty string."""
    code = request.COOKIES.get(COOKIE, "")
    return code if _CODE.fullmatch(code) else ""


def current_code():
    """Return the code of the request that is served now, or an empty string."""
    return _current.get()


class ReferralCodeMiddleware:
    """Keep the code of a request at hand while it is served: the signal of a new order carries no request."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        token = _current.set(code_of(request))
        try:
            return self.get_response(request)
        finally:
            _current.reset(token)
