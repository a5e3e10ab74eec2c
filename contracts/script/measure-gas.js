// SPDX-License-Identifier: Apache-2.0
//
// npm run gas: deploy the committed artifacts on a real anvil, pay with both caps on, print the gas of
// whole transactions, and fail if one exceeds its target. Options for anvil may follow, e.g. -- --hardfork cancun.
"use strict";

const { randomBytes } = require("node:crypto");
const { CheckFailed, main } = require("./lib/tools");
const { encodeBatch, encodeCall, encodeProxyArguments, readArtifact, startChain } = require("./lib/chain");

const TOKEN = 10n ** 18n;
// Gas per reward, new wallet and repeated wallet.
const TARGETS = { 1: [97_000, 80_000], 25: [53_000, 36_000] };

const hex = (bytes) => `0x${randomBytes(bytes).toString("hex")}`;
const walletsOf = (count) => Array.from({ length: count }, () => hex(20));
const amount = () => (12n * TOKEN) / 10n + BigInt(`0x${randomBytes(7).toString("hex")}`);

/** Deploy the contracts as admin, with both caps set and the proxy as a minter. */
async function deploy(chain, admin, operator) {
  const [rewards, proxy, token] = ["ReferralRewards", "ERC1967Proxy", "TestToken"].map(readArtifact);
  const create = async (code) => (await chain.send(admin, undefined, code)).contractAddress;

  const tokenAddress = await create(token.bytecode + encodeProxyArguments(admin, "0x").slice(0, 64));
  const implementation = await create(rewards.bytecode);
  const setUp = encodeCall(rewards, "initialize(address,address,address,uint8)", [admin, operator, tokenAddress, 0]);
  const address = await create(proxy.bytecode + encodeProxyArguments(implementation, setUp));

  const role = await chain.request("eth_call", [{ to: tokenAddress, data: encodeCall(token, "MINTER_ROLE()") }, "latest"]);
  await chain.send(admin, tokenAddress, encodeCall(token, "grantRole(bytes32,address)", [role, address]));
  await chain.send(admin, address, encodeCall(rewards, "setCaps(uint256,uint256)", [1_000n * TOKEN, 1_000_000n * TOKEN]));
  return { rewards, address };
}

async function measure(chain) {
  const [admin, operator] = await chain.request("eth_accounts");
  const { rewards, address } = await deploy(chain, admin, operator);
  const signature = "payReferral(address,uint256,bytes32)";
  const pay = async (wallets) => {
    const payments = wallets.map((wallet) => [wallet, amount(), hex(32)]);
    const data = payments.length === 1 ? encodeCall(rewards, signature, payments[0]) : encodeBatch(rewards, payments);
    return Number((await chain.send(operator, address, data)).gasUsed);
  };

  await pay(walletsOf(1)); // the first payment also initializes the token's supply
  const failures = [];
  for (const count of [1, 25, 50, 100]) {
    const wallets = walletsOf(count);
    for (const [i, kind] of ["new wallet", "repeated wallet"].entries()) {
      const gas = await pay(wallets);
      const each = Math.ceil(gas / count);
      const target = TARGETS[count]?.[i];
      const name = `${count === 1 ? "single" : `batch of ${count}`}, ${kind}`;
      process.stdout.write(`${name}: ${gas} gas, ${each} per reward${target ? ` (target ${target})` : ""}\n`);
      if (target && each > target) failures.push(name);
    }
  }
  if (failures.length) throw new CheckFailed(`above the gas target: ${failures.join("; ")}`);
}

/** Measure on a temporary anvil; throws CheckFailed above a target. */
async function measureOnAnvil(anvilOptions = []) {
  const chain = await startChain(anvilOptions);
  try {
    await measure(chain);
  } finally {
    chain.stop();
  }
}

if (require.main === module) main(() => measureOnAnvil(process.argv.slice(2)));

module.exports = { measureOnAnvil };
