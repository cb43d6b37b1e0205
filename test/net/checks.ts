import assert from "node:assert/strict";

import {
	type Cluster,
	type ClusterService,
	FAMILIES,
	type Family,
	POD_PORT,
	PROTOCOLS,
} from "../lib/net/cluster.ts";
import type { Place } from "../lib/net/place.ts";
import {
	type Answer,
	type AskOptions,
	ask,
	askMany,
	Conversation,
	type Target,
} from "../lib/net/traffic.ts";

/** Enough requests that each of three backends is missed less than once in 10^6 runs. */
const SPREAD = 40;

/** Below the second after which a lost SYN would be sent again. */
const AT_ONCE_US = 900_000;

/** What is needed to ask: who, and of which family and protocol. */
export interface Asker {
	readonly place: Place;
	readonly family: Family;
	readonly protocol: Target["protocol"];
}

/** Every family and protocol from one place. */
export function* askers(
	place: Place,
): Generator<Asker & { readonly protocol: (typeof PROTOCOLS)[number] }> {
	for (const family of FAMILIES) {
		for (const protocol of PROTOCOLS) yield { place, family, protocol };
	}
}

export function assertAnswered(answer: Answer, message: string): void {
	assert.ok(answer.ok, `${message}: ${JSON.stringify(answer)}`);
}

/** All endpoints answer, and none of the requests fails. */
export async function assertSpread(
	service: ClusterService,
	{ place, family, protocol }: Asker,
	options: AskOptions = {},
): Promise<void> {
	const result = await askMany(place, service.target(family, protocol), SPREAD, options);
	const message = `${family} ${protocol} ${JSON.stringify(options)}: ${JSON.stringify(result)}`;
	assert.equal(result.failed, 0, message);
	const names = service.pods.map(({ name }) => name).sort();
	assert.deepEqual(Object.keys(result.servers).sort(), names, message);
}

/** The client sees the service, not the endpoint, as its peer. */
export async function assertPeer(
	service: ClusterService,
	{ place, family, protocol }: Asker,
	options: AskOptions = {},
): Promise<void> {
	const answer = await ask(place, service.target(family, protocol), options);
	const message = `${family} ${protocol} ${JSON.stringify(options)}`;
	assertAnswered(answer, message);
	const vip = service.text(family);
	if (!options.unconnected) assert.equal(answer.peername, vip, message);
	if (protocol === "UDP") assert.equal(answer.from, vip, message);
}

/** Each kind of socket reaches every endpoint and sees the service as its peer. */
export async function assertServed(service: ClusterService, place: Place): Promise<void> {
	for (const asker of askers(place)) {
		const kinds: AskOptions[] = [{}];
		if (asker.family === "v4") kinds.push({ mapped: true });
		if (asker.protocol === "UDP")
			kinds.push(...kinds.map((kind) => ({ ...kind, unconnected: true })));
		for (const kind of kinds) {
			await assertSpread(service, asker, kind);
			await assertPeer(service, asker, kind);
		}
	}
}

/** Requests and answers of many packets, and datagrams of several fragments. */
export async function assertLarge(service: ClusterService, place: Place): Promise<void> {
	for (const asker of askers(place)) {
		const size = asker.protocol === "TCP" ? 60_000 : 4000;
		const target = service.target(asker.family, asker.protocol);
		const conversation = new Conversation(place, target, { requestSize: size, replySize: size });
		let answer = await conversation.ask();
		// Path MTU discovery may cost one datagram each way, as it does without a service.
		for (let lost = 0; lost < 2 && !answer.ok && asker.protocol === "UDP"; lost++) {
			answer = await conversation.ask();
		}
		await conversation.close();
		assertAnswered(answer, `${asker.family} ${asker.protocol} ${size} bytes`);
	}
}

/**
 * A service without endpoints refuses. TCP may need a second SYN for it: an ICMP error that comes
 * back while connect() still holds the socket is only remembered.
 */
export async function assertRefused(service: ClusterService, place: Place): Promise<void> {
	for (const { family, protocol } of askers(place)) {
		const answer = await ask(place, service.target(family, protocol), { timeoutMs: 5000 });
		const message = `${family} ${protocol}: ${JSON.stringify(answer)}`;
		assert.equal(answer.error, "ECONNREFUSED", message);
	}
}

