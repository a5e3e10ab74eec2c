"""A database, a chain and a payout contract that holds tokens."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from models import Payout, PayoutBatch, Settlement, Vendor
from portal.chain import OperatorKey, Payment, Token, Treasury, open_treasury
from portal.chain.contract.abi import encode_call
from portal.chain.contract.rewards import PaidEvent
from portal.chain.deployment import Deployer, deploy_proxy
from portal.chain.node.rpc import Rpc
from portal.chain.sending import failpoints as labels
from portal.chain.sending.fees import GWEI, FeePolicy
from portal.db import connection, query
from portal.db.checks import run_checks
from portal.dev.anvil import ADMIN_KEY
from portal.flows.payouts.pay_settlements import PayoutReport, run_payouts
from portal.settings import Settings
from tests.factories import ACTOR, make_settlement, make_vendor
from tests.support.chain_world import ADMIN
from tests.support.chains import LocalChain
from tests.support.refusing_token import deploy_refusing_token

# anvil's published development key of the third account.
TREASURY_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
TREASURY = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"
# The fourth account, which nothing else uses.
OTHER = "0x90f79bf6eb2c4f870365e785982e1f101e93b906"
TOKEN = 10**18
DOLLAR = 10**6
PAST = datetime.now(UTC) - timedelta(days=1)
_wallets = itertools.count(0xABC000)


class Killed(BaseException):
    """Simulated death of the process; no handler catches it."""


@dataclass
class Bank:
    """A database, a chain, and a payout contract that holds tokens."""

    chain: LocalChain
    settings: Settings
    environment: dict[str, Any]

    @property
    def token(self) -> Token:
        return Token(str(self.settings.settlement_payout_token_address))

    @property
    def contract_address(self) -> str:
        return str(self.settings.settlement_payout_contract_address)

    def change(self, **values: object) -> None:
        self.settings = self.settings.model_copy(update=values)

    def without_key(self) -> Settings:
        """Return the settings of a web process, which has no key."""
        return self.settings.model_copy(update={"settlement_payout_private_key": SecretStr("")})

    def treasury(self) -> Treasury:
        treasury = open_treasury(self.settings)
        assert isinstance(treasury, Treasury)
        return treasury

    def node(self) -> Any:
        return self.treasury().chain.node()

    def paid(self) -> list[PaidEvent]:
        """Return every payment of the contract."""
        node = self.node()
        return self.treasury().chain.contract.paid_events(node, 0, node.block("latest").number)

    def balance(self, wallet: str) -> int:
        return self.token.balance(self.node(), wallet)

    def vendor(self, **values: Any) -> tuple[Vendor, str]:
        wallet = f"0x{next(_wallets):040x}"
        return make_vendor(config_payout_wallet=wallet, **values), wallet

    def run(self) -> PayoutReport:
        return run_payouts(self.settings, ACTOR)

    def finish(self) -> PayoutReport:
        """Run and mine until no batch is processing."""
        for _ in range(8):
            report = self.run()
            self.chain.mine(70)
            if not PayoutBatch.select().where(PayoutBatch.status == "processing").exists():
                return report
        raise AssertionError(f"payouts did not finish: {report}")

    def transact(self, sender: str, data: bytes, to: str | None = None) -> str:
        fields = {"from": sender, "to": to or self.chain.token_address, "data": "0x" + data.hex()}
        return str(self.chain.transact(**fields)["transactionHash"])

    def assert_ledger_equals_chain(self) -> None:
        """Compare completed payouts with the payments of the contract: one for one."""
        rows = Payout.select().where((Payout.status == "completed") & Payout.order_ref.is_null(False))
        ledger = [(row.order_ref, row.payout_wallet, row.amount_wei, row.transaction_id) for row in rows]
        events = [(event.order_ref, event.wallet, event.amount, event.tx_hash) for event in self.paid()]
        assert sorted(ledger) == sorted(events)
        broken = {name for name in run_checks() if "payout" in name or "settlement" in name}
        assert broken == set()


def deploy_payout_contract(chain: LocalChain, token: str) -> str:
    """Deploy the contract in TRANSFER mode with the treasury's key as its operator; return its address."""
    node = Rpc([chain.rpc_url], chain.chain_id, None).choose(None)
    key = OperatorKey.from_private_key(ADMIN_KEY)
    deployer = Deployer(node, chain.chain_id, key, FeePolicy(tip=GWEI, ceiling=10**30))
    return deploy_proxy(deployer, chain.chain_id, key.address, TREASURY, token, 1).rewards_address


