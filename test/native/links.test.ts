import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { isNotFound } from "../../src/errors.ts";
import { lacking } from "../lib/features.ts";
import { until } from "../lib/until.ts";
import {
	addon,
	ifindexOf,
	PROGRAM_TYPE,
	returning,
	shell,
	temporaryDirectory,
	VERDICT,
} from "./programs.ts";

/** Many periods of a watch. */
const QUIET_MS = 50;
/** BPF_CGROUP_INET4_CONNECT */
const CONNECT4 = 10;

shell("ip link set lo up; ip link add links0 type veth peer name links1");
const lo = ifindexOf("lo");
const pins = temporaryDirectory();
addon.mountBpffs(pins);
after(() => addon.unmount(pins));

const order = (direction: "ingress" | "egress"): number[] =>
	(addon.queryTcx(lo, direction) ?? []).map(({ programId }) => programId);

function pings(): boolean {
	return spawnSync("ping", ["-c1", "-W0.2", "127.0.0.1"]).status === 0;
}

const TCX = { skip: lacking("tcx") };

test("TCX programs run in the order they were put in", TCX, () => {
	const [a, b, c, d] = [1, 2, 3, 4].map(() => returning(VERDICT.NEXT)) as [
		ReturnType<typeof returning>,
		ReturnType<typeof returning>,
		ReturnType<typeof returning>,
		ReturnType<typeof returning>,
	];
	const options = { ifindex: lo, direction: "egress" } as const;
	const links = [
		addon.BpfLink.attachTcx(a, options),
		addon.BpfLink.attachTcx(b, options),
		addon.BpfLink.attachTcx(c, { ...options, before: "first" }),
		addon.BpfLink.attachTcx(d, { ...options, before: b.info.id }),
	];
	assert.deepEqual(
		order("egress"),
		[c, a, d, b].map((program) => program.info.id),
	);
	assert.deepEqual(
		addon.queryTcx(lo, "egress")?.map(({ linkId }) => linkId),
		[2, 0, 3, 1].map((i) => links[i]?.info.id),
	);
	assert.throws(() => addon.BpfLink.attachTcx(a, options), { code: "EEXIST" });
	for (const link of links) link.close();
	assert.deepEqual(order("egress"), []);
});

test("a TCX link says where it is and what runs there", TCX, () => {
	const program = returning(VERDICT.NEXT);
	const link = addon.BpfLink.attachTcx(program, { ifindex: lo, direction: "ingress" });
	const { id, ...info } = link.info;
	assert.ok(id > 0);
	assert.deepEqual(info, {
		type: "tcx",
		programId: program.info.id,
		ifindex: lo,
		cgroupId: 0n,
		attachType: 46,
	});
	link.close();
});

test("updating a link swaps what packets meet", TCX, () => {
	const [pass, drop] = [returning(VERDICT.NEXT), returning(VERDICT.SHOT)];
	const link = addon.BpfLink.attachTcx(pass, { ifindex: lo, direction: "ingress" });
	assert.equal(pings(), true);
	link.update(drop, pass);
	assert.equal(link.info.programId, drop.info.id);
	assert.equal(pings(), false);
	assert.throws(() => link.update(drop, pass), { code: "EPERM" });
	link.update(pass);
	assert.equal(pings(), true);
	link.close();
});

test("a pinned link outlives its handle, and ends with its pin", TCX, async () => {
	const program = returning(VERDICT.NEXT);
	const path = join(pins, "link");
	const link = addon.BpfLink.attachTcx(program, { ifindex: lo, direction: "ingress" });
	link.pin(path);
	link.close();
	assert.throws(() => link.info, { code: "EBADF" });
	assert.deepEqual(order("ingress"), [program.info.id]);
	const again = addon.BpfLink.fromPin(path);
	assert.equal(again.info.programId, program.info.id);
	again.close();
	unlinkSync(path);
	await until("the link is gone", () => order("ingress").length === 0);
	assert.throws(() => addon.BpfLink.fromPin(path), isNotFound);
});

test(
	"a watch tells of a link that is detached, as long as it is one of those it asks",
	TCX,
	async (t) => {
		const [kept, lost] = ["ingress", "egress"].map((direction) =>
			addon.BpfLink.attachTcx(returning(VERDICT.NEXT), {
				ifindex: lo,
				direction: direction as "ingress",
			}),
		);
		assert.ok(kept && lost);
		let told = 0;
		const watch = new addon.LinkWatch(() => told++, { periodMs: 1, atOnce: 1 });
		t.after(() => watch.close());
		watch.watch([kept, lost]);
		lost.detach();
		await until("it tells", () => told > 0);
		watch.watch([kept]);
		await setTimeout(QUIET_MS);
		told = 0;
		await setTimeout(QUIET_MS);
		assert.equal(told, 0);
		kept.detach();
		await until("it tells of the other", () => told > 0);
		watch.close();
		watch.close();
	},
);

