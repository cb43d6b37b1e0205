/**
 * A program of another owner that drops TCP to one port, as a network policy would:
 * node foreign-policy.ts DEVICE ingress|egress PORT PIN. It is attached by TCX and its link pinned
 * at PIN, or by clsact at priority 50000 when PIN is "-". Runs in the device's namespace.
 */
import { loadAddon } from "../../../src/dataplane/addon.ts";

const BPF_PROG_TYPE_SCHED_CLS = 3;
const TCX_NEXT = -1;
const TCX_DROP = 2;
const ETHERNET = 14;
const IPPROTO_TCP = 6;

type Instruction = readonly [opcode: number, registers: number, offset: number, immediate: number];

/** Drops IPv4 TCP packets without options whose destination port is `port`. */
function dropPort(port: number): Instruction[] {
	const [LD_ABS_B, LD_ABS_H, JNE, MOV, MOV_REG, EXIT] = [0x30, 0x28, 0x55, 0xb7, 0xbf, 0x95];
	return [
		// LD_ABS reads from the context in r6.
		[MOV_REG, 0x16, 0, 0],
		[LD_ABS_B, 0, 0, ETHERNET + 9],
		[JNE, 0, 4, IPPROTO_TCP],
		[LD_ABS_H, 0, 0, ETHERNET + 22],
		[JNE, 0, 2, port],
		[MOV, 0, 0, TCX_DROP],
		[EXIT, 0, 0, 0],
		[MOV, 0, 0, TCX_NEXT],
		[EXIT, 0, 0, 0],
	];
}

function assemble(instructions: readonly Instruction[]): Uint8Array {
	const view = new DataView(new ArrayBuffer(instructions.length * 8));
	for (const [index, [opcode, registers, offset, immediate]] of instructions.entries()) {
		view.setUint8(index * 8, opcode);
		view.setUint8(index * 8 + 1, registers);
		view.setInt16(index * 8 + 2, offset, true);
		view.setInt32(index * 8 + 4, immediate, true);
	}
	return new Uint8Array(view.buffer);
}

const [device = "", hook = "", port = "", pin = ""] = process.argv.slice(2);
const addon = loadAddon();
const ifindex = addon.links().find(({ name }) => name === device)?.ifindex ?? 0;
const program = addon.BpfProgram.load({
	name: "foreign_policy",
	type: BPF_PROG_TYPE_SCHED_CLS,
	instructions: assemble(dropPort(Number(port))),
});
const direction = hook === "egress" ? "egress" : "ingress";
if (pin === "-") {
	addon.tcHookCreate(ifindex);
	addon.tcAttach(program, { ifindex, direction, handle: 1, priority: 50_000 });
} else {
	addon.BpfLink.attachTcx(program, { ifindex, direction }).pin(pin);
}
