/** What this kernel can do, found by trying. */
import type { Addon } from "./addon.ts";

const BPF_PROG_TYPE_SCHED_CLS = 3;
const BPF_PROG_TYPE_CGROUP_SOCK = 9;
const BPF_PROG_TYPE_CGROUP_SOCK_ADDR = 18;
const BPF_FUNC_L4_CSUM_REPLACE = 11;
const BPF_FUNC_SK_STORAGE_GET = 107;
const BPF_FUNC_CHECK_MTU = 163;
const BPF_FUNC_SET_RETVAL = 187;
const BPF_F_PSEUDO_HDR = 0x10;
const BPF_F_IPV6 = 0x80;

export interface Features {
	/** bpf_set_retval in socket hooks: ECONNREFUSED from connect() (5.18). */
	readonly setRetval: boolean;
	/** BPF_F_IPV6 of bpf_l4_csum_replace (6.16, backports). */
	readonly csumIpv6Flag: boolean;
	/** bpf_check_mtu (5.12). */
	readonly checkMtu: boolean;
	/** bpf_sk_storage_get in cgroup/sock_release: connections of sockets are counted (5.12). */
	readonly releaseStorage: boolean;
}

export function probeFeatures(addon: Addon): Features {
	const has = (type: number, helper: number): boolean => addon.probeHelper(type, helper);
	return {
		setRetval: has(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_SET_RETVAL),
		csumIpv6Flag: probeCsumIpv6Flag(addon),
		checkMtu: has(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_CHECK_MTU),
		releaseStorage: has(BPF_PROG_TYPE_CGROUP_SOCK, BPF_FUNC_SK_STORAGE_GET),
	};
}

/** Those `const volatile` variables of bpf/config.h that tell of the kernel. */
export function configVariables(features: Features): Record<string, boolean> {
	return {
		have_set_retval: features.setRetval,
		have_csum_ipv6_flag: features.csumIpv6Flag,
		have_check_mtu: features.checkMtu,
		have_release_storage: features.releaseStorage,
	};
}

/** Runs `return bpf_l4_csum_replace(skb, 32, 0, 0, BPF_F_PSEUDO_HDR | BPF_F_IPV6)` once. */
function probeCsumIpv6Flag(addon: Addon): boolean {
	const [MOV_IMM, CALL, EXIT] = [0xb7, 0x85, 0x95];
	const program = addon.BpfProgram.load({
		name: "probe_csum",
		type: BPF_PROG_TYPE_SCHED_CLS,
		instructions: assemble([
			[MOV_IMM, 2, 32],
			[MOV_IMM, 3, 0],
			[MOV_IMM, 4, 0],
			[MOV_IMM, 5, BPF_F_PSEUDO_HDR | BPF_F_IPV6],
			[CALL, 0, BPF_FUNC_L4_CSUM_REPLACE],
			[EXIT, 0, 0],
		]),
	});
	try {
		return program.testRun({ data: new Uint8Array(64) }).retval === 0;
	} finally {
		program.close();
	}
}

/** Instructions as opcode, destination register, immediate. */
function assemble(instructions: readonly (readonly [number, number, number])[]): Uint8Array {
	const bytes = new DataView(new ArrayBuffer(instructions.length * 8));
	instructions.forEach(([opcode, register, immediate], i) => {
		bytes.setUint8(i * 8, opcode);
		bytes.setUint8(i * 8 + 1, register);
		bytes.setInt32(i * 8 + 4, immediate, true);
	});
	return new Uint8Array(bytes.buffer);
}
