// Given files, says which parse neither as a script nor as a module; runs nothing of them. JSX, which node does not
// know, is let pass.
const { spawnSync } = require("child_process");
const fs = require("fs");

const IS_MODULE = /^\s*(import|export)\b/m;

function faultOf(path, kind) {
  const copy = `/tmp/parsed${kind}`;
  fs.copyFileSync(path, copy);
  const done = spawnSync(process.execPath, ["--check", copy], { encoding: "utf8" });
  return done.status === 0 ? "" : done.stderr.replaceAll(copy, path);
}

let wrong = 0;
for (const path of process.argv.slice(1)) {
  const faults = [faultOf(path, ".cjs"), faultOf(path, ".mjs")];
  const isJsx = faults.some((fault) => fault.includes("Unexpected token '<'"));
  if (faults.every(Boolean) && !isJsx) {
    wrong = 1;
    console.log(IS_MODULE.test(fs.readFileSync(path, "utf8")) ? faults[1] : faults[0]);
  }
}
process.exit(wrong);
