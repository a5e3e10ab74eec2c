"""Replace a vendor's payout wallet. See docs/rules/second_admin.md."""

from __future__ import annotations

from portal.commissions.terms_operations import lock_terms
from portal.db import Actor, query, record_event, transaction
from portal.lib.errors import PortalError


class WalletChanged(PortalError):
    """The payout wallet was changed in the meantime."""

    code = "wallet_changed"


def replace_payout_wallet(vendor_id: int, replaced: str | None, wallet: str, actor: Actor) -> None:
    """Set a vendor's payout wallet; raise WalletChanged unless `replaced` is still the stored one."""
    with transaction():
        lock_terms()
        rows = query(
            """UPDATE merchant_configs SET payout_wallet = %s, updated_at = now()
               WHERE vendor_id = %s AND payout_wallet IS NOT DISTINCT FROM %s RETURNING vendor_id""",
            [wallet, vendor_id, replaced],
        )
        if not rows:
            raise WalletChanged
        data = {"payout_wallet": [replaced, wallet]}
        record_event(actor, "vendor", vendor_id, "merchant_terms_saved", data=data)
