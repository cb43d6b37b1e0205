import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Registry } from "@prometheus-io/client";
import { ApiAccess } from "../../../src/kube/api-access.ts";
import { ApiClient } from "../../../src/kube/api-client.ts";
import { RestClientMetrics } from "../../../src/serve/rest-client-metrics.ts";
import { temporaryFile } from "../kube/lib.ts";

/** A server that answers with the status in a path, or hangs up, and a client of it. */
async function counted(t: TestContext) {
	const server = createServer((request, response) => {
		const status = Number(/^\/(\d+)/.exec(request.url ?? "")?.[1]);
		if (status === 0) request.socket.destroy();
		else response.writeHead(status).end("{}");
	});
	t.after(() => server.close());
	await once(server.listen(0, "127.0.0.1"), "listening");
	const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	const config = {
		"current-context": "c",
		contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
		clusters: [{ name: "k", cluster: { server: `http://${host}` } }],
		users: [{ name: "u", user: {} }],
	};
	const kubeconfig = temporaryFile(t, "config", JSON.stringify(config));
	const metrics = new RestClientMetrics();
	const client = new ApiClient(new ApiAccess({ kubeconfig }), undefined, metrics);
	const get = async (path: string): Promise<void> => {
		const response = await client.get(path, new AbortController().signal).catch(() => undefined);
		if (response === undefined) return;
		response.resume();
		await once(response, "close");
	};
	const write = (method: "POST" | "PATCH", path: string): Promise<void> =>
		client.write(method, path, { a: 1 }, new AbortController().signal);
	const shown = async (): Promise<string> => {
		const registry = new Registry();
		metrics.addTo(registry);
		return (await registry.metrics()).replaceAll(host, "HOST");
	};
	return { get, write, shown };
}

/** The value of a line, by all its text before. */
function shownValue(text: string, line: string): number | undefined {
	const found = text.split("\n").find((one) => one.startsWith(`${line} `));
	return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

test("requests to the API server are counted as client-go counts them", async (t) => {
	const { get, shown } = await counted(t);
	for (const path of ["/200", "/200", "/503", "/0"]) await get(path);
	const text = await shown();
	const total = (code: string) =>
		shownValue(text, `rest_client_requests_total{code="${code}",method="GET",host="HOST"}`);
	assert.deepEqual(["200", "503", "<error>", "404"].map(total), [2, 1, 1, undefined]);
});

test("a refused token is a request of its own beside the one with the new token", async (t) => {
	const { get, shown } = await counted(t);
	await get("/401");
	const line = 'rest_client_requests_total{code="401",method="GET",host="HOST"}';
	assert.equal(shownValue(await shown(), line), 2);
});

test("the time of every request is kept but that of watches", async (t) => {
	const { get, shown } = await counted(t);
	for (const path of ["/200", "/0", "/200?watch=true", "/0?watch=true"]) await get(path);
	const text = await shown();
	const name = "rest_client_request_duration_seconds";
	assert.equal(shownValue(text, `${name}_count{verb="GET",host="HOST"}`), 2);
	assert.match(text, new RegExp(`${name}_bucket\\{le="0.005",verb="GET",host="HOST"\\}`));
	assert.match(text, new RegExp(`${name}_bucket\\{le="60",verb="GET",host="HOST"\\} 2`));
});

test("requests that write are counted by their method, and rejected as the server says", async (t) => {
	const { write, shown } = await counted(t);
	await write("POST", "/201");
	await write("PATCH", "/200");
	await assert.rejects(write("POST", "/403"), /the API server answers 403/);
	const text = await shown();
	for (const labels of [
		'code="201",method="POST",host="HOST"',
		'code="200",method="PATCH",host="HOST"',
		'code="403",method="POST",host="HOST"',
	]) {
		assert.equal(shownValue(text, `rest_client_requests_total{${labels}}`), 1, text);
	}
});
