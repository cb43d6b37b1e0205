import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { agentCommand } from "../../../src/cli/agent-command.ts";
import { processIo } from "../../../src/cli/io.ts";
import { UsageError } from "../../../src/config.ts";
import { runCli } from "./run-cli.ts";

/** As the command's reference lists them, without what is Windows's and cAdvisor's. */
const KUBE_PROXY_FLAGS = `
add_dir_header alsologtostderr bind-address bind-address-hard-fail cleanup cluster-cidr config
config-sync-period conntrack-max-per-core conntrack-min conntrack-tcp-be-liberal
conntrack-tcp-timeout-close-wait conntrack-tcp-timeout-established conntrack-udp-timeout
conntrack-udp-timeout-stream detect-local-mode feature-gates healthz-bind-address healthz-port
hostname-override init-only iptables-localhost-nodeports iptables-masquerade-bit
iptables-min-sync-period iptables-sync-period ipvs-exclude-cidrs ipvs-min-sync-period
ipvs-scheduler ipvs-strict-arp ipvs-sync-period ipvs-tcp-timeout ipvs-tcpfin-timeout
ipvs-udp-timeout kube-api-burst kube-api-content-type kube-api-qps kubeconfig log_backtrace_at
log_dir log_file log_file_max_size log-flush-frequency log-json-info-buffer-size
log-json-split-stream log-text-info-buffer-size log-text-split-stream logging-format logtostderr
masquerade-all master metrics-bind-address metrics-port nodeport-addresses one_output
oom-score-adj pod-bridge-interface pod-interface-name-prefix profiling proxy-mode
show-hidden-metrics-for-version skip_headers skip_log_headers stderrthreshold v version vmodule
write-config-to`;

test("the agent knows every flag of kube-proxy", () => {
	const known = new Set(agentCommand(processIo).options.map(({ long }) => long));
	const unknown = KUBE_PROXY_FLAGS.trim()
		.split(/\s+/)
		.filter((name) => !known.has(`--${name}`));
	assert.deepEqual(unknown, []);
});

test("the agent wants exactly one source of objects", async () => {
	const none = await runCli("agent");
	assert.ok(none.error instanceof UsageError);
	assert.match(none.error.message, /one of --kubeconfig, --master or --manifests/);
	const both = await runCli("agent", "--manifests", "/m", "--kubeconfig", "/k");
	assert.match(both.error?.message ?? "", /--manifests cannot be combined/);
});

test("a bad value is named together with its flag", async () => {
	const cases = [
		[["--masquerade-ports=9-8"], '--masquerade-ports: port range "9-8" ends before it begins'],
		[["--socket-lb=perhaps"], '--socket-lb: "perhaps" is neither on nor off'],
		[["--max-flows=1"], '--max-flows: "1" is not a whole number from 16'],
		[["--conntrack-udp-timeout=5"], '--conntrack-udp-timeout: "5" is not a duration'],
		[
			["--flow-timeouts=dccp=5s"],
			'--flow-timeouts: "dccp" is none of tcp-syn, tcp-closed, icmp, sctp',
		],
		[["--healthz-bind-address=localhost:1"], '--healthz-bind-address: "localhost:1" is not'],
		[["--iptables-masquerade-bit=32"], "--iptables-masquerade-bit: must be from 0 to 31, is 32"],
		[["--oom-score-adj=x"], '--oom-score-adj: "x" is not understood'],
		[["--proxy-mode=userspace"], "--proxy-mode: must be one of empty, iptables, ipvs, nftables"],
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
			internal: { action: "reject", backends: [], keepSource: true },
			external: { action: "reject", backends: [], keepSource: true },
			affinitySeconds: 0,
			sourceRanges: [],
			healthCheckNodePort: 0,
		},
	]);
	assert.equal(plan.skipped.length, 1);
	const flags = ["--masquerade-all", "-o", "maps", "--hostname-override", "n"];
	const all = await runCli("plan", "--manifests", directory, ...flags);
	assert.match(all.out, /10\.96\.0\.10:80\/TCP internal -> .* \(masquerade\)/);
	const missing = await runCli("plan", "--manifests", join(directory, "missing"));
	assert.ok(missing.error instanceof UsageError);
});

test("agent --version says what sluice version says", async () => {
	const { out, error } = await runCli("agent", "--version");
	assert.equal(error, undefined);
	assert.equal(out, (await runCli("version")).out);
});
