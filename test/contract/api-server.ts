import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ApiAccess, type ApiAccessOptions } from "../../src/kube/api-access.ts";
import { ApiClient } from "../../src/kube/api-client.ts";
import { LineSplitter } from "../../src/kube/lines.ts";

/** An API server that the suite may write to, real or fake. */
export interface ApiServer {
	readonly access: ApiAccessOptions;
	/** Shortest life of a watch, in s, in which there is a bookmark. */
	readonly watchSeconds: number;
	/** Creates or updates an EndpointSlice in namespace "default"; labels are replaced. */
	putSlice(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
	deleteSlice(name: string): Promise<void>;
	createService(name: string, headless: boolean): Promise<void>;
	/** Makes the server forget its history. */
	forgetHistory(): Promise<void>;
	close(): Promise<void>;
}

const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
const HIDDEN = "contract/hidden";
/** Only what the suite itself has made. */
const OURS = `labelSelector=${encodeURIComponent(`contract/suite,!${HIDDEN}`)}`;
const LABELS = { "contract/suite": "yes" };

interface Event {
	readonly type: string;
	readonly object: {
		readonly code?: number;
		readonly metadata: {
			readonly name: string;
			readonly uid: string;
			readonly resourceVersion: string;
			readonly annotations?: Readonly<Record<string, string>>;
		};
	};
}

const isInitialEnd = ({ type, object }: Event): boolean =>
	type === "BOOKMARK" && object.metadata.annotations?.["k8s.io/initial-events-end"] === "true";

const summary = (events: readonly Event[]): string[] =>
	events
		.filter(({ type }) => type !== "BOOKMARK")
		.map(({ type, object }) => `${type} ${object.metadata.name}`);

class Reader {
	readonly #client: ApiClient;

	constructor(access: ApiAccessOptions) {
		this.#client = new ApiClient(new ApiAccess(access));
	}

	async list(path: string, query: string) {
		const response = await this.#client.get(`${path}?${query}`, AbortSignal.timeout(10_000));
		const chunks = await response.toArray();
		const list = JSON.parse(Buffer.concat(chunks).toString("utf8")) as {
			metadata: { resourceVersion: string };
			items: Event["object"][];
		};
		return { version: list.metadata.resourceVersion, items: list.items };
	}

