/**
 * What tests need of a kernel beyond Linux 5.10. A test that needs one of these asks for it here, so
 * that every skip names the feature and the first kernel that has it.
 */
import { spawnSync } from "node:child_process";
import { type BpfProgram, loadAddon, type TestRunOptions } from "../../src/dataplane/addon.ts";
import { probeFeatures } from "../../src/dataplane/probe.ts";

/** One feature: how it is named, and whether this kernel has it. */
interface Feature {
	readonly title: string;
	/** The first of the kernels that are tested that has it, or the first Linux where that is known. */
	readonly since: string;
	readonly has: () => boolean;
}

/** ifindex of lo in every network namespace. */
const LOOPBACK = 1;

/** Whether commands of `ip`, run in a network namespace that is gone afterwards, succeed. */
function canLink(...lines: readonly string[]): boolean {
	const input = lines.join("\n");
	return spawnSync("unshare", ["--net", "ip", "-batch", "-"], { input }).status === 0;
}

/** Loads a program that returns 0, and uses it. */
function withProgram<T>(use: (program: BpfProgram) => T): T {
	const [MOV_IMM, EXIT, SCHED_CLS] = [0xb7, 0x95, 3];
	const instructions = Uint8Array.from([MOV_IMM, 0, 0, 0, 0, 0, 0, 0, EXIT, 0, 0, 0, 0, 0, 0, 0]);
	const name = "returns_zero";
	const program = loadAddon().BpfProgram.load({ name, type: SCHED_CLS, instructions });
	try {
		return use(program);
	} finally {
		program.close();
	}
}

/** Whether BPF_PROG_TEST_RUN takes these options. */
function canRun(options: Partial<TestRunOptions>): boolean {
	return withProgram((program) => {
		try {
			program.testRun({ data: new Uint8Array(64), ...options });
			return true;
		} catch {
			return false;
		}
	});
}

/** A struct __sk_buff that came in by a device. */
function contextFrom(ifindex: number): Uint8Array {
	const context = new Uint8Array(192);
	new DataView(context.buffer).setUint32(36, ifindex, true);
	return context;
}

const FEATURES = {
	setRetval: {
		title: "bpf_set_retval in socket hooks",
		since: "5.18",
		has: () => probeFeatures(loadAddon()).setRetval,
	},
	verifiedInstructions: {
		title: "verified instructions in bpf_prog_info",
		since: "5.16",
		has: () => withProgram(({ info }) => info.verifiedInstructions > 0),
	},
	runFromDevice: {
		title: "an ingress device in test runs",
		since: "6.1",
		has: () => canRun({ context: contextFrom(LOOPBACK) }),
	},
	checksumCompleteRuns: {
		title: "test runs with a device's checksum (BPF_F_TEST_SKB_CHECKSUM_COMPLETE)",
		since: "6.16",
		has: () => canRun({ flags: 4 }),
	},
	tcx: {
		title: "TCX links",
		since: "6.6",
		has: () => loadAddon().queryTcx(LOOPBACK, "ingress") !== undefined,
	},
	netfilterHooks: {
		title: "netfilter hooks listed over netlink",
		since: "6.12",
		has: () => loadAddon().netfilterHooks([]) !== undefined,
	},
	dummy: {
		title: "dummy devices",
		since: "5.10",
		has: () => canLink("link add dummy1 type dummy"),
	},
	geneve: {
		title: "geneve devices",
		since: "5.10",
		has: () => canLink("link add geneve1 type geneve id 1 remote 192.0.2.1"),
	},
	ipip: {
		title: "IP-in-IP devices",
		since: "5.10",
		has: () => canLink("link add ipip1 type ipip local 192.0.2.1 remote 192.0.2.2"),
	},
	sctp: {
		title: "SCTP",
		since: "5.10",
		has: () => spawnSync("modprobe", ["sctp"]).status === 0,
	},
} as const satisfies Readonly<Record<string, Feature>>;

export type FeatureName = keyof typeof FEATURES;

/** For node:test's `skip`: false where this kernel has the feature, else why the test is skipped. */
export function lacking(name: FeatureName): string | false {
	const { title, since, has }: Feature = FEATURES[name];
	return has() ? false : `needs ${title} (Linux ${since})`;
}
