"""Values that look alike but must not be mixed: the type checker refuses one where another is expected."""

from __future__ import annotations

from typing import NewType

# Base units of a token; 10^18 of them are one token unless its contract says otherwise.
Wei = NewType("Wei", int)
# "0x" and 40 hexadecimal digits in lower case, as stored; pages show the EIP-55 form.
Address = NewType("Address", str)
# "0x" and 64 hexadecimal digits in lower case.
TxHash = NewType("TxHash", str)
# The reference under which an order or a membership is paid, unique across the portal.
OrderReference = NewType("OrderReference", str)
