import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FrontendFlag } from "../../src/layout/structs.ts";
import { decode } from "../lib/packet-decode.ts";
import { endpoints, type Family, forBothFamilies, toEndpoint, useWorld } from "./lib/setup.ts";
import { CLIENT, OUTSIDE } from "./lib/topology.ts";
import type { Endpoint } from "./lib/world.ts";

const world = useWorld();
/** The only Service of most tests. */
const SERVICE = 1;
const AN_HOUR = 3600;
/** So many picks of one in two are all alike once in 30,000 runs. */
const ROUNDS = 16;

let port = 30_000;

/** The backend that a new connection of a client gets. */
function connect(family: Family, vip: Endpoint, from: "client" | "outside" = "client"): string {
	const device = from === "client" ? "client" : "uplink";
	const src = (from === "client" ? CLIENT : OUTSIDE)[family.at];
	const packet = toEndpoint(family, vip, { src, sport: port++ });
	return decode(world().run("tc_ingress", device, packet).packet).dst ?? "";
}

function connectOften(family: Family, vip: Endpoint): Set<string> {
	return new Set(Array.from({ length: ROUNDS }, () => connect(family, vip)));
}

for (const proto of ["tcp", "udp"] as const) {
	forBothFamilies(`a ${proto} client of a service with affinity`, (family) => {
		const { vip, backends } = endpoints(family, proto);
		const affinitySec = AN_HOUR;

		test("gets its backend again", () => {
			for (let round = 0; round < 4; round++) {
				world().reset();
				world().serve(vip, backends, { affinitySec });
				assert.equal(connectOften(family, vip).size, 1);
				assert.equal(world().affinityCount(), 1);
			}
		});

		test("gets any without", () => {
			world().serve(vip, backends);
			assert.equal(connectOften(family, vip).size, 2);
			assert.equal(world().affinityCount(), 0);
		});

		test("has one backend for all frontends of the port, and not for another port's", () => {
			const nodePort: Endpoint = { ...vip, address: OUTSIDE[family.at], port: 30_080 };
			const other: Endpoint = { ...vip, port: 443 };
			world().serve(vip, backends, { affinitySec });
			world().addFrontend(SERVICE, nodePort);
			world().serve(other, backends, { affinitySec });
			const all = [...connectOften(family, vip), ...connectOften(family, nodePort)];
			assert.equal(new Set(all).size, 1);
			assert.equal(world().affinityCount(), 1);
			connect(family, other);
			assert.equal(world().affinityCount(), 2);
		});

		test("is told from other clients by its address", () => {
			world().serve(vip, backends, { affinitySec });
			connect(family, vip);
			connect(family, vip, "outside");
			assert.equal(world().affinityCount(), 2);
		});

		test("gets any when its time is over, which begins anew with each connection", () => {
			world().serve(vip, backends, { affinitySec });
			const first = connect(family, vip);
			for (let round = 0; round < ROUNDS; round++) {
				world().ageAffinity(AN_HOUR - 60);
				assert.equal(connect(family, vip), first);
			}
			const later = new Set<string>();
			for (let round = 0; round < ROUNDS; round++) {
				world().ageAffinity(AN_HOUR + 60);
				later.add(connect(family, vip));
			}
			assert.equal(later.size, 2);
		});

		test("is not remembered for longer by packets of a connection that goes on", () => {
			world().serve(vip, backends, { affinitySec });
			const seen = new Set<string>();
			for (let round = 0; round < ROUNDS; round++) {
				const sport = port++;
				const syn = toEndpoint(family, vip, { sport });
				seen.add(decode(world().run("tc_ingress", "client", syn).packet).dst ?? "");
				world().ageAffinity(AN_HOUR - 60);
				const next = toEndpoint(family, vip, { sport, flags: "A" });
				world().run("tc_ingress", "client", next);
				world().ageAffinity(120);
			}
			assert.equal(seen.size, 2);
		});

		test("is bound by what the Service says now", () => {
			world().serve(vip, backends, { affinitySec });
			connect(family, vip);
			world().setAffinity(SERVICE, 0);
			assert.equal(connectOften(family, vip).size, 2);
			world().setAffinity(SERVICE, AN_HOUR);
			assert.equal(connectOften(family, vip).size, 1);
			world().setAffinity(SERVICE, 30);
			const seen = new Set<string>();
			for (let round = 0; round < ROUNDS; round++) {
				world().ageAffinity(60);
				seen.add(connect(family, vip));
			}
			assert.equal(seen.size, 2);
		});

		test("gets another when its backend leaves, and stays there when that returns", () => {
			const ids = world().serve(vip, backends, { affinitySec });
			const first = connect(family, vip);
			const stays = ids[first === backends[0]?.address ? 1 : 0] ?? 0;
			world().replaceSet(SERVICE, [stays]);
			const second = connect(family, vip);
			assert.notEqual(second, first);
			world().replaceSet(SERVICE, ids);
			assert.deepEqual([...connectOften(family, vip)], [second]);
		});

		test("is not sent to what has its backend's number now", () => {
			const ids = world().serve(vip, backends, { affinitySec });
			connect(family, vip);
			for (const id of ids) world().setGeneration(id, 2);
			world().replaceSet(SERVICE, ids);
			const seen = new Set<string>();
			for (let round = 0; round < ROUNDS; round++) {
				seen.add(connect(family, vip));
				for (const id of ids) world().setGeneration(id, 3 + round);
			}
			assert.equal(seen.size, 2);
		});

		test("follows its backend to another place in the set", () => {
			const ids = world().serve(vip, backends, { affinitySec });
			const first = connect(family, vip);
			for (let round = 0; round < 4; round++) {
				world().replaceSet(SERVICE, ids.reverse());
				assert.equal(connect(family, vip), first);
			}
		});

		test("is not sent out of the set of its frontend, though the backend lives", () => {
			const local: Endpoint = { ...vip, address: OUTSIDE[family.at], port: 30_080 };
			const ids = world().serve(vip, backends, { affinitySec });
			world().addFrontend(SERVICE, local, { flags: FrontendFlag.FRONTEND_LOCAL_SET });
			const first = connect(family, vip);
			const other = first === backends[0]?.address ? 1 : 0;
			world().replaceSet(SERVICE, ids, [ids[other] ?? 0]);
			for (let round = 0; round < 4; round++) {
				assert.equal(connect(family, local), backends[other]?.address);
			}
		});

		test("keeps its backend behind a port of its own where another flow has its port", () => {
			const [backend = vip] = backends;
			const second: Endpoint = { ...vip, port: 81 };
			world().serve(vip, [backend]);
			world().serve(second, backends, { affinitySec });
			while (connect(family, second) !== backend.address) world().forgetAffinity();
			const sport = port++;
			world().run("tc_ingress", "client", toEndpoint(family, vip, { sport }));
			const sent = world().run("tc_ingress", "client", toEndpoint(family, second, { sport }));
			const seen = decode(sent.packet);
			assert.equal(seen.dst, backend.address);
			assert.notEqual(seen.sport, sport);
		});
	});
}
