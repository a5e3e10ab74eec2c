"""The blueprint of the built-in shop."""

from flask import Blueprint

blueprint = Blueprint("shop", __name__)
