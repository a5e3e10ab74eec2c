// SPDX-License-Identifier: Apache-2.0
//
// The storage layouts of the released versions, which `chain upgrade` compares before it sends anything.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { CheckFailed, ROOT } = require("./tools");

const NAMESPACE = "erc7201:ring.storage.ReferralRewards";
const STRUCT = "RewardsStorage";
const RELEASED = [{ version: "2.0.0", file: "test/fixtures/ReferralRewardsV2Layout.sol", name: "ReferralRewardsV2Layout" }];
const CURRENT = { file: "src/ReferralRewards.sol", name: "ReferralRewards" };

const read = (file) => fs.readFileSync(path.join(ROOT, file), "utf8");

/** Return a package's source for the compiler. */
function findImport(file) {
  const absolute = path.join(ROOT, file.startsWith("@") ? `node_modules/${file}` : file);
  return fs.existsSync(absolute) ? { contents: fs.readFileSync(absolute, "utf8") } : { error: `${file} is missing` };
}

/** Return solc's storage layout of a contract to which a variable of its namespaced struct is added at slot 0. */
function compileLayout({ file, name }) {
  const source = read(file).replace(/(struct RewardsStorage \{[^}]*\})/, `$1\n    ${STRUCT} private layoutOnly;`);
  const input = {
    language: "Solidity",
    sources: { [file]: { content: source } },
    settings: { evmVersion: "cancun", outputSelection: { [file]: { [name]: ["storageLayout"] } } },
  };
  const output = JSON.parse(require("solc").compile(JSON.stringify(input), { import: findImport }));
  const layout = output.contracts?.[file]?.[name]?.storageLayout;
  if (layout?.storage.length !== 1 || layout.storage[0].slot !== "0") {
    throw new CheckFailed(`${file} has no storage layout with ${STRUCT} alone`);
  }
  return layout;
}

/** Return the members of a struct, with type names that do not depend on the contract's name. */
function members(layout, type) {
  return layout.types[type].members.map(({ label, slot, offset, type: member }) => ({
    label,
    slot: Number(slot),
    offset,
    bytes: Number(layout.types[member].numberOfBytes),
    type: typeName(layout, member),
  }));
}

const typeName = (layout, type) => layout.types[type].label.replace(/struct \w+\./g, "struct ");

/** Return one layout as text that is identical on every machine. */
function layoutText(contract, version) {
  const layout = compileLayout(contract);
  const root = layout.storage[0].type;
  const nested = Object.keys(layout.types).filter((type) => layout.types[type].members && type !== root);
  const structs = Object.fromEntries(nested.map((type) => [typeName(layout, type), members(layout, type)]));
  return `${JSON.stringify({ version, namespace: NAMESPACE, members: members(layout, root), structs }, null, 2)}\n`;
}

/** Return every committed layout by its path in this folder. */
function buildLayouts() {
  const version = /return "(\d+\.\d+\.\d+)";/.exec(read(CURRENT.file))[1];
  return [...RELEASED, { ...CURRENT, version }].map((contract) => [
    `layouts/${contract.version}.json`,
    layoutText(contract, contract.version),
  ]);
}

module.exports = { buildLayouts };