	/** The events of a watch until `enough`, or its end; `during` runs while it is open. */
	async watch(
		query: string,
		enough: (events: readonly Event[]) => boolean,
		during: () => Promise<void> = async () => undefined,
	): Promise<readonly Event[]> {
		const aborter = new AbortController();
		const signal = AbortSignal.any([aborter.signal, AbortSignal.timeout(30_000)]);
		const path = `${SLICES}?watch=true&allowWatchBookmarks=true&${OURS}&${query}`;
		const response = await this.#client.get(path, signal);
		const written = during();
		const events: Event[] = [];
		const lines = new LineSplitter();
		for await (const chunk of response) {
			for (const line of lines.push(chunk as Buffer)) {
				events.push(JSON.parse(line.toString("utf8")) as Event);
			}
			if (enough(events)) {
				break;
			}
		}
		aborter.abort();
		await written;
		return events;
	}
}

/** What the reflectors rely on. One suite: the fake must do what the real server does. */
export function describeApiServer(name: string, start: () => Promise<ApiServer>): void {
	describe(name, () => {
		let server: ApiServer;
		let reader: Reader;

		before(async () => {
			server = await start();
			reader = new Reader(server.access);
			await server.putSlice("a", LABELS);
			await server.putSlice("b", LABELS);
			await server.putSlice("hidden", { ...LABELS, [HIDDEN]: "" });
		});

		after(() => server?.close());

		for (const version of ["", "resourceVersion=0&"]) {
			test(`a list (${version}) has a version and the selected objects with uid and version`, async () => {
				const { version: listed, items } = await reader.list(SLICES, version + OURS);
				assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ["a", "b"]);
				for (const { metadata } of items) {
					assert.ok(metadata.uid !== "" && Number(metadata.resourceVersion) > 0);
					assert.ok(Number(metadata.resourceVersion) <= Number(listed));
				}
			});
		}

		test("a watch from a list's version sends what happens later, in the order of versions", async () => {
			const { version } = await reader.list(SLICES, OURS);
			const writes = async () => {
				await server.putSlice("c", LABELS);
				await server.putSlice("c", { ...LABELS, more: "x" });
				await server.deleteSlice("c");
			};
			const enough = (events: readonly Event[]) => summary(events).length === 3;
			const events = await reader.watch(`resourceVersion=${version}`, enough, writes);
			assert.deepEqual(summary(events), ["ADDED c", "MODIFIED c", "DELETED c"]);
			const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
			assert.deepEqual(
				versions,
				[...versions].sort((a, b) => a - b),
			);
			assert.ok((versions[0] ?? 0) > Number(version));
			// The same again, now all of it from history.
			const again = await reader.watch(`resourceVersion=${version}`, enough);
			assert.deepEqual(summary(again), summary(events));
		});

		test("a WatchList sends all objects, a bookmark that ends them, and then goes on", async () => {
			const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
			let marked: () => void = () => undefined;
			const end = new Promise<void>((resolve) => {
				marked = resolve;
			});
			const events = await reader.watch(
				query,
				(all) => {
					if (all.some(isInitialEnd)) {
						marked();
					}
					return summary(all).length === 3;
				},
				async () => {
					await end;
					await server.putSlice("b", { ...LABELS, more: "y" });
				},
			);
			const at = events.findIndex(isInitialEnd);
			assert.deepEqual(summary(events.slice(0, at)).sort(), ["ADDED a", "ADDED b"]);
			assert.deepEqual(summary(events.slice(at)), ["MODIFIED b"]);
			const version = Number(events[at]?.object.metadata.resourceVersion);
			for (const { object } of events.slice(0, at)) {
				assert.ok(Number(object.metadata.resourceVersion) <= version);
			}
		});

		test("an object that leaves the selection is deleted, one that enters it is added", async () => {
			const { version } = await reader.list(SLICES, OURS);
			const events = await reader.watch(
				`resourceVersion=${version}`,
				(all) => summary(all).length === 2,
				async () => {
					await server.putSlice("a", { ...LABELS, [HIDDEN]: "" });
					await server.putSlice("a", LABELS);
				},
			);
			assert.deepEqual(summary(events), ["DELETED a", "ADDED a"]);
			const [left, entered] = events.map(({ object }) => Number(object.metadata.resourceVersion));
			assert.ok(Number(version) < (left ?? 0) && (left ?? 0) < (entered ?? 0));
		});

		test("Services without cluster IP can be left out by field", async () => {
			await server.createService("contract-plain", false);
			await server.createService("contract-headless", true);
			const { items } = await reader.list(
				"/api/v1/services",
				`fieldSelector=${encodeURIComponent("spec.clusterIP!=None")}`,
			);
			const names = items.map(({ metadata }) => metadata.name);
			assert.ok(names.includes("contract-plain"));
			assert.ok(!names.includes("contract-headless"));
		});

		test("a watch ends by its timeout, after a bookmark with a version beyond what was sent", async () => {
			const { version } = await reader.list(SLICES, OURS);
			const events = await reader.watch(
				`resourceVersion=${version}&timeoutSeconds=${server.watchSeconds}`,
				() => false,
				() => server.putSlice("hidden", { ...LABELS, [HIDDEN]: "", more: "z" }),
			);
			assert.deepEqual(summary(events), []);
			assert.ok(Number(events.at(-1)?.object.metadata.resourceVersion) > Number(version));
		});

		test("a version that is no longer in the history is answered with 410", async () => {
			const { version } = await reader.list(SLICES, OURS);
			await server.putSlice("d", LABELS);
			await server.deleteSlice("d");
			await server.forgetHistory();
			const codes = await reader
				.watch(`resourceVersion=${version}`, (all) => all.length > 0)
				.then(
					(events) => events.map(({ type, object }) => `${type} ${object.code}`),
					(error: { status?: number }) => [`ERROR ${error.status}`],
				);
			assert.deepEqual(codes, ["ERROR 410"]);
		});

		test("a list of a version that is yet to come is refused as too large", async () => {
			await assert.rejects(reader.list(SLICES, `resourceVersion=999999999&${OURS}`), {
				name: "ApiError",
				expired: true,
				versionTooLarge: true,
			});
		});
	});
}
