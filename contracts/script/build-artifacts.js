// SPDX-License-Identifier: Apache-2.0
//
// npm run artifacts: compile and write artifacts/, abi/ and layouts/, which are committed.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { buildArtifacts, differences } = require("./lib/artifacts");
const { ROOT, main } = require("./lib/tools");

main(() => {
  const files = buildArtifacts();
  const changed = differences(files);
  for (const name of changed) {
    const file = path.join(ROOT, name);
    if (!files.has(name)) {
      fs.rmSync(file);
      continue;
    }
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, files.get(name));
  }
  process.stdout.write(changed.length ? `written: ${changed.join(", ")}\n` : "artifacts are up to date\n");
});
