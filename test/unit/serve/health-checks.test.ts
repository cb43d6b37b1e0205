import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "../../../src/log.ts";
import type { ServiceHealth } from "../../../src/model/service-health.ts";
import { HealthChecks, type HealthChecksOptions } from "../../../src/serve/health-checks.ts";
import { until } from "../../lib/until.ts";

const KEY = "shop/front";

function checksFor(t: TestContext, changes: Partial<HealthChecksOptions> = {}): HealthChecks {
	const checks = new HealthChecks({
		families: ["IPv4"],
		isHealthy: () => true,
		isServed: () => true,
		onFailure: () => undefined,
		log: silentLogger(),
		retryMs: 20,
		...changes,
	});
	t.after(() => checks.stop());
	return checks;
}

function health(port: number, count: number): ServiceHealth {
	return { port, localEndpoints: { IPv4: count, IPv6: count + 10 } };
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as { port: number };
	server.close();
	await once(server, "close");
	return port;
}

function ask(port: number, path = "/", init: RequestInit = {}): Promise<Response> {
	return fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { Connection: "close" } });
}

/** What is answered, once something is. */
async function answer(port: number): Promise<Response> {
	await until("it answers", async () => (await failure(port)) === "");
	return ask(port);
}

/** Why nothing is answered; "": something is. */
function failure(port: number): Promise<string> {
	return ask(port).then(
		() => "",
		(error: Error) => (error.cause as NodeJS.ErrnoException).code ?? "",
	);
}

function assertRefused(port: number): Promise<void> {
	return until("nobody listens", async () => (await failure(port)) === "ECONNREFUSED");
}

test("a Service with endpoints here is answered for as kube-proxy does, on any path", async (t) => {
	const port = await freePort();
	checksFor(t).set(KEY, health(port, 2));
	const { status, headers } = await answer(port);
	assert.equal(status, 200);
	assert.equal(headers.get("Content-Type"), "application/json");
	assert.equal(headers.get("X-Content-Type-Options"), "nosniff");
	assert.equal(headers.get("X-Load-Balancing-Endpoint-Weight"), "2");
	const posted = await ask(port, "/any/path?at=all", { method: "POST", body: "x" });
	assert.deepEqual(await posted.json(), {
		service: { namespace: "shop", name: "front" },
		localEndpoints: 2,
		serviceProxyHealthy: true,
	});
});

test("a Service without endpoints here is answered 503, until it has some", async (t) => {
	const port = await freePort();
	const checks = checksFor(t);
	checks.set(KEY, health(port, 0));
	assert.equal((await answer(port)).status, 503);
	checks.set(KEY, health(port, 1));
	assert.equal((await ask(port)).status, 200);
});

test("a proxy that is not well answers 503 for all", async (t) => {
	const port = await freePort();
	let healthy = false;
	checksFor(t, { isHealthy: () => healthy }).set(KEY, health(port, 3));
	const response = await answer(port);
	assert.equal(response.status, 503);
	assert.equal(response.headers.get("X-Load-Balancing-Endpoint-Weight"), "3");
	assert.equal(
		((await response.json()) as { serviceProxyHealthy: boolean }).serviceProxyHealthy,
		false,
	);
	healthy = true;
	assert.equal((await ask(port)).status, 200);
});

test("a Service that is not well answers 503 alone", async (t) => {
	const [ill, well] = [await freePort(), await freePort()];
	const checks = checksFor(t, { isHealthy: (key) => key !== KEY });
	checks.set(KEY, health(ill, 1));
	checks.set("shop/back", health(well, 1));
	assert.equal((await answer(ill)).status, 503);
	assert.equal((await answer(well)).status, 200);
});

test("another port of the Service is opened and the old one closed; without one both are", async (t) => {
	const [first, second] = [await freePort(), await freePort()];
	const checks = checksFor(t);
	checks.set(KEY, health(first, 1));
	await answer(first);
	checks.set(KEY, health(second, 1));
	await answer(second);
	await assertRefused(first);
	checks.set(KEY, undefined);
	await assertRefused(second);
	assert.equal(checks.size, 0);
});

test("a port that is taken is tried again, while other Services are answered for", async (t) => {
	const port = await freePort();
	const other = await freePort();
	const taken = createServer((socket) => socket.destroy()).listen(port, "0.0.0.0");
	await once(taken, "listening");
	const checks = checksFor(t);
	checks.set(KEY, health(port, 1));
	checks.set("shop/back", health(other, 1));
	await answer(other);
	taken.close();
	assert.equal((await answer(port)).status, 200);
});

test("a Service that is gone while its port was taken is not answered for later", async (t) => {
	const port = await freePort();
	const taken = createServer().listen(port, "0.0.0.0");
	await once(taken, "listening");
	const checks = checksFor(t);
	checks.set(KEY, health(port, 1));
	checks.set(KEY, undefined);
	taken.close();
	await once(taken, "close");
	await new Promise((resolve) => setTimeout(resolve, 100));
	await assertRefused(port);
});

test("who asks at an address without node ports hears nothing", async (t) => {
	const port = await freePort();
	let served: string[] = [];
	checksFor(t, { isServed: (address) => served.includes(address) }).set(KEY, health(port, 1));
	await until("it closes what connects", async () => {
		const code = await failure(port);
		return code !== "" && code !== "ECONNREFUSED";
	});
	served = ["127.0.0.1"];
	assert.equal((await ask(port)).status, 200);
});

test("a port that is taken is told once, with the Service, however often it is tried again", async (t) => {
	const taken = createServer().listen(0, "0.0.0.0");
	await once(taken, "listening");
	const { port } = taken.address() as { port: number };
	const told: string[] = [];
	const checks = checksFor(t, {
		retryMs: 5,
		onFailure: (key, at, reason) => told.push(`${key} ${at === port} ${reason.split(":")[0]}`),
	});
	checks.set(KEY, health(port, 1));
	await until("it is told", () => told.length > 0);
	await delay(50);
	assert.deepEqual(told, [`${KEY} true listen EADDRINUSE`]);
	taken.close();
	await answer(port);
	assert.equal(told.length, 1);
});
