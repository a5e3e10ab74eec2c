"""The public proof of a payment: what the chain shows for its hash."""

from portal.web.proof.routes import blueprint

__all__ = ["blueprint"]
