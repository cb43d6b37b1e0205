import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BpfError, isExists, isNotFound } from "../../src/errors.ts";
import { addon, PROGRAM_TYPE, returning, temporaryDirectory } from "./programs.ts";

const HASH = { name: "pinned", type: 1, keySize: 4, valueSize: 4, maxEntries: 1 } as const;

test("the namespace's inode is that of /proc, and its cookie is its own", () => {
	assert.equal(addon.netnsInode(), statSync("/proc/self/ns/net", { bigint: true }).ino);
	const cookie = addon.netnsCookie();
	if (cookie !== undefined) assert.ok(cookie > 0n);
	assert.equal(addon.netnsCookie(), cookie);
});

test("possible CPUs are those of sysfs", () => {
	const last = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim().split("-").at(-1);
	assert.equal(addon.possibleCpus(), Number(last) + 1);
});

test("a bpffs is mounted once, and pins live in it", () => {
	const path = temporaryDirectory();
	assert.equal(addon.isBpffs(path), false);
	assert.equal(addon.mountBpffs(path), true);
	try {
		assert.equal(addon.mountBpffs(path), false);
		assert.equal(addon.isBpffs(path), true);
		const map = addon.BpfMap.create(HASH);
		const pin = join(path, "map");
		map.pin(pin);
		assert.throws(() => map.pin(pin), isExists);
		assert.equal(addon.BpfMap.fromPin(pin).info.id, map.info.id);
		assert.equal(addon.BpfMap.fromId(map.info.id).info.name, "pinned");
		const program = returning(0);
		program.pin(join(path, "program"));
		assert.equal(addon.BpfProgram.fromPin(join(path, "program")).info.id, program.info.id);
	} finally {
		addon.unmount(path);
	}
	assert.equal(addon.isBpffs(path), false);
});

test("pins that are not there, or not on a bpffs, are errors that name the path", () => {
	assert.throws(() => addon.BpfMap.fromPin("/sys/fs/bpf/sluice-nothing"), isNotFound);
	const path = join(temporaryDirectory(), "map");
	assert.throws(() => addon.BpfMap.create(HASH).pin(path), { name: "BpfError", object: path });
	assert.throws(() => addon.mountBpffs("/nothing"), isNotFound);
});

test("probes know what this kernel has", () => {
	const bpfMapLookup = 1;
	assert.equal(addon.probeHelper(PROGRAM_TYPE.SCHED_CLS, bpfMapLookup), true);
	assert.equal(addon.probeHelper(PROGRAM_TYPE.SCHED_CLS, 9999), false);
	assert.equal(addon.probeProgramType(PROGRAM_TYPE.SCHED_CLS), true);
	assert.equal(addon.probeMapType(1), true);
	assert.throws(() => addon.probeProgramType(9999), { code: "EOPNOTSUPP", object: /9999/ });
	assert.throws(() => addon.probeMapType(9999), { code: "EOPNOTSUPP", object: /9999/ });
});

test("an error is a BpfError with every field", () => {
	try {
		addon.BpfMap.create({ ...HASH, maxEntries: 0 });
		assert.fail("a map of no entries was made");
	} catch (error) {
		assert.ok(error instanceof BpfError);
		const { name, code, errno, op, object, done, message } = error;
		assert.deepEqual(
			{ name, code, errno, op, object, done, message },
			{
				name: "BpfError",
				code: "EINVAL",
				errno: 22,
				op: "map create",
				object: "pinned",
				done: 0,
				message: "map create of pinned failed: Invalid argument (EINVAL)",
			},
		);
	}
});

/** In a process of its own, that collects garbage when told to: what remains of 50 maps. */
test("handles and mapped memory are given back, by close and by the garbage collector", () => {
	const script = `
		import { readdirSync, readFileSync } from "node:fs";
		const { loadAddon } = await import(${JSON.stringify(import.meta.resolve("../../src/dataplane/addon.ts"))});
		const addon = loadAddon();
		const descriptors = () => readdirSync("/proc/self/fd").length;
		const mappings = () => readFileSync("/proc/self/maps", "utf8").match(/bpf-map/g)?.length ?? 0;
		const use = () => {
			for (let i = 0; i < 50; i++) {
				const map = addon.BpfMap.create({ name: "a", type: 2, keySize: 4, valueSize: 8, maxEntries: 600, flags: 1024 });
				new BigUint64Array(map.memory())[1] = 1n;
				if (i % 2) map.close();
			}
		};
		const before = [descriptors(), mappings()];
		use();
		const during = mappings();
		const deadline = performance.now() + 5000;
		while ((descriptors() > before[0] || mappings() > before[1]) && performance.now() < deadline) {
			globalThis.gc();
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
		console.log(JSON.stringify({ before, during, after: [descriptors(), mappings()] }));
	`;
	const output = execFileSync(
		process.execPath,
		["--expose-gc", "--input-type=module", "-e", script],
		{ encoding: "utf8" },
	);
	const { before, during, after } = JSON.parse(output);
	assert.equal(during, 50);
	assert.deepEqual(after, before);
});

test("memory outlives the map's handle", () => {
	const map = addon.BpfMap.create({
		name: "array",
		type: 2,
		keySize: 4,
		valueSize: 8,
		maxEntries: 4,
		flags: 1024,
	});
	const words = new BigUint64Array(map.memory());
	map.close();
	words[3] = 5n;
	assert.equal(words[3], 5n);
	assert.throws(() => map.lookup(new Uint8Array(4)), { code: "EBADF", object: "array" });
});

test("a directory is locked once, until the lock is given back", () => {
	const directory = temporaryDirectory();
	const unlock = addon.lockDirectory(directory);
	assert.ok(unlock);
	assert.equal(addon.lockDirectory(directory), undefined);
	unlock();
	unlock();
	assert.ok(addon.lockDirectory(directory));
	assert.throws(() => addon.lockDirectory(`${directory}/none`), { code: "ENOENT" });
});
