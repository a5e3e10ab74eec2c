#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// Lets forge use the solc from npm as if it were a solc executable.
// forge asks for `--version` first and then sends standard JSON through stdin.
"use strict";

const fs = require("node:fs");
const solc = require("solc");

if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
}
