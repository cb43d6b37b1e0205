import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { ApiAccess, ApiConfigError } from "../../../src/kube/api-access.ts";
import { until } from "../../lib/until.ts";
import { Following, SERVICES, service, startFake, temporaryFile } from "./lib.ts";

/** A certificate for 127.0.0.1 that signs itself. */
function certificate(t: TestContext) {
	const dir = dirname(temporaryFile(t, "unused", ""));
	const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
	const subject = ["-subj", "/CN=fake", "-addext", "subjectAltName=IP:127.0.0.1"];
	const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
	execFileSync(
		"openssl",
		["req", "-x509", ...curve, "-days", "2", ...subject, "-keyout", key, "-out", cert],
		{ stdio: "pipe" },
	);
	return { certFile: cert, cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

function kubeconfig(t: TestContext, cluster: object, user: object): string {
	const config = {
		"current-context": "c",
		contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
		clusters: [{ name: "k", cluster }],
		users: [{ name: "u", user }],
	};
	return temporaryFile(t, "config", JSON.stringify(config));
}

test("a TLS server is verified by the kubeconfig's authority and gets the token", async (t) => {
	const tls = certificate(t);
	const server = await startFake(t, { tls, authorization: "Bearer secret" });
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	const cluster = { server: server.url, "certificate-authority": tls.certFile };
	const following = new Following(t, { kubeconfig: kubeconfig(t, cluster, { token: "secret" }) });
	await following.untilSynced();
	assert.equal(following.clusterIP("web"), "10.96.0.1");
});

test("a TLS server that another authority signed for is not talked to", async (t) => {
	const [own, other] = [certificate(t), certificate(t)];
	const server = await startFake(t, { tls: own });
	const cluster = { server: server.url, "certificate-authority": other.certFile };
	const following = new Following(t, { kubeconfig: kubeconfig(t, cluster, { token: "secret" }) });
	await until("the error is shown", () => /self-signed certificate/.test(following.error()));
	assert.deepEqual(server.requests, []);
});

test("the server's address can be given instead of the kubeconfig's", async (t) => {
	const server = await startFake(t);
	const file = kubeconfig(t, { server: "https://192.0.2.1" }, {});
	assert.equal(new ApiAccess({ kubeconfig: file, server: server.url }).server, server.url);
	const following = new Following(t, { kubeconfig: file, server: `${server.url}/` });
	await following.untilSynced();
});

test("a configuration that cannot be used is an error with the file and the reason", (t) => {
	const context = temporaryFile(t, "a", "clusters: []\nusers: []\ncontexts: []\n");
	for (const [options, reason] of [
		[{ kubeconfig: "/nonexistent/config" }, /^\/nonexistent\/config: ENOENT/],
		[{ kubeconfig: temporaryFile(t, "b", "a: [1\n") }, /b: /],
		[{ kubeconfig: temporaryFile(t, "c", "") }, /c: /],
		[{ kubeconfig: context }, /leads to no cluster with a server/],
		[{ kubeconfig: kubeconfig(t, { server: "nowhere" }, {}) }, /"nowhere" is no URL/],
		[{}, /^in-cluster configuration: .*not in a pod/],
	] as const) {
		assert.throws(
			() => new ApiAccess(options),
			(error) => error instanceof ApiConfigError && reason.test(error.message),
			String(reason),
		);
	}
});