def use_dollars(bank: Bank) -> str:
    """Pay with a dollar token of six decimals that can refuse recipients; return its address."""
    token = deploy_refusing_token(bank.chain, TREASURY, 10**6 * DOLLAR)
    contract = deploy_payout_contract(bank.chain, token)
    bank.transact(TREASURY, encode_call("transfer(address,uint256)", contract, 10**6 * DOLLAR), token)
    bank.change(settlement_payout_token_address=token, settlement_payout_contract_address=contract)
    bank.chain.mine(70)
    return token


def fund(bank: Bank, amount: int, holder: str | None = None) -> None:
    """Mint tokens to the contract, or another holder."""
    mint_tokens(bank.chain, holder or bank.contract_address, amount)


def mint_tokens(chain: LocalChain, holder: str, amount: int) -> None:
    """Mint tokens from the account with the minter role."""
    minter, data = chain.rewards_address, encode_call("mint(address,uint256)", holder, amount)
    chain.call("anvil_setBalance", minter, hex(10**18))
    chain.call("anvil_impersonateAccount", minter)
    chain.transact(**{"from": minter, "to": chain.token_address, "data": "0x" + data.hex()})
    chain.call("anvil_stopImpersonatingAccount", minter)


def make_due(vendor: Vendor, amount: int = 100_000, **values: Any) -> Settlement:
    return make_settlement(vendor, amount, **{"scheduled_for": PAST, **values})


def fresh(row: Settlement) -> Settlement:
    return Settlement.get_by_id(row.id)


def fail_at(label: str) -> None:
    def fail(passed: str) -> None:
        if passed == label:
            labels.listen(None)
            raise Killed

    labels.listen(fail)


def age_audit() -> None:
    """Let the last audit be an hour ago, as it is after a restore."""
    with connection():
        query("UPDATE chain_audit SET audited_at = now() - interval '1 hour'")


def pay_as_operator(bank: Bank, wallet: str, amount: int, ref: str) -> str:
    """Pay with the operator's key past the portal."""
    data = bank.treasury().chain.contract.encode_payment([Payment(wallet, amount, ref)])  # type: ignore[arg-type]
    return bank.transact(TREASURY, data, bank.contract_address)


def administer(bank: Bank, call: str, *arguments: object) -> None:
    """Call the payout contract as its admin."""
    bank.transact(ADMIN, encode_call(call, *arguments), bank.contract_address)


def fork(work: Callable[[], object]) -> int:
    """Run work in a process of its own, with its own connections; return its id."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def wait_for(pid: int) -> int:
    """Wait for a process of `fork` and return its wait status."""
    return os.waitpid(pid, 0)[1]


def backup() -> None:
    """Copy every table, as a dump of the database would."""
    _run(_BACKUP)


def restore() -> None:
    """Put every table back to what it was at the backup."""
    _run(_RESTORE)


def drop_backup() -> None:
    _run("DROP SCHEMA IF EXISTS saved CASCADE")


def _run(statement: str) -> None:
    with connection():
        query(statement)


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%%yoyo%%'"
_BACKUP = f"""
DROP SCHEMA IF EXISTS saved CASCADE; CREATE SCHEMA saved;
DO $$ DECLARE name text; BEGIN
    FOR name IN {_TABLES} LOOP
        EXECUTE format('CREATE TABLE saved.%%I AS TABLE public.%%I', name, name);
    END LOOP;
END $$
"""
_RESTORE = f"""
SET session_replication_role = replica;
DO $$ DECLARE name text; names text; BEGIN
    FOR name IN {_TABLES} LOOP
        SELECT string_agg(quote_ident(column_name), ', ') INTO names FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = name AND is_generated = 'NEVER';
        EXECUTE format('DELETE FROM public.%%I', name);
        EXECUTE format('INSERT INTO public.%%I (%%s) SELECT %%s FROM saved.%%I', name, names, names, name);
    END LOOP;
END $$;
SET session_replication_role = DEFAULT
"""
