// SPDX-License-Identifier: Apache-2.0
//
// A temporary anvil, and the ABI encoding needed to use the committed artifacts on it.
"use strict";

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { ARTIFACTS, CheckFailed, foundry } = require("./tools");

const word = (value) => BigInt(value).toString(16).padStart(64, "0");

/** Return the calldata of a function whose arguments are single words. */
function encodeCall(contract, signature, args = []) {
  return `0x${contract.methodIdentifiers[signature]}${args.map(word).join("")}`;
}

/** Return the calldata of payReferralBatch for a list of [wallet, amount, orderRef]. */
function encodeBatch(contract, payments) {
  const head = encodeCall(contract, "payReferralBatch((address,uint256,bytes32)[])", [32, payments.length]);
  return head + payments.flat().map(word).join("");
}

/** Return the constructor arguments of the proxy: the implementation and the initializer's calldata. */
function encodeProxyArguments(implementation, initializer) {
  const data = initializer.slice(2);
  return word(implementation) + word(64) + word(data.length / 2) + data.padEnd(Math.ceil(data.length / 64) * 64, "0");
}

function readArtifact(name) {
  return JSON.parse(fs.readFileSync(path.join(ARTIFACTS, `${name}.json`), "utf8"));
}

/** A JSON-RPC client with unlocked accounts. */
class Chain {
  constructor(url, process) {
    this.url = url;
    this.process = process;
    this.nextId = 1;
  }

  async request(method, params = []) {
    const response = await fetch(this.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: this.nextId++, method, params }),
    });
    const { result, error } = await response.json();
    if (error) throw new CheckFailed(`${method} failed on anvil: ${error.message}`);
    return result;
  }

  /** Send from an unlocked account and return the receipt of the transaction, which must succeed. */
  async send(from, to, data) {
    const hash = await this.request("eth_sendTransaction", [{ from, to, data }]);
    for (;;) {
      const receipt = await this.request("eth_getTransactionReceipt", [hash]);
      if (receipt && receipt.status !== "0x1") throw new CheckFailed(`transaction ${hash} reverted on anvil`);
      if (receipt) return receipt;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  stop() {
    this.process.kill();
  }
}

/** Start anvil on a free port and wait until it listens. */
function startChain(args = []) {
  const child = spawn(foundry("anvil"), ["--port", "0", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill()); // also when a closed pipe ends this script
  return new Promise((resolve, reject) => {
    let text = "";
    child.on("error", reject);
    child.on("exit", () => reject(new CheckFailed("anvil ended before it listened")));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const address = /Listening on ([\d.]+:\d+)/.exec(text);
      if (address) resolve(new Chain(`http://${address[1]}`, child));
    });
  });
}

module.exports = { encodeBatch, encodeCall, encodeProxyArguments, readArtifact, startChain };
