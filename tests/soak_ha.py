"""Kill the primary database again and again while the portal sells, and count what was lost: `python -m tests.soak_ha`.

Two PostgreSQL servers under Patroni with synchronous replication, etcd and HAProxy, all on loopback and of Debian's
packages (`apt-get install postgresql patroni etcd-server haproxy`); a portal of web processes and one of jobs; a
chain. The load: signed callbacks and their refunds, credit payments, orders of a connected store, beacons, and the
minting of their rewards. Every second kill takes a whole host, the others PostgreSQL only. At the end everything that
was acknowledged must be there, once, and ledger, chain and invariants must agree.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.db import bind_database, connection
from portal.db.migrations import migrate
from portal.dev.processes import pick_port
from tests.support.chain_world import Anvil, World, close_pool, deploy
from tests.support.ha_load import MERCHANT, SECRET, Shop, prepare
from tests.support.patroni import Cluster, missing_programs
from tests.support.portals import PROJECT, clean_environment
from tests.support.run import close_run, open_run

PROMISED_SECONDS = 60
_LIMITS = ("BEACON", "REQUESTS", "PAYMENTS", "STORE_KEY", "HOOKS")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    if missing := missing_programs():
        sys.exit(
            f"This machine lacks {', '.join(missing)}: apt-get install postgresql patroni etcd-server haproxy"
        )
    open_run()
    with tempfile.TemporaryDirectory(prefix="soak-ha-") as path:
        Path(path).chmod(0o755)
        cluster, anvil = (
            Cluster(Path(path, "cluster")),
            Anvil("--block-time", "1", "--slots-in-an-epoch", "2"),
        )
        try:
            cluster.start()
            run(cluster, World(cluster.url, anvil, deploy(anvil)), Path(path), arguments.kills)
        finally:
            close_pool()
            cluster.stop()
            anvil.stop()
            close_run()


def run(cluster: Cluster, world: World, folder: Path, kills: int) -> None:
    migrate(cluster.url)
    bind_database(cluster.url)
    with connection():
        goods = prepare(orders=200 + 150 * kills)
    web, jobs = pick_port(), pick_port()
    with serving(world, folder, "web", web), serving(world, folder, "jobs", jobs):
        shop = Shop(web, goods, world)
        with shop.open():
            shop.wait_for_each(time.monotonic(), 120)
            seconds = [kill(cluster, shop, number) for number in range(kills)]
            time.sleep(5)
        shop.wait_until_settled(240)
    shop.check()
    median, most = statistics.median(seconds), max(seconds)
    print(f"{kills} kills; serving again after {median:.0f} s (median), {most:.0f} s (most)")
    print(shop.report(), flush=True)
    assert most < PROMISED_SECONDS, seconds


def kill(cluster: Cluster, shop: Shop, number: int) -> float:
    """Kill the primary and return the seconds until every kind of request was answered again."""
    cluster.wait_until_safe()
    primary = cluster.primary()
    assert primary
    is_host = number % 2 == 0
    killed_at = time.monotonic()
    if is_host:
        primary.kill()
    else:
        primary.kill_database()
    shop.wait_for_each(killed_at, 180)
    seconds = time.monotonic() - killed_at
    print(
        f"  {number + 1}: {'host' if is_host else 'PostgreSQL'} {primary.name} killed, {seconds:.1f} s",
        flush=True,
    )
    if is_host:
        cluster.start_node(primary)
    cluster.wait_until_safe()
    time.sleep(3)
    return seconds


@contextmanager
def serving(world: World, folder: Path, role: str, port: int) -> Iterator[None]:
    """Run a part of the portal; only jobs have the minter's key."""
    settings = world.settings()
    environment = {
        **clean_environment(),
        **{f"RATE_LIMIT_{name}": "1000000 per minute" for name in _LIMITS},
        "DATABASE_URL": world.database_url,
        "POLYGON_RPC_URL": world.anvil.url,
        "REFERRAL_CHAIN_ID": str(settings.referral_chain_id),
        "REFERRAL_REWARDS_ADDRESS": settings.referral_rewards_address,
        "REFERRAL_TOKEN_USD_PRICE": "0.1",
        "REFERRAL_TIP_GWEI": "1",
        "WAYFORPAY_MERCHANT_ACCOUNT": MERCHANT,
        "WAYFORPAY_SECRET_KEY": SECRET,
    }
    if role == "jobs":
        environment["REFERRAL_MINTER_PRIVATE_KEY"] = settings.referral_minter_private_key.get_secret_value()
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--role", role, "--port", str(port)]
    with Path(folder, f"{role}.log").open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


if __name__ == "__main__":
    main()