/** A pod reaches itself through the service. */
export async function assertHairpin(service: ClusterService): Promise<void> {
	const [pod] = service.pods;
	assert.ok(pod);
	for (const asker of askers(pod.place)) {
		await assertPeer(service, asker);
		const answer = await ask(pod.place, service.target(asker.family, asker.protocol));
		assert.equal(answer.server, pod.name);
	}
}

/**
 * One source port to the service and directly to its first endpoint, one after the other: both
 * connections go on. `ports`: how many source ports are tried, from `sourcePort` on. Only TCP: a
 * direct flow is noticed by its SYN, and by its socket.
 */
export async function assertNoCollision(
	service: ClusterService,
	place: Place,
	order: { first: "service" | "direct"; sourcePort: number; ports?: number },
): Promise<void> {
	const [pod] = service.pods;
	assert.ok(pod);
	for (let number = 0; number < (order.ports ?? 1); number++) {
		for (const family of FAMILIES) {
			const options = { sourcePort: order.sourcePort + number };
			const ways: Record<"service" | "direct", Target> = {
				service: service.target(family, "TCP"),
				direct: { address: pod.address[family], port: POD_PORT, protocol: "TCP" },
			};
			const second = order.first === "service" ? "direct" : "service";
			const earlier = new Conversation(place, ways[order.first], options);
			assertAnswered(await earlier.ask(), `${family} ${order.first}`);
			const later = new Conversation(place, ways[second], options);
			assertAnswered(await later.ask(), `${family} ${second}`);
			for (let round = 0; round < 3; round++) {
				assertAnswered(await earlier.ask(), `${family} ${order.first}, again`);
				assertAnswered(await later.ask(), `${family} ${second}, again`);
			}
			await earlier.close();
			await later.close();
		}
	}
}

/** A client that uses one port again and again is served at once each time. */
export async function assertPortReuse(service: ClusterService, place: Place): Promise<void> {
	for (const family of FAMILIES) {
		const options = { sourcePort: 21_000, serverCloses: true, timeoutMs: 3000 };
		const conversation = new Conversation(place, service.target(family, "TCP"), options);
		for (let round = 0; round < 20; round++) {
			const answer = await conversation.ask();
			assertAnswered(answer, `${family} round ${round}`);
			assert.ok(answer.us < AT_ONCE_US, `${family} round ${round}: ${answer.us} us`);
			conversation.renew();
		}
		await conversation.close();
	}
}

/** Each kind of lasting socket. */
function* lastingSockets(place: Place): Generator<Asker & { options: AskOptions }> {
	for (const asker of askers(place)) {
		yield { ...asker, options: {} };
		if (asker.protocol === "UDP") yield { ...asker, options: { unconnected: true } };
	}
}

/**
 * Lasting sockets when their endpoint leaves: UDP, connected or not, goes on with another one and
 * still sees the service; without any it is refused; TCP stays where it is.
 */
export async function assertEndpointMayLeave(
	cluster: Cluster,
	service: ClusterService,
	place: Place,
): Promise<void> {
	await cluster.endpoints(service, ["a"]);
	const sockets = [...lastingSockets(place)].map((socket) => ({
		...socket,
		what: `${socket.family} ${socket.protocol} ${JSON.stringify(socket.options)}`,
		conversation: new Conversation(
			place,
			service.target(socket.family, socket.protocol),
			socket.options,
		),
	}));
	const round = async (server: Readonly<Partial<Record<Target["protocol"], string>>>) => {
		for (const { conversation, family, protocol, options, what } of sockets) {
			const answer = await conversation.ask();
			assertAnswered(answer, `${what} now from ${server[protocol]}`);
			assert.equal(answer.server, server[protocol], what);
			if (!options.unconnected) assert.equal(answer.peername, service.text(family), what);
			if (protocol === "UDP") assert.equal(answer.from, service.text(family), what);
		}
	};
	await round({ TCP: "a", UDP: "a" });
	await cluster.endpoints(service, ["b"]);
	await round({ TCP: "a", UDP: "b" });
	await cluster.endpoints(service, ["c"]);
	await round({ TCP: "a", UDP: "c" });
	await cluster.endpoints(service, []);
	for (const { conversation, protocol, options, what } of sockets) {
		if (options.unconnected) continue;
		const answer = await conversation.ask();
		const message = `${what}: ${JSON.stringify(answer)}`;
		if (protocol === "TCP") assertAnswered(answer, message);
		else assert.equal(answer.error, "ECONNREFUSED", message);
	}
	await cluster.endpoints(service, ["a"]);
	await round({ TCP: "a", UDP: "a" });
	for (const { conversation } of sockets) await conversation.close();
}
