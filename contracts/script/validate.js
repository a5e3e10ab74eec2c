// SPDX-License-Identifier: Apache-2.0
//
// npm run validate: OpenZeppelin's upgrade checks. The implementation must be safe behind a proxy, and its storage
// layout must be compatible with every released version.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { CheckFailed, ROOT, compile, main } = require("./lib/tools");

const OUT = path.join("out", "upgrade");
const CACHE = path.join("cache", "upgrade");
const CURRENT = "src/ReferralRewards.sol:ReferralRewards";
// The checks read the syntax tree and the storage layout, which no optimizer changes.
const UNOPTIMIZED = { FOUNDRY_VIA_IR: "false", FOUNDRY_OPTIMIZER: "false" };
const RELEASED = ["ReferralRewardsV1", "ReferralRewardsV2Layout"].map((name) => `test/fixtures/${name}.sol:${name}`);

/** Run the checks; throws CheckFailed with OpenZeppelin's explanation. */
async function validate() {
  for (const folder of [OUT, CACHE]) fs.rmSync(path.join(ROOT, folder), { recursive: true, force: true });
  const sources = [CURRENT, ...RELEASED].map((name) => name.split(":")[0]);
  compile([...sources, "--force", "--out", OUT, "--cache-path", CACHE], "the contracts", UNOPTIMIZED);

  const { validateUpgradeSafety } = require("@openzeppelin/upgrades-core");
  const buildInfo = path.join(ROOT, OUT, "build-info");
  let passed = 0;
  for (const previous of RELEASED) {
    const report = await validateUpgradeSafety(buildInfo, CURRENT, previous, {}, undefined, ["node_modules/**"]);
    if (!report.ok) throw new CheckFailed(`the upgrade checks refuse the contract:\n${report.explain(false)}`);
    passed += report.numPassed;
  }
  return passed;
}

if (require.main === module) {
  main(async () => {
    const passed = await validate();
    process.stdout.write(`upgrade checks passed (${passed})\n`);
  });
}

module.exports = { validate };
