// SPDX-License-Identifier: Apache-2.0
//
// Compiles one contract in this process, which is much faster than through forge. Without the IR pipeline and the
// optimizer: for tests of behaviour only.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const solc = require("solc");
const { CheckFailed, ROOT } = require("./tools");

function readImport(name) {
  const file = [name, path.join("node_modules", name)].map((each) => path.join(ROOT, each)).find((each) => fs.existsSync(each));
  return file ? { contents: fs.readFileSync(file, "utf8") } : { error: "not found" };
}

function compile(file, source, selection) {
  const settings = {
    evmVersion: "cancun",
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { [file]: selection },
  };
  const input = { language: "Solidity", sources: { [file]: { content: source } }, settings };
  return JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }));
}

/** Return the syntax tree of a source. */
function parse(file, source) {
  const output = compile(file, source, { "": ["ast"] });
  if (!output.sources?.[file]?.ast) throw new CheckFailed(`${file} does not compile`);
  return output.sources[file].ast;
}

/** Return the creation code of a contract in hex, or undefined if the source does not compile. */
function creationCode(file, source, contract) {
  const output = compile(file, source, { [contract]: ["evm.bytecode.object"] });
  const code = output.contracts?.[file]?.[contract]?.evm.bytecode.object;
  return code ? `0x${code}` : undefined;
}

module.exports = { creationCode, parse };
