// SPDX-License-Identifier: Apache-2.0
//
// npm run mutation: change the contract in one small way at a time and run the tests, which must notice. Ends with status
// 1 if a mutant survives that mutation-accepted.json does not list as equivalent.
//
// Works in cache/mutation and continues where it was interrupted, as long as sources and tests are the same.
// npm run mutation -- --survivors runs only those again that survived last time, after the tests were improved.
"use strict";

const { createHash } = require("node:crypto");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { listMutants } = require("./lib/mutants");
const { creationCode, parse } = require("./lib/solidity");
const { CheckFailed, ROOT, environment, foundry, main } = require("./lib/tools");

const CONTRACT = "ReferralRewards";
const SOURCE = `src/${CONTRACT}.sol`;
const COPIED = ["src", "test", "foundry.toml", "solc.js"];
const FOLDER = path.join(ROOT, "cache", "mutation");
const PROJECT = path.join(FOLDER, "project");
const ARTIFACT = path.join(PROJECT, "out", `${CONTRACT}.sol`, `${CONTRACT}.json`);
const STATE = path.join(FOLDER, "state.json");
// The unit tests are fast and see most; the invariants run on what they miss. Gas changes with any mutant and shows nothing.
const STAGES = [["--no-match-contract", "Gas|Invariants"], ["--match-contract", "Invariants"]];
// A mutant may loop until its gas is used up.
const TIMEOUT = 600_000;

/** Return a hash of the contents of files and folders. */
function digest(names) {
  const hash = createHash("sha256");
  const add = (name) => {
    const file = path.join(ROOT, name);
    if (fs.statSync(file).isDirectory()) fs.readdirSync(file).sort().forEach((each) => add(`${name}/${each}`));
    else hash.update(name).update(fs.readFileSync(file));
  };
  names.forEach(add);
  return hash.digest("hex");
}

/** Run forge in the scratch copy. */
function forge(args) {
  const { status, stdout, stderr } = spawnSync(foundry("forge"), [...args, "--use", "./solc.js", "--offline"], {
    cwd: PROJECT,
    env: { ...environment(), FOUNDRY_PROFILE: "mutation" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    timeout: TIMEOUT,
  });
  return { status, output: `${stdout}${stderr}` };
}

/** Return the name of the first test that fails, or undefined. */
function failingTest() {
  for (const stage of STAGES) {
    const { status, output } = forge(["test", "--fail-fast", ...stage]);
    if (status !== 0) return /\[FAIL.*?\] (\w+)\(/.exec(output)?.[1] ?? "no answer in time";
  }
  return undefined;
}

/** Put code in the place of the contract's; the tests deploy what the artifact holds. */
function install(code) {
  const artifact = JSON.parse(fs.readFileSync(ARTIFACT, "utf8"));
  artifact.bytecode.object = code;
  fs.writeFileSync(ARTIFACT, JSON.stringify(artifact));
}

/** Copy the project, compile it, and see that its tests pass without a mutant. */
function prepare(source) {
  fs.rmSync(PROJECT, { recursive: true, force: true });
  fs.mkdirSync(PROJECT, { recursive: true });
  for (const name of COPIED) fs.cpSync(path.join(ROOT, name), path.join(PROJECT, name), { recursive: true });
  fs.symlinkSync(path.join(ROOT, "node_modules"), path.join(PROJECT, "node_modules"));
  if (forge(["build"]).status !== 0) throw new CheckFailed("the contracts do not compile");
  install(creationCode(SOURCE, source, CONTRACT));
  const failing = failingTest();
  if (failing) throw new CheckFailed(`${failing} fails without any mutant`);
}

/** Return the results so far: those of the same sources and tests, or with `survivors` all that were killed before. */
function readState(sources, survivors) {
  const state = fs.existsSync(STATE) ? JSON.parse(fs.readFileSync(STATE, "utf8")) : undefined;
  if (survivors && state) return { sources, results: Object.fromEntries(Object.entries(state.results).filter(([, by]) => by)) };
  return state?.sources === sources ? state : { sources, results: {} };
}

/** Return which test kills a mutant: its name, "" when it survives, "not compiled" when it is no contract at all. */
function resultOf(mutant) {
  const code = creationCode(SOURCE, mutant.source, CONTRACT);
  if (!code) return "not compiled";
  install(code);
  return failingTest() ?? "";
}

/** Try every mutant that has no result yet, saving each result. */
function tryAll(mutants, state) {
  mutants.forEach((mutant, i) => {
    if (mutant.id in state.results) return;
    const result = resultOf(mutant);
    state.results[mutant.id] = result;
    fs.writeFileSync(STATE, JSON.stringify(state, null, 1));
    process.stdout.write(`${i + 1}/${mutants.length} ${result || "SURVIVED"}: ${mutant.id}\n`);
  });
}

/** Print a table by function, and fail if a survivor is not accepted or an accepted one is no survivor. */
function report(mutants, results) {
  const accepted = new Map(
    JSON.parse(fs.readFileSync(path.join(ROOT, "mutation-accepted.json"), "utf8")).map(({ mutant, reason }) => [mutant, reason]),
  );
  const compiled = mutants.filter(({ id }) => results[id] !== "not compiled");
  const survivors = compiled.filter(({ id }) => results[id] === "").map(({ id }) => id);
  const rows = {};
  for (const { id } of compiled) {
    const row = (rows[id.split(":")[0]] ??= { mutants: 0, killed: 0, equivalent: 0, survived: 0 });
    row.mutants += 1;
    if (results[id]) row.killed += 1;
    else if (accepted.has(id)) row.equivalent += 1;
    else row.survived += 1;
  }
  console.table(rows);
  const unexplained = survivors.filter((id) => !accepted.has(id));
  const obsolete = [...accepted.keys()].filter((id) => !survivors.includes(id));
  for (const id of unexplained) process.stdout.write(`survived: ${id}\n`);
  for (const id of obsolete) process.stdout.write(`accepted, but no survivor: ${id}\n`);
  process.stdout.write(`${compiled.length} mutants, ${compiled.length - survivors.length} killed, ${accepted.size} equivalent\n`);
  if (unexplained.length + obsolete.length) throw new CheckFailed("mutants survive, or the list of accepted ones is out of date");
}

main(() => {
  const source = fs.readFileSync(path.join(ROOT, SOURCE), "latin1");
  const mutants = listMutants(source, parse(SOURCE, source));
  const state = readState(digest(COPIED), process.argv.includes("--survivors"));
  if (mutants.some(({ id }) => !(id in state.results))) {
    prepare(source);
    tryAll(mutants, state);
  }
  report(mutants, state.results);
});
