/**
 * What a MapPort is: one suite, over the fake and over the kernel's maps. The kernel's half needs root;
 * SLUICE_TEST_ROOT=0 asks for the other half alone.
 */
import { describe } from "node:test";
import { loadAddon } from "../../src/dataplane/addon.ts";
import { fakeMap } from "../../src/dataplane/fake.ts";
import { arraySuite } from "./array-suite.ts";
import { hashSuite } from "./hash-suite.ts";
import type { MakeMap } from "./suite.ts";
import { trieSuite } from "./trie-suite.ts";

function suite(make: MakeMap, cpus: number): void {
	hashSuite(make);
	trieSuite(make);
	arraySuite(make, cpus);
}

describe("fake maps", () => suite((options) => fakeMap({ ...options, cpus: 3 }), 3));

if (process.env.SLUICE_TEST_ROOT !== "0") {
	const addon = loadAddon();
	describe("kernel maps", () =>
		suite((options) => addon.BpfMap.create(options), addon.possibleCpus()));
}
