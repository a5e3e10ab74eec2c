// SPDX-License-Identifier: Apache-2.0
//
// npm run slither: static analysis with the slither on PATH, or in SLITHER. It reads forge's build info of src/ and runs
// forge for its settings, so forge is added to its PATH; nothing is compiled again.
"use strict";

const path = require("node:path");
const { CheckFailed, compileRelease, foundry, main, run } = require("./lib/tools");

/** Analyse the last release build; throws CheckFailed if there is a finding. */
function analyse() {
  const slither = process.env.SLITHER || "slither";
  const env = { PATH: [path.dirname(foundry("forge")), path.dirname(process.execPath), process.env.PATH].join(path.delimiter) };
  if (run(slither, ["."], { env }).status !== 0) throw new CheckFailed("slither has findings");
}

if (require.main === module) {
  main(() => {
    compileRelease();
    analyse();
  });
}

module.exports = { analyse };
