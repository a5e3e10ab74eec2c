"""A token that refuses some recipients, put on a local chain.

`contracts/RefusingToken.hex` is `RefusingToken.sol` compiled by the solc of `contracts/package.json` for cancun,
optimised with 200 runs and without a metadata hash, so that these tests need no compiler.
"""

from __future__ import annotations

from pathlib import Path

from eth_abi.abi import encode

from portal.chain.contract.abi import encode_call
from tests.support.chain_world import ADMIN
from tests.support.chains import LocalChain

_CODE = Path(__file__).parent / "contracts" / "RefusingToken.hex"


def deploy_refusing_token(chain: LocalChain, holder: str, supply: int) -> str:
    """Return the address of a new token whose whole supply one account holds."""
    data = _CODE.read_text().strip() + encode(["address", "uint256"], [holder, supply]).hex()
    tx_hash = chain.call("eth_sendTransaction", {"from": ADMIN, "data": "0x" + data})
    return str(chain.call("eth_getTransactionReceipt", tx_hash)["contractAddress"])


def refuse(chain: LocalChain, token: str, account: str, *, refused: bool = True) -> None:
    """Put an account on the token's list, or take it off."""
    data = "0x" + encode_call("refuse(address,bool)", account, refused).hex()
    chain.call("eth_sendTransaction", {"from": ADMIN, "to": token, "data": data})