test("a watch refuses what is no link, and a period of nothing", () => {
	const options = { periodMs: 1000, atOnce: 1 };
	assert.throws(() => new addon.LinkWatch(() => {}, { ...options, periodMs: 0 }), RangeError);
	const watch = new addon.LinkWatch(() => {}, options);
	assert.throws(() => watch.watch([{} as never]), TypeError);
	watch.close();
});

test("a detached link stays as a handle to nothing", TCX, () => {
	const link = addon.BpfLink.attachTcx(returning(-1), { ifindex: lo, direction: "ingress" });
	link.detach();
	assert.deepEqual(order("ingress"), []);
	assert.equal(link.info.ifindex, 0);
});

test("a link to a device that went away has no ifindex", TCX, () => {
	shell("ip link add dummy0 type veth peer name dummy1");
	const ifindex = ifindexOf("dummy0");
	const link = addon.BpfLink.attachTcx(returning(-1), { ifindex, direction: "ingress" });
	assert.equal(link.info.ifindex, ifindex);
	shell("ip link del dummy0");
	assert.equal(link.info.ifindex, 0);
	assert.throws(() => addon.queryTcx(ifindex, "ingress"), { code: "ENODEV" });
});

test("an XDP link owns its device and is seen in the list of links", () => {
	const program = returning(VERDICT.SHOT, PROGRAM_TYPE.XDP);
	const ifindex = ifindexOf("links0");
	const link = addon.BpfLink.attachXdp(program, { ifindex });
	assert.equal(link.info.type, "xdp");
	assert.equal(link.info.ifindex, ifindex);
	assert.throws(() => addon.BpfLink.attachXdp(returning(2, PROGRAM_TYPE.XDP), { ifindex }), {
		code: "EBUSY",
	});
	const seen = (): number | undefined =>
		addon.links().find(({ name }) => name === "links0")?.xdpProgramId;
	assert.equal(seen(), program.info.id);
	link.close();
	assert.equal(seen(), 0);
});

test("a cgroup link rules the sockets of that cgroup and no others", async () => {
	const cgroup = makeCgroup();
	const refuse = returning(0, PROGRAM_TYPE.CGROUP_SOCK_ADDR, CONNECT4);
	const options = { cgroup, attachType: "cgroup/connect4" };
	const link = addon.BpfLink.attachCgroup(refuse, options);
	assert.deepEqual(addon.queryCgroup(cgroup, "cgroup/connect4"), [refuse.info.id]);
	assert.equal(link.info.type, "cgroup");
	assert.equal(link.info.attachType, CONNECT4);
	assert.equal(link.info.cgroupId, statSync(cgroup, { bigint: true }).ino);

	assert.match(await connectError(cgroup), /EPERM/);
	assert.match(await connectError(undefined), /ECONNREFUSED/);
	link.update(returning(1, PROGRAM_TYPE.CGROUP_SOCK_ADDR, CONNECT4), refuse);
	assert.match(await connectError(cgroup), /ECONNREFUSED/);
	link.close();
	assert.deepEqual(addon.queryCgroup(cgroup, "cgroup/connect4"), []);
});

test("attaching where nothing is names the place", TCX, () => {
	const program = returning(-1);
	assert.throws(() => addon.BpfLink.attachTcx(program, { ifindex: 9999, direction: "ingress" }), {
		code: "ENODEV",
		object: "device 9999",
	});
	assert.throws(
		() =>
			addon.BpfLink.attachCgroup(program, { cgroup: "/nothing", attachType: "cgroup/connect4" }),
		{ code: "ENOENT", object: "/nothing" },
	);
	assert.throws(() => addon.queryCgroup("/sys/fs", "cgroup/nonsense"), { name: "TypeError" });
	assert.throws(() => addon.queryTcx(lo, "sideways" as never), { name: "TypeError" });
});

/** A cgroup of this test's own, empty and gone after it. */
function makeCgroup(): string {
	const mount = readFileSync("/proc/self/mounts", "utf8")
		.split("\n")
		.map((line) => line.split(" "))
		.find(([, , type]) => type === "cgroup2");
	assert.ok(mount?.[1], "cgroup v2 is not mounted");
	const path = join(mount[1], `sluice-native-${process.pid}`);
	mkdirSync(path);
	after(() => rmdirSync(path));
	return path;
}

/** What a process in that cgroup (else: in ours) is told when it connects to a closed port. */
async function connectError(cgroup: string | undefined): Promise<string> {
	const connect =
		"require('node:net').connect(9, '127.0.0.1').on('error', (e) => console.log(e.code))";
	const enter = cgroup === undefined ? "" : `echo $$ > ${cgroup}/cgroup.procs; `;
	const child = spawn("sh", ["-e", "-c", `${enter}exec "$0" -e "$1"`, process.execPath, connect]);
	let output = "";
	child.stdout.on("data", (data) => {
		output += data;
	});
	await new Promise((resolve) => child.on("close", resolve));
	return output;
}
