"""A token that refuses some recipients, for local chains.

`contracts/RefusingToken.hex` is `RefusingToken.sol` compiled by the solc of `contracts/package.json` for cancun,
optimised with 200 runs and without a metadata hash, so the tests need no compiler.
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
    return str(chain.transact(**{"from": ADMIN, "data": f"0x{data}"})["contractAddress"])


def refuse(chain: LocalChain, token: str, account: str, *, refused: bool = True) -> None:
    """Add an account to the list of the token or remove it."""
    data = "0x" + encode_call("refuse(address,bool)", account, refused).hex()
    chain.transact(**{"from": ADMIN, "to": token, "data": data})
