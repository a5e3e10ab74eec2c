// SPDX-License-Identifier: Apache-2.0
//
// npm run format: format the Solidity files.
"use strict";

const { CheckFailed, SOLIDITY, forge, main } = require("./lib/tools");

main(() => {
  if (forge(["fmt", ...SOLIDITY]).status !== 0) throw new CheckFailed("the Solidity files could not be formatted");
});
