// SPDX-License-Identifier: Apache-2.0
//
// npm run build: compile contracts and tests.
"use strict";

const { compile, main } = require("./lib/tools");

main(() => process.stdout.write(compile(process.argv.slice(2), "the contracts")));
