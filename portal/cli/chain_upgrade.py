"""`flask chain upgrade|verify`: the next version of the contract, and its source on an explorer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from portal.chain import DeploymentFailed, checksum, order_ref
from portal.chain.administration import read_decimals, send_calls
from portal.chain.contract.rewards import RewardsContract
from portal.chain.deployment import Deployer, require_recordable, write_record
from portal.chain.sending.fees import GWEI
from portal.chain.upgrade import (
    State,
    UpgradePlan,
    deploy_implementation,
    estimate_implementation,
    plan_upgrade,
    require_accepted,
    require_artifact_code,
    require_upgraded,
)
from portal.chain.verification import Verification, find_creation, verify_implementation, verify_proxy
from portal.cli.chain_changes import Target, apply_calls, change_options, contract_option
from portal.cli.chain_common import ADDRESS, MODES, cap_text, coins_text, write_file
from portal.cli.common import FilePath, PortalCommand

_RECENT_BLOCKS = 1_000
_SHOWN_REFERENCES = 5


@click.command(cls=PortalCommand)
@click.option("--implementation", type=ADDRESS, help="Use this deployed implementation.")
@click.option("--deploy-only", is_flag=True, help="Deploy the implementation only, for a later --calldata.")
@click.option(
    "--admin", type=ADDRESS, help="With --calldata: the account that upgrades; default the only admin."
)
@click.option(
    "--reference",
    "references",
    multiple=True,
    help="Order reference to compare before and after; repeatable.",
)
@click.option(
    "--from-block", type=click.IntRange(0), help="First block of the events; default the recorded one."
)
@click.option("--dry-run", is_flag=True, help="Check everything and estimate the cost without sending.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
@change_options
def upgrade(
    implementation: str | None,
    deploy_only: bool,
    admin: str | None,
    references: tuple[str, ...],
    from_block: int | None,
    dry_run: bool,
    yes: bool,
    contract: str | None,
    calldata: bool,
    safe_json: Path | None,
) -> None:
    """Upgrade the contract to the committed version; state, roles and paid references stay."""
    target = Target(contract)
    is_printed = calldata or safe_json is not None
    deployer = None if is_printed else target.deployer()
    if deployer and not deploy_only and target.record():
        require_recordable()
    sender = deployer.key.address if deployer and not deploy_only else admin
    plan = plan_upgrade(
        target.node,
        target.contract,
        first_block=target.first_block(from_block),
        sender=sender,
        references=_references(target, references),
    )
    _show_plan(plan)
    if not plan.is_needed:
        _finish(target, plan, plan.implementation)
        return
    if implementation:
        require_artifact_code(target.node, implementation)
    if deployer is None:
        _print_call(target, plan, implementation, calldata, safe_json)
        return
    _show_cost(deployer, implementation)
    if dry_run:
        return
    if not yes:
        click.confirm("Send these transactions?", abort=True)
    _send(target, deployer, plan, implementation, deploy_only)


@click.command(cls=PortalCommand)
@contract_option
@click.option(
    "--folder",
    type=FilePath(path_type=Path, file_okay=False),
    default=Path("verification"),
    show_default=True,
    help="Folder for the files.",
)
@click.option("--creation-transaction", help="Transaction that created the proxy; default the recorded one.")
def verify(contract: str | None, folder: Path, creation_transaction: str | None) -> None:
    """Write the standard JSON input for verifying implementation and proxy at an explorer."""
    target = Target(contract)
    verifications = [verify_implementation(target.node, target.contract)]
    creation = creation_transaction or _recorded_creation(target)
    if creation:
        verifications.append(verify_proxy(target.node, target.contract, creation))
    for verification in verifications:
        _write_verification(folder, verification)
    if not creation:
        click.echo("The proxy is left out: give --creation-transaction, which has its constructor arguments.")


def _send(
    target: Target, deployer: Deployer, plan: UpgradePlan, implementation: str | None, deploy_only: bool
) -> None:
    new = implementation or deploy_implementation(deployer)
    click.echo(f"Implementation {checksum(new)}, its code is the committed one")
    if deploy_only:
        click.echo(f"Next: `chain upgrade --implementation {checksum(new)} --calldata`.")
        return
    try:
        send_calls(deployer, [require_accepted(target.node, plan, new)])
    except DeploymentFailed as error:
        raise DeploymentFailed(f"{error} Continue with --implementation {checksum(new)}.") from None
    _finish(target, plan, new)


def _finish(target: Target, plan: UpgradePlan, implementation: str) -> None:
    """Compare the state with that before the upgrade, and record the implementation."""
    state = require_upgraded(target.node, plan, implementation)
    record = target.record()
    if record and record.implementation_address != implementation:
        path = write_record(replace(record, implementation_address=implementation))
        click.echo(f"The implementation is recorded in {path}.")
    click.echo(f"Version        {plan.new_version}, state as before:")
    _show_state(state, read_decimals(target.node, target.contract))


def _print_call(
    target: Target, plan: UpgradePlan, implementation: str | None, calldata: bool, safe_json: Path | None
) -> None:
    if implementation is None:
        raise DeploymentFailed(
            "Any account can deploy the implementation: `chain upgrade --deploy-only`, then give --implementation."
        )
    call = require_accepted(target.node, plan, implementation)
    apply_calls(target, [call], sender=plan.admin, calldata=calldata, safe_json=safe_json)


def _references(target: Target, given: tuple[str, ...]) -> list[str]:
    """Return the hashes of the given references and of the latest payments."""
    head = target.node.block("latest").number
    contract = RewardsContract(target.contract)
    events = contract.paid_events(target.node, max(0, head - _RECENT_BLOCKS), head)
    recent = [event.order_ref for event in events[-_SHOWN_REFERENCES:]]
    return list(dict.fromkeys([*map(order_ref, given), *recent]))


def _show_plan(plan: UpgradePlan) -> None:
    former = ", ".join(map(checksum, plan.former_admins))
    rows = [
        ("Contract", checksum(plan.contract)),
        ("Deployed", f"{plan.deployed_version}, implementation {checksum(plan.implementation)}"),
        ("New version", plan.new_version),
        ("Storage", "compatible"),
        ("Admin", checksum(plan.admin)),
    ]
    if former:
        rows.append(("Loses the role", former))
    for name, value in rows:
        click.echo(f"{name:<14} {value}")


def _show_cost(deployer: Deployer, implementation: str | None) -> None:
    gas = 0 if implementation else estimate_implementation(deployer.node, deployer.key.address)
    fees = deployer.fees()
    cost = (gas + _UPGRADE_GAS) * fees.max_fee
    click.echo(
        f"{'Cost at most':<14} {coins_text(cost)} ({gas + _UPGRADE_GAS} gas at {fees.max_fee // GWEI} gwei)"
    )
    balance = deployer.node.balance(deployer.key.address)
    if balance < cost:
        raise DeploymentFailed(f"{checksum(deployer.key.address)} lacks {coins_text(cost - balance)}.")


# upgradeToAndCall with initializeAdminRules for a few former admins as measured, rounded up; only for the estimate.
_UPGRADE_GAS = 200_000


def _show_state(state: State, decimals: int) -> None:
    rows = (
        ("Token", checksum(f"0x{state.token:040x}")),
        ("Mode", f"{state.mode} {MODES.get(state.mode, '?')}"),
        ("Paused", "YES" if state.paused else "no"),
        ("Reward cap", cap_text(state.reward_cap, decimals)),
        ("Daily cap", cap_text(state.daily_cap, decimals)),
        ("Paid", f"{sum(state.paid.values())} of {len(state.paid)} references compared"),
    )
    for name, value in rows:
        click.echo(f"{name:<14} {value}")


def _recorded_creation(target: Target) -> str | None:
    record = target.record()
    return find_creation(target.node, record) if record else None


def _write_verification(folder: Path, verification: Verification) -> None:
    name = verification.contract_name.rpartition(":")[2]
    path = folder / f"{name}.json"
    write_file(path, json.dumps(verification.standard_json, indent=2) + "\n")
    rows = (
        ("File", path),
        ("Address", checksum(verification.address)),
        ("Contract name", verification.contract_name),
        ("Compiler", f"{verification.compiler}, Solidity standard JSON input, licence Apache-2.0"),
        ("Constructor arguments", verification.constructor_arguments or "none"),
    )
    for label, value in rows:
        click.echo(f"{label:<22} {value}")
    click.echo()
