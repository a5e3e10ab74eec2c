// SPDX-License-Identifier: Apache-2.0
//
// Shared by the scripts in this folder: paths, running forge and failing a check.
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const ROOT = path.resolve(__dirname, "..", "..");
const ARTIFACTS = path.join(ROOT, "artifacts");
// Only src/ is compiled here: with the IR pipeline, other files of the same run could change names and thus bytecode.
const RELEASE_OUT = path.join("out", "release");
const RELEASE_CACHE = path.join("cache", "release");
// Folders of Solidity files of our own.
const SOLIDITY = ["src", "test", "symbolic"];

const DEPLOYABLE = [
  { name: "ReferralRewards", file: "ReferralRewards.sol" },
  { name: "ERC1967Proxy", file: "ERC1967Proxy.sol" },
  { name: "TestToken", file: "TestToken.sol" },
  { name: "WalletCheck", file: "WalletCheck.sol" },
];

/** A failure with a one-sentence message, shown without a stack trace. */
class CheckFailed extends Error {}

/** Return an environment in which forge starts solc.js with this node executable. */
function environment() {
  return { ...process.env, PATH: path.dirname(process.execPath) + path.delimiter + (process.env.PATH ?? "") };
}

/** Run an executable in the contracts folder and return {status, output}; `quiet` does not print the output. */
function run(command, args, { quiet = false, env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...environment(), ...env },
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: quiet ? "pipe" : "inherit",
  });
  if (result.error?.code === "ENOENT") throw new CheckFailed(`${path.basename(command)} is not installed`);
  if (result.error) throw result.error;
  return { status: result.status, output: `${result.stdout ?? ""}${result.stderr ?? ""}` };
}

/** Return the executable of a Foundry tool; npm's launcher is not used because it always exits with 0. */
function foundry(tool) {
  const processor = process.arch === "x64" ? "amd64" : process.arch;
  const suffix = process.platform === "win32" ? ".exe" : "";
  const file = path.join(ROOT, "node_modules", "@foundry-rs", `${tool}-${process.platform}-${processor}`, "bin", tool + suffix);
  if (!fs.existsSync(file)) throw new CheckFailed("the packages are not installed: run npm ci");
  return file;
}

/** Run forge. */
function forge(args, options) {
  return run(foundry("forge"), args, options);
}

/** Compile quietly; print the compiler's output on failure. */
function compile(args, what, env = {}) {
  const { status, output } = forge(["build", "--use", "./solc.js", "--offline", ...args], { quiet: true, env });
  if (status === 0) return output;
  process.stderr.write(output);
  throw new CheckFailed(`${what} do not compile`);
}

/** Compile src/ alone, from scratch, into its own folder, and return that folder. */
function compileRelease() {
  for (const folder of [RELEASE_OUT, RELEASE_CACHE]) fs.rmSync(path.join(ROOT, folder), { recursive: true, force: true });
  compile(["src", "--force", "--out", RELEASE_OUT, "--cache-path", RELEASE_CACHE], "the contracts");
  return path.join(ROOT, RELEASE_OUT);
}

/** Return the version and commit of the compiler, without its platform. */
function compilerVersion() {
  const { output } = run(process.execPath, ["solc.js", "--version"], { quiet: true });
  return /Version: (\d+\.\d+\.\d+\+commit\.[0-9a-f]+)/.exec(output)[1];
}

/** Return the build info of a finished compilation: compiler input, output and version. */
function readBuildInfo(out) {
  const folder = path.join(out, "build-info");
  const files = fs.readdirSync(folder).filter((name) => name.endsWith(".json"));
  if (files.length !== 1) throw new CheckFailed(`${folder} contains ${files.length} build infos instead of one`);
  return JSON.parse(fs.readFileSync(path.join(folder, files[0]), "utf8"));
}

/** Run a script's main function; a CheckFailed prints its message and sets exit status 1. */
async function main(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error;
    process.stderr.write(`contracts: ${error.message}\n`);
    process.exitCode = 1;
  }
}

module.exports = {
  ARTIFACTS,
  CheckFailed,
  DEPLOYABLE,
  ROOT,
  SOLIDITY,
  compile,
  compileRelease,
  compilerVersion,
  environment,
  forge,
  foundry,
  main,
  readBuildInfo,
  run,
};
