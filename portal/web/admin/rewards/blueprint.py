"""The blueprint of this section of the admin pages."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("rewards", __name__)
