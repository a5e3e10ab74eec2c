// SPDX-License-Identifier: Apache-2.0
//
// npm run symbolic: check what must hold for every input with the halmos on PATH, or in HALMOS. Options of halmos may
// follow, e.g. -- --function check_payOnce. It runs forge, so forge is added to its PATH.
"use strict";

const path = require("node:path");
const { CheckFailed, foundry, main, run } = require("./lib/tools");

const OPTIONS = ["--forge-build-out", path.join("out", "symbolic"), "--solver-timeout-assertion", "300000"];

main(() => {
  const halmos = process.env.HALMOS || "halmos";
  const folders = [path.dirname(foundry("forge")), path.dirname(process.execPath), process.env.PATH];
  const env = { FOUNDRY_PROFILE: "symbolic", PATH: folders.join(path.delimiter) };
  const { status } = run(halmos, [...OPTIONS, "--function", "check_", ...process.argv.slice(2)], { env });
  if (status !== 0) throw new CheckFailed("a property does not hold, or halmos could not decide it");
});
