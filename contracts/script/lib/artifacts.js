// SPDX-License-Identifier: Apache-2.0
//
// Builds the committed artifacts from a compilation.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { buildLayouts } = require("./layouts");
const { CheckFailed, DEPLOYABLE, ROOT, compileRelease, compilerVersion, readBuildInfo } = require("./tools");

/** Return the settings that determine the bytecode, without paths. */
function compilerOf(buildInfo) {
  const { evmVersion, metadata, optimizer, viaIR } = buildInfo.input.settings;
  return {
    version: compilerVersion(),
    settings: { evmVersion, viaIR: Boolean(viaIR), optimizer, metadata },
  };
}

/** Return one artifact as text that is identical on every machine. */
function artifactText(buildInfo, { name, file }) {
  const sources = buildInfo.output.contracts;
  const sourceName = Object.keys(sources).find((source) => path.posix.basename(source) === file && sources[source][name]);
  if (!sourceName) throw new CheckFailed(`${name} is not among the compiled contracts`);
  const { abi, evm } = sources[sourceName][name];
  const artifact = {
    contractName: name,
    compiler: compilerOf(buildInfo),
    abi,
    methodIdentifiers: evm.methodIdentifiers,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
    immutableReferences: Object.values(evm.deployedBytecode.immutableReferences ?? {}).flat(),
  };
  return `${JSON.stringify(artifact, null, 2)}\n`;
}

/** Return the ABI of an interface as text. */
function abiText(buildInfo, sourceName, name) {
  return `${JSON.stringify(buildInfo.output.contracts[sourceName][name].abi, null, 2)}\n`;
}

/** Compile the sources and return every committed file by its path in this folder. */
function buildArtifacts() {
  const buildInfo = readBuildInfo(compileRelease());
  const files = DEPLOYABLE.map((contract) => [`artifacts/${contract.name}.json`, artifactText(buildInfo, contract)]);
  files.push(["abi/RewardToken.json", abiText(buildInfo, "src/interfaces/IRewardToken.sol", "IRewardToken")]);
  files.push(...buildLayouts());
  return new Map(files);
}

/** Return the paths of committed files that are missing, different or obsolete. */
function differences(files) {
  const folders = new Set([...files.keys()].map((file) => path.posix.dirname(file)));
  const present = [...folders].flatMap((folder) => {
    const absolute = path.join(ROOT, folder);
    return fs.existsSync(absolute) ? fs.readdirSync(absolute).map((name) => `${folder}/${name}`) : [];
  });
  const read = (file) => (present.includes(file) ? fs.readFileSync(path.join(ROOT, file), "utf8") : undefined);
  return [...new Set([...files.keys(), ...present])].filter((file) => files.get(file) !== read(file)).sort();
}

module.exports = { buildArtifacts, differences };
