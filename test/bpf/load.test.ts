import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { buildTopology } from "./lib/topology.ts";
import { World } from "./lib/world.ts";

const PROGRAMS = [
	"tc_ingress",
	"tc_egress",
	"reap",
	"clock_probe",
	"sock_connect4",
	"sock_connect6",
	"sock_sendmsg4",
	"sock_sendmsg6",
	"sock_recvmsg4",
	"sock_recvmsg6",
	"sock_getpeername4",
	"sock_getpeername6",
	"sock_release",
] as const;

/** The verifier gives up at a million; other kernels need other numbers, so much less is allowed. */
const BUDGET = 250_000;

before(buildTopology);

for (const have of [true, false]) {
	describe(`with every optional kernel feature ${have ? "used" : "left out"}`, () => {
		test("all programs pass the verifier, each far below its limit", () => {
			const world = new World({ variables: have ? {} : NOTHING });
			for (const name of PROGRAMS) {
				const { verifiedInstructions } = world.program(name).info;
				assert.ok(verifiedInstructions < BUDGET, `${name}: ${verifiedInstructions}`);
			}
		});
	});
}

const NOTHING = {
	have_set_retval: false,
	have_csum_ipv6_flag: false,
	have_check_mtu: false,
	have_release_storage: false,
};
