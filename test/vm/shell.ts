// `shell.ts KERNEL` opens a shell in a guest with that kernel and the tests' tree.
import { rmSync } from "node:fs";
import { buildImage, withModules } from "./lib/image.ts";
import { type KernelName, kernel, SUITES } from "./lib/kernels.ts";
import { openShell } from "./lib/machine.ts";

const names = Object.keys(SUITES) as KernelName[];
const name = names.find((known) => known === process.argv[2]);
if (name === undefined) {
	process.stderr.write(`vm-shell: say which kernel: KERNEL=${names.join(" or KERNEL=")}\n`);
	process.exit(2);
}
const booted = kernel(name);
const image = buildImage(false);
const archive = withModules(booted, image);
rmSync(image);
try {
	await openShell(booted, archive);
} finally {
	rmSync(archive);
}
