"""Shared by the commands that change a contract: which contract, and calls that are printed or sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from portal.chain import DeploymentFailed, checksum
from portal.chain.administration import AdminCall, explain_refusal, safe_batch, send_calls
from portal.chain.client import Chain, open_node_chain
from portal.chain.deployment import Deployer, Deployment, deployer_of, find_record
from portal.chain.node.rpc import Node
from portal.cli.chain_common import ADDRESS, deployer_key, write_file
from portal.cli.common import FilePath, portal

_Command = TypeVar("_Command", bound=Callable[..., Any])

# Development chains are short; longer chains are scanned from the recorded block of the deployment.
_SHORT_CHAIN = 50_000

contract_option = click.option(
    "--contract", type=ADDRESS, help="Address of the proxy; default REFERRAL_REWARDS_ADDRESS."
)


def change_options(command: _Command) -> _Command:
    """Add the options of a change: the contract, and printing it for a multisig instead of sending."""
    calldata = click.option(
        "--calldata", is_flag=True, help="Send nothing; print the calls for a Safe or another multisig."
    )
    safe_json = click.option(
        "--safe-json",
        type=FilePath(path_type=Path, dir_okay=False, writable=True),
        help="Send nothing; write the calls to a file for the Transaction Builder of Safe.",
    )
    return contract_option(calldata(safe_json(command)))


class Target:
    """The contract that a command changes or reads, and a node of its chain."""

    def __init__(self, contract: str | None) -> None:
        settings = portal().settings
        self.chain_id = settings.referral_chain_id
        self.contract = contract or settings.referral_rewards_address
        if not self.contract:
            raise DeploymentFailed("Give --contract, or set REFERRAL_REWARDS_ADDRESS.")
        self.chain: Chain = open_node_chain(settings, None)
        self.node: Node = self.chain.node()

    def deployer(self) -> Deployer:
        """Return the sender with the key of DEPLOYER_PRIVATE_KEY."""
        return deployer_of(self.chain, deployer_key())

    def record(self) -> Deployment | None:
        return find_record(self.chain_id, self.contract)

    def first_block(self, from_block: int | None) -> int | None:
        """Return the block that events are read from: as given or recorded, or 0 on a short chain."""
        record = self.record()
        if from_block is not None or record:
            return record.block if record and from_block is None else from_block
        return 0 if self.node.block("latest").number <= _SHORT_CHAIN else None


def apply_calls(
    target: Target,
    calls: Sequence[AdminCall],
    *,
    sender: str | None,
    calldata: bool,
    safe_json: Path | None,
) -> bool:
    """Send the calls, or print them and return False; `sender` is the account that a multisig has."""
    if not calldata and safe_json is None:
        deployer = target.deployer()
        send_calls(deployer, calls)
        for call, tx_hash in zip(calls, deployer.hashes, strict=True):
            click.echo(f"Done: {call.what} ({tx_hash})")
        return True
    if calldata:
        print_calls(calls)
    if safe_json:
        name = f"{checksum(target.contract)} on chain {target.chain_id}"
        write_file(safe_json, json.dumps(safe_batch(target.chain_id, name, calls), indent=2) + "\n")
        click.echo(f"Written to {safe_json}.")
    refusal = explain_refusal(target.node, sender, calls[0]) if sender and calls else None
    if refusal:
        click.echo(f"Note: {refusal}")
    return False


def print_calls(calls: Sequence[AdminCall]) -> None:
    """Print target, value and call data of each call, in the order in which they are executed."""
    for call in calls:
        click.echo(f"What      {call.what}")
        click.echo(f"To        {checksum(call.to)}")
        click.echo("Value     0")
        click.echo(f"Calldata  0x{call.data.hex()}\n")
