"""Administration of a deployed `ReferralRewards`: what an operator changes, as call data or as sent transactions.

A change is a list of calls of one sender. A multisig executes the printed calls; a key on this machine sends them
through `send_calls`, which simulates each one first, so that a refusal costs nothing and is explained.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.chain.contract.abi import Revert, encode_call
from portal.chain.contract.rewards import OPERATOR_ROLE, PAUSER_ROLE, TOKEN_DECIMALS, checksum
from portal.chain.contract.token import Token, tokens_text
from portal.chain.deployment import Deployer
from portal.chain.errors import ChainAway, DeploymentFailed, NodeRefused
from portal.chain.node.rpc import Node
from portal.chain.roles import ROLE_NAMES, read_word

ROLES = {"operator": OPERATOR_ROLE, "pauser": PAUSER_ROLE}


@dataclass(frozen=True)
class AdminCall:
    """One call of the contract, without value; `what` names it as in "setting the caps"."""

    to: str
    data: bytes
    what: str


def send_calls(deployer: Deployer, calls: Sequence[AdminCall]) -> None:
    """Send calls in order, each simulated before it and mined after it.

    An account without the right to one of them sends none. Raises DeploymentFailed with the reason and what was done
    before it.
    """
    for call in calls:
        _require_right(deployer.node, deployer.key.address, call)
    done: list[str] = []
    for call in calls:
        refusal = explain_refusal(deployer.node, deployer.key.address, call)
        if refusal:
            raise DeploymentFailed(f"{refusal} {_done_text(done) or 'Nothing was sent.'}")
        try:
            deployer.call(call.to, call.data, call.what)
        except (DeploymentFailed, ChainAway, NodeRefused) as error:
            raise DeploymentFailed(f"{error} {_done_text(done)}".rstrip()) from None
        done.append(call.what)


def _done_text(done: Sequence[str]) -> str:
    return f"Done before: {'; '.join(done)}." if done else ""


def explain_refusal(node: Node, sender: str, call: AdminCall) -> str | None:
    """Return in one sentence why the contract would refuse a call now, None if it would succeed."""
    answer = node.eth_call(call.to, call.data, "latest", sender)
    return _refusal_text(answer, sender, call) if isinstance(answer, Revert) else None


def _require_right(node: Node, sender: str, call: AdminCall) -> None:
    """Raise DeploymentFailed if the account lacks the role; the state that earlier calls make is not looked at."""
    answer = node.eth_call(call.to, call.data, "latest", sender)
    if isinstance(answer, Revert) and answer.root.name == _NO_RIGHT:
        raise DeploymentFailed(f"{_refusal_text(answer, sender, call)} Nothing was sent.")


def _refusal_text(revert: Revert, sender: str, call: AdminCall) -> str:
    root = revert.root
    reason = _REASONS.get(root.name)
    if root.name == _NO_RIGHT and len(root.arguments) == 2:
        role = ROLE_NAMES.get(bytes(root.arguments[1]), "a role")
        reason = f"{checksum(sender)} does not have {role}, which this call needs"
    elif root.name == "AccessControlEnforcedDefaultAdminDelay":
        reason = f"the new admin cannot accept before {time_text(int(root.arguments[0]))}"
    elif root.name == "AccessControlInvalidDefaultAdmin":
        reason = f"{checksum(sender)} is not the account to which the admin role was offered"
    return f"The contract would refuse {call.what}: {reason or revert.text}."


_NO_RIGHT = "AccessControlUnauthorizedAccount"
_REASONS = {
    "EnforcedPause": "it is paused",
    "ExpectedPause": "it is not paused",
    "ReferralRewards__NotAContract": "there is no contract at the token's address",
    "ReferralRewards__CapTooLarge": "a cap is at most 2^96 - 1 base units of the token, about 7.9e28",
}


# ---------------------------------------------------------------------- changes


def cap_calls(contract: str, reward_cap: int, daily_cap: int, decimals: int) -> list[AdminCall]:
    """Return the call that sets both caps, in base units of a token with `decimals`; 0 turns one off."""
    reward_text, daily_text = _cap(reward_cap, decimals), _cap(daily_cap, decimals)
    data = encode_call("setCaps(uint256,uint256)", reward_cap, daily_cap)
    return [
        AdminCall(
            contract,
            data,
            f"setting the cap per reward to {reward_text}, the cap per day to {daily_text}",
        )
    ]


def pause_calls(contract: str) -> list[AdminCall]:
    return [AdminCall(contract, encode_call("pause()"), "pausing payments")]


def unpause_calls(contract: str) -> list[AdminCall]:
    return [AdminCall(contract, encode_call("unpause()"), "unpausing payments")]


def role_calls(contract: str, role: str, account: str, *, is_granted: bool) -> list[AdminCall]:
    """Return the call that grants a role of ROLES to an account, or revokes it."""
    verb, action = ("grantRole", "granting") if is_granted else ("revokeRole", "revoking")
    data = encode_call(f"{verb}(bytes32,address)", ROLES[role], account)
    link = "to" if is_granted else "from"
    return [AdminCall(contract, data, f"{action} {role.upper()}_ROLE {link} {checksum(account)}")]


def transfer_admin_calls(contract: str, account: str) -> list[AdminCall]:
    """Return the call by which the admin offers its role."""
    data = encode_call("beginDefaultAdminTransfer(address)", account)
    return [AdminCall(contract, data, f"offering the admin role to {checksum(account)}")]


def accept_admin_calls(contract: str) -> list[AdminCall]:
    """Return the call by which the new admin takes over."""
    return [AdminCall(contract, encode_call("acceptDefaultAdminTransfer()"), "accepting the admin role")]


def token_calls(node: Node, contract: str, token: str, *, for_payouts: bool) -> list[AdminCall]:
    """Return the calls that change the token, which works only while paused.

    Raises DeploymentFailed where no token answers, or one without 18 decimals, which only payouts can be paid in.
    """
    decimals = node.eth_call(token, encode_call("decimals()")) if node.code(token) else b""
    if isinstance(decimals, Revert) or len(decimals) != 32:
        raise DeploymentFailed(f"There is no token at {checksum(token)}.")
    if not for_payouts and int.from_bytes(decimals, "big") != TOKEN_DECIMALS:
        raise DeploymentFailed(f"The token has {int.from_bytes(decimals, 'big')} decimals; rewards need 18.")
    data = encode_call("setRewardToken(address)", token)
    return _while_paused(node, AdminCall(contract, data, f"setting the token {checksum(token)}"))


def mode_calls(node: Node, contract: str, mode: int) -> list[AdminCall]:
    """Return the calls that change the mode, which works only while paused."""
    data = encode_call("setRewardMode(uint8)", mode)
    return _while_paused(node, AdminCall(contract, data, f"setting the mode {mode}"))


def _while_paused(node: Node, call: AdminCall) -> list[AdminCall]:
    """Pause around a call; a contract that is paused already stays paused."""
    if read_word(node, call.to, "paused()"):
        return [call]
    return [*pause_calls(call.to), call, *unpause_calls(call.to)]


# ---------------------------------------------------------------------- state


def read_caps(node: Node, contract: str) -> tuple[int, int]:
    """Return reward cap and daily cap in base units, 0 if off; raise ContractMissing."""
    return read_word(node, contract, "rewardCap()"), read_word(node, contract, "dailyCap()")


def read_decimals(node: Node, contract: str) -> int:
    """Return the decimals of the token that a contract pays; raise ContractMissing."""
    return Token(f"0x{read_word(node, contract, 'rewardToken()'):040x}").decimals(node)


def time_text(timestamp: int) -> str:
    """Return a time in UTC for display."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _cap(units: int, decimals: int) -> str:
    return f"{tokens_text(units, decimals)} tokens" if units else "off"


# ---------------------------------------------------------------------- multisig


def safe_batch(chain_id: int, name: str, calls: Sequence[AdminCall]) -> dict[str, Any]:
    """Return calls as a file that the Transaction Builder of Safe takes."""
    return {
        "version": "1.0",
        "chainId": str(chain_id),
        "createdAt": int(time.time() * 1000),
        "meta": {"name": name, "description": "; ".join(call.what for call in calls)},
        "transactions": [
            {"to": checksum(call.to), "value": "0", "data": f"0x{call.data.hex()}"} for call in calls
        ],
    }
