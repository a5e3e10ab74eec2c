// SPDX-License-Identifier: Apache-2.0
//
// npm test: the Foundry tests, gas snapshot included. Options of `forge test` may follow, e.g. -- --match-contract Caps.
// npm run snapshot: update the committed gas snapshot.
"use strict";

const { CheckFailed, forge, main } = require("./lib/tools");

const TEST = ["test", "--use", "./solc.js", "--offline"];
const GAS = ["--match-contract", "GasTest"];

/** Run the tests and return forge's output; throws CheckFailed if one fails. */
function runTests(options = []) {
  const { status, output } = forge([...TEST, ...options], { quiet: true });
  if (status !== 0) process.stdout.write(output);
  if (output.includes("Snapshots differ")) {
    throw new CheckFailed("the gas of payments changed: if this is intended, run npm run snapshot");
  }
  if (status !== 0) throw new CheckFailed("the Foundry tests fail");
  return output;
}

/** Write the gas snapshot. */
function writeSnapshot() {
  const env = { FORGE_SNAPSHOT_CHECK: "false", FORGE_SNAPSHOT_EMIT: "true" };
  if (forge([...TEST, ...GAS], { env }).status !== 0) throw new CheckFailed("the gas tests fail");
}

if (require.main === module) {
  const options = process.argv.slice(2);
  main(() => (options[0] === "--write-snapshot" ? writeSnapshot() : process.stdout.write(runTests(options))));
}

module.exports = { runTests };
