// SPDX-License-Identifier: Apache-2.0
//
// npm run check: every check that a change to the contracts must pass; with SLITHER, slither analyses the same build.
"use strict";

const { buildArtifacts, differences } = require("./lib/artifacts");
const { CheckFailed, SOLIDITY, forge, main } = require("./lib/tools");
const { measureOnAnvil } = require("./measure-gas");
const { analyse } = require("./slither");
const { runTests } = require("./test");
const { validate } = require("./validate");

function checkFormat() {
  const { status, output } = forge(["fmt", "--check", ...SOLIDITY], { quiet: true });
  if (status === 0) return;
  process.stderr.write(output);
  throw new CheckFailed("the Solidity files are not formatted: run npm run format");
}

function checkArtifacts() {
  const changed = differences(buildArtifacts());
  if (changed.length) throw new CheckFailed(`artifacts differ (${changed.join(", ")}): run npm run artifacts`);
}

const STEPS = [
  ["format", checkFormat],
  ["committed artifacts", checkArtifacts],
  ["upgrade safety", validate],
  ["tests and gas snapshot", () => process.stdout.write(`${runTests().trim().split("\n").pop()}\n`)],
  ["gas on anvil", () => measureOnAnvil()],
  ...(process.env.SLITHER ? [["slither", analyse]] : []),
];

main(async () => {
  for (const [name, step] of STEPS) {
    const start = Date.now();
    await step();
    process.stdout.write(`ok: ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
  }
});
