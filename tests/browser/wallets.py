"""A browser wallet that signs: it announces itself (EIP-6963), and the test has its key."""

from __future__ import annotations

from typing import Any

from tests.support.wallets import TestWallet

# A wallet that agrees, declines or is on another network.
PROVIDER = """
(() => {
  const provider = {
    async request({ method, params = [] }) {
      const answer = await window.walletRequest(NAME, method, params);
      if (answer.code) throw Object.assign(new Error("the wallet says no"), { code: answer.code });
      return answer.result;
    },
  };
  const icon = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>";
  const detail = Object.freeze({ info: { uuid: NAME, name: NAME, icon, rdns: "example.wallet" }, provider });
  if (NAME === "legacy") { window.ethereum = provider; return; }
  const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""


class BrowserWallet(TestWallet):
    """A wallet and its user: the requests that are declined, and the network it is on."""

    def __init__(self, chain_id: int) -> None:
        super().__init__()
        self.chain_id = chain_id
        self.code = "0x"
        self.codes: dict[str, int] = {}
        self.requests: list[str] = []
        self.signed: list[str] = []

    def answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        self.requests.append(method)
        if method in self.codes:
            return {"code": self.codes[method]}
        if method == "personal_sign":
            raw = bytes.fromhex(params[0][2:])
            self.signed.append(raw.decode())
            return {"result": self.sign_bytes(raw)}
        if method == "wallet_switchEthereumChain":
            self.chain_id = int(params[0]["chainId"], 16)
            return {"result": None}
        results = {
            "eth_requestAccounts": [self.stored],
            "eth_chainId": hex(self.chain_id),
            "eth_getCode": self.code,
        }
        return {"result": results[method]}
