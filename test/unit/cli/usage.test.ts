import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../../src/config.ts";
import { runCli } from "./run-cli.ts";

test("the agent wants exactly one source of objects", async () => {
	const none = await runCli("agent");
	assert.ok(none.error instanceof UsageError);
	assert.match(none.error.message, /one of --kubeconfig, --master or --manifests/);
	const both = await runCli("agent", "--manifests", "/m", "--kubeconfig", "/k");
	assert.match(both.error?.message ?? "", /--manifests cannot be combined/);
});

test("kube-proxy's configuration file is refused, not ignored", async () => {
	const { error } = await runCli("agent", "--manifests=/m", "--config", "/var/lib/kube-proxy.conf");
	assert.ok(error instanceof UsageError);
	assert.match(error.message, /^--config: configuration files are not supported yet/);
});

test("a bad value is named together with its flag", async () => {
	const cases = [
		[["--masquerade-ports=9-8"], '--masquerade-ports: port range "9-8" ends before it begins'],
		[["--socket-lb=perhaps"], '--socket-lb: "perhaps" is neither on nor off'],
		[["--max-flows=1"], '--max-flows: "1" is not a whole number from 16'],
		[["--conntrack-udp-timeout=5"], '--conntrack-udp-timeout: "5" is not a duration'],
		[["--flow-timeouts=sctp=5s"], '--flow-timeouts: "sctp" is none of tcp-syn, tcp-closed, icmp'],
		[["--healthz-bind-address=localhost:1"], '--healthz-bind-address: "localhost:1" is not'],
		[["--pin-path=relative"], '--pin-path: "relative" is not an absolute path'],
	] as const;
	for (const [flags, message] of cases) {
		const { error } = await runCli("agent", "--manifests=/m", ...flags);
		assert.ok(error?.message.startsWith(message), `${flags}: ${error?.message}`);
	}
});

test("an unknown command or option is an error that names it", async () => {
	assert.match((await runCli("serve")).err, /unknown command 'serve'/);
	assert.match((await runCli("agent", "--frobnicate")).err, /unknown option '--frobnicate'/);
	assert.match((await runCli("services", "-o", "xml")).err, /Allowed choices are table, wide/);
});

test("deleting flows without a filter needs --all", async () => {
	const { error } = await runCli("flows", "--delete", "--pin-path", "/nowhere");
	assert.ok(error instanceof UsageError);
	assert.match(error.message, /add --all/);
});

test("a reader says where it looked when nothing is pinned there", async () => {
	for (const command of ["services", "backends", "flows", "status", "maps"]) {
		const { error } = await runCli(command, "--pin-path", "/nowhere/at/all");
		assert.match(error?.message ?? "", /nothing is pinned at \/nowhere\/at\/all/, command);
	}
});

test("plan prints frontends and what is skipped, and refuses a directory that is not there", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "sluice-plan-"));
	t.after(() => rmSync(directory, { recursive: true }));
	writeFileSync(
		join(directory, "web.yaml"),
		`apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec:
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10]
  ports: [{ name: http, port: 80, protocol: TCP, targetPort: 8080 }]
---
apiVersion: v1
kind: Secret
metadata: { name: other, namespace: shop }
`,
	);
	const { out, error } = await runCli("plan", "--manifests", directory, "--hostname-override", "n");
	assert.equal(error, undefined);
	const plan = JSON.parse(out);
	assert.deepEqual(plan.frontends, [
		{
			service: "shop/web:http",
			type: "ClusterIP",
			address: "10.96.0.10",
			port: 80,
			protocol: "TCP",
			internal: { action: "reject", backends: [] },
			external: { action: "reject", backends: [] },
		},
	]);
	assert.equal(plan.skipped.length, 1);
	const missing = await runCli("plan", "--manifests", join(directory, "missing"));
	assert.ok(missing.error instanceof UsageError);
});
