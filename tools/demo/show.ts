import type { AddressPair } from "../../test/lib/net/addresses.ts";
import type { Place } from "../../test/lib/net/place.ts";
import {
	type AskOptions,
	ask,
	askMany,
	Load,
	type LoadResult,
	type Target,
} from "../../test/lib/net/traffic.ts";
import type { Report } from "./report.ts";
import { IDLE, LOOKUP, type Sandbox, WEB } from "./sandbox.ts";

const REQUESTS = 300;
/** How long requests go on after a change. */
const AFTERWARDS_MS = 500;

/** The node's tables, as sluice prints them. */
export function showServices(sandbox: Sandbox, report: Report): void {
	report.title("What the node serves: sluice services");
	report.show(sandbox.agent.sluice(["services"]));
}

/** Requests from everywhere, and how they spread over the endpoints. */
export async function showTraffic(sandbox: Sandbox, report: Report): Promise<void> {
	const clients = {
		"client pod": sandbox.lab.pod("client").place,
		"the node": sandbox.lab.node(1).place,
		"client outside": sandbox.lab.client,
	};
	for (const [name, place] of Object.entries(clients)) {
		report.title(`${REQUESTS} requests each from ${name}`);
		await showSpread(report, place, target(WEB, "v4", 80, "TCP"), 3);
		await showSpread(report, place, target(WEB, "v6", 80, "TCP"), 3);
		await showSpread(report, place, target(LOOKUP, "v4", 53, "UDP"), 2);
		await showSpread(report, place, target(LOOKUP, "v6", 53, "UDP"), 2);
	}
	report.title("What a client sees");
	const client = clients["client pod"];
	await showPeer(report, client, "UDP, connected", {});
	await showPeer(report, client, "UDP, unconnected", { unconnected: true });
	await showRefusal(report, client, target(IDLE, "v4", 80, "TCP"));
	await showRefusal(report, client, target(IDLE, "v6", 8125, "UDP"));
}

/** What happens to requests while things change. */
export async function showChanges(sandbox: Sandbox, report: Report): Promise<void> {
	report.title("An endpoint leaves while requests run: web-1 is taken out of web.yaml");
	await showUnderLoad(sandbox, report, () => sandbox.removeFromWeb("web-1"));
	await showSpread(report, sandbox.lab.pod("client").place, target(WEB, "v4", 80, "TCP"), 2);
	await sandbox.restoreWeb();

	report.title("The agent is killed with -9 and started again while requests run");
	await showUnderLoad(sandbox, report, async () => {
		await sandbox.agent.kill();
		await sandbox.agent.start();
	});

	report.title("The agent ends, and its next version takes over the programs while requests run");
	const before = sandbox.agent.attached();
	await showUnderLoad(sandbox, report, async () => {
		await sandbox.agent.stop();
		await sandbox.agent.start();
	});
	const replaced = sandbox.agent.attached() !== before;
	report.check("the programs are new ones", replaced, replaced ? "other ids" : "same ids");
}

function target(
	service: AddressPair,
	family: "v4" | "v6",
	port: number,
	protocol: Target["protocol"],
): Target {
	return { address: service[family], port, protocol };
}

function describe({ address, port, protocol }: Target): string {
	return `${protocol} ${address} port ${port}`;
}

function spread(servers: LoadResult["servers"]): string {
	const names = Object.keys(servers).sort();
	return names.map((name) => `${name} ${servers[name]}`).join(", ");
}

async function showSpread(
	report: Report,
	place: Place,
	to: Target,
	servers: number,
): Promise<void> {
	const result = await askMany(place, to, REQUESTS);
	const good = result.failed === 0 && Object.keys(result.servers).length === servers;
	report.check(describe(to), good, `${spread(result.servers)}; ${result.failed} failed`);
}

async function showPeer(
	report: Report,
	place: Place,
	what: string,
	options: AskOptions,
): Promise<void> {
	const answer = await ask(place, target(LOOKUP, "v4", 53, "UDP"), options);
	const good = answer.from === `${LOOKUP.v4}:53`;
	report.check(what, good, `${answer.server ?? answer.error} answers as ${answer.from}`);
}

async function showRefusal(report: Report, place: Place, to: Target): Promise<void> {
	const answer = await ask(place, to);
	const good = answer.error === "ECONNREFUSED";
	const ms = (answer.us / 1000).toFixed(1);
	report.check(`no endpoint, ${describe(to)}`, good, `${answer.error ?? "answered"} in ${ms} ms`);
}

/** Runs TCP and UDP requests, over new and lasting sockets, from a pod and from outside. */
async function showUnderLoad(
	sandbox: Sandbox,
	report: Report,
	work: () => Promise<void>,
): Promise<void> {
	const from = { pod: sandbox.lab.pod("client").place, outside: sandbox.lab.client };
	const loads: { what: string; load: Load }[] = [];
	for (const [who, place] of Object.entries(from)) {
		for (const to of [target(WEB, "v4", 80, "TCP"), target(LOOKUP, "v6", 53, "UDP")]) {
			for (const fresh of [true, false]) {
				const what = `${who}, ${to.protocol}, ${fresh ? "new sockets" : "one socket"}`;
				loads.push({ what, load: await Load.start(place, to, { fresh, intervalUs: 2000 }) });
			}
		}
	}
	await work();
	await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));
	for (const { what, load } of loads) {
		const result = await load.stop();
		const slowest = (result.slowest_us / 1000).toFixed(1);
		const detail = `${result.sent} requests, ${result.failed} failed, slowest ${slowest} ms`;
		report.check(what, result.failed === 0, `${detail} (${spread(result.servers)})`);
	}
}
