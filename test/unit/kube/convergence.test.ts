import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { Interner } from "../../../src/kube/intern.ts";
import { decodeService } from "../../../src/kube/service.ts";
import { BODY_FAULTS, type Fault } from "../../lib/fake-apiserver/fault.ts";
import type { FakeApiServer } from "../../lib/fake-apiserver/server.ts";
import { until } from "../../lib/until.ts";
import { Following, IMPATIENT, SERVICES, service, startFake } from "./lib.ts";

type Step =
	| { readonly do: "put"; readonly name: string; readonly ip: number }
	| { readonly do: "delete"; readonly name: string }
	| { readonly do: "compact" | "restart" | "wait" };

const name = fc.constantFrom("a", "b", "c", "d");
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 8, arbitrary: fc.record({ do: fc.constant("put" as const), name, ip: fc.nat(9) }) },
	{ weight: 4, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constantFrom("compact", "restart", "wait") }),
	},
);

const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
	{ weight: 3, arbitrary: fc.constant(undefined) },
	{
		weight: 4,
		arbitrary: fc.record({ kind: fc.constantFrom(...BODY_FAULTS), after: fc.nat(4) }),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			kind: fc.constant("status" as const),
			status: fc.constantFrom(401, 403, 410, 500, 503),
		}),
	},
);

async function apply(server: FakeApiServer, step: Step): Promise<void> {
	switch (step.do) {
		case "put":
			server.store.put(SERVICES, service(step.name, `10.96.0.${step.ip}`));
			break;
		case "delete":
			server.store.delete(SERVICES, `default/${step.name}`);
			break;
		case "compact":
			server.store.compact();
			break;
		case "restart":
			await server.stop();
			await server.start();
			break;
		case "wait":
			await new Promise((resolve) => setTimeout(resolve, 3));
	}
}

/** What a source must have delivered in the end. */
function expected(server: FakeApiServer): string[] {
	return server.store
		.list(SERVICES)
		.map((json) => `service ${JSON.stringify(decodeService(json, new Interner()).object)}`)
		.sort();
}

async function converges(
	t: TestContext,
	watchList: "served" | "refused",
	[steps, faults]: [readonly Step[], readonly (Fault | undefined)[]],
): Promise<void> {
	const server = await startFake(t, { watchList, bookmarkMs: 10 });
	server.faultFor = ({ index }) => faults[index];
	const following = new Following(t, { server: server.url }, { timings: IMPATIENT });
	for (const step of steps) {
		await apply(server, step);
	}
	await until("the delivered state is the server's", () => {
		return following.objects().join("\n") === expected(server).join("\n");
	});
	// And it goes on from there.
	server.store.put(SERVICES, service("last", "10.96.1.1"));
	await following.untilClusterIP("last", "10.96.1.1");
	assert.deepEqual(following.objects(), expected(server));
	await following.source.stop();
	await server.stop();
}

for (const watchList of ["served", "refused"] as const) {
	test(`whatever goes wrong, the delivered state becomes the server's (WatchList ${watchList})`, (t) =>
		fc.assert(
			fc.asyncProperty(
				fc.tuple(fc.array(step, { maxLength: 25 }), fc.array(fault, { maxLength: 12 })),
				(run) => converges(t, watchList, run),
			),
			{ numRuns: 40, endOnFailure: true },
		));
}
