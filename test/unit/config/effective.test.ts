import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { commandLine } from "../../../src/cli/agent-command.ts";
import { buildProgram } from "../../../src/cli/program.ts";
import { UsageError } from "../../../src/config.ts";
import { configure } from "../../../src/config-effective.ts";
import { optionName, optionsOf, withOptions } from "../../../src/config-flags.ts";
import { defaultConfiguration } from "../../../src/proxy-config/defaults.ts";
import { loadConfiguration } from "../../../src/proxy-config/load.ts";
import { runCli } from "../cli/run-cli.ts";

const HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

/** A file with these fields; removed with the test. */
function fileOf(t: TestContext, fields: string): string {
	const directory = mkdtempSync(join(tmpdir(), "sluice-config-"));
	t.after(() => rmSync(directory, { recursive: true }));
	const file = join(directory, "config.conf");
	writeFileSync(file, HEAD + fields);
	return file;
}

function configured(...flags: string[]): ReturnType<typeof configure> {
	const program = buildProgram({ out: () => undefined, err: () => undefined });
	const command = program.commands.find((one) => one.name() === "agent");
	assert.ok(command);
	command.parseOptions(flags);
	return configure(commandLine(command), { bpfObject: "", inCluster: false, cores: 2 });
}

test("a file says what flags would have said", (t) => {
	const file = fileOf(
		t,
		`clientConnection: { kubeconfig: /var/lib/kube-proxy/kubeconfig.conf }
hostnameOverride: " Node-7 "
bindAddress: 10.0.0.7
healthzBindAddress: 10.0.0.7
metricsBindAddress: 0.0.0.0:9
bindAddressHardFail: true
clusterCIDR: 10.244.0.0/16,fd00::/56
nodePortAddresses: [192.168.0.0/16, "fd00:1::/64"]
detectLocalMode: ClusterCIDR
iptables: { masqueradeAll: true, localhostNodePorts: false, syncPeriod: 10s }
conntrack: { tcpEstablishedTimeout: 2h, tcpCloseWaitTimeout: 5m, udpTimeout: 7s, udpStreamTimeout: 0s }
logging: { verbosity: 3 }
oomScoreAdj: -500
`,
	);
	const { config, warnings } = configured("--config", file);
	assert.deepEqual(warnings, []);
	assert.deepEqual(config.source, {
		kind: "api",
		kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf",
		master: "",
	});
	assert.equal(config.nodeName, "node-7");
	assert.equal(config.nodeAddress, "10.0.0.7");
	assert.deepEqual(config.healthz, { host: "10.0.0.7", port: 10256 });
	assert.deepEqual(config.metrics, { host: "0.0.0.0", port: 9 });
	assert.equal(config.bindHardFail, true);
	assert.deepEqual(config.proxy.clusterCIDRs, ["10.244.0.0/16", "fd00::/56"]);
	assert.deepEqual(config.proxy.nodePortAddresses, ["192.168.0.0/16", "fd00:1::/64"]);
	assert.equal(config.proxy.masqueradeAll, true);
	assert.equal(config.proxy.localhostNodePorts, false);
	assert.equal(config.timeouts.tcpEstablished, 7_200_000);
	assert.equal(config.timeouts.tcpClosing, 300_000);
	assert.equal(config.timeouts.udp, 7000);
	assert.equal(config.timeouts.udpStream, 120_000);
	assert.equal(config.changePatienceMs, 20_000);
	assert.equal(config.verbosity, 3);
	assert.equal(config.oomScoreAdj, -500);
});

test("beside a file, the host name, the master and logging flags count, and Sluice's own", (t) => {
	const file = fileOf(
		t,
		"hostnameOverride: from-file\nlogging: { verbosity: 1 }\nclusterCIDR: 10.0.0.0/8\n",
	);
	const { config, warnings } = configured(
		...["--config", file, "--hostname-override=Flag", "--master=http://m", "-v=4"],
		...["--cluster-cidr=11.0.0.0/8", "--healthz-port=0", "--max-flows=4096", "--vmodule=a=1"],
	);
	assert.equal(config.nodeName, "flag");
	assert.deepEqual(config.source, { kind: "api", kubeconfig: "", master: "http://m" });
	assert.equal(config.verbosity, 4);
	assert.deepEqual(config.proxy.clusterCIDRs, ["10.0.0.0/8"]);
	assert.equal(config.healthz?.port, 10256);
	assert.equal(config.sizes.flows, 4096);
	assert.deepEqual(warnings, [
		"ignored, since --config is given: --cluster-cidr, --healthz-port",
		"--vmodule has no effect: all files log as logging.verbosity (-v) says",
	]);
});

test("a flag that a file takes the place of has no effect where the file leaves its field out", (t) => {
	const { config, warnings } = configured(
		...["--config", fileOf(t, ""), "--manifests=/m", "--cluster-cidr=10.244.0.0/16"],
		...["--nodeport-addresses=10.0.0.0/8", "--detect-local-mode=NodeCIDR"],
	);
	assert.deepEqual(config.proxy.clusterCIDRs, []);
	assert.deepEqual(config.proxy.nodePortAddresses, []);
	assert.equal(config.proxy.detectLocalMode, "ClusterCIDR");
	assert.deepEqual(warnings, [
		"ignored, since --config is given: --detect-local-mode, --cluster-cidr, --nodeport-addresses",
	]);
});

test("the flow table has room for what is set for nf_conntrack's, two entries for each connection", (t) => {
	const flows = (...fields: string[]): number => {
		const file = fileOf(t, `conntrack: { ${fields.join(", ")} }\n`);
		const { config, warnings } = configured("--config", file, "--manifests=/m");
		assert.deepEqual(warnings, []);
		return config.sizes.flows;
	};
	assert.equal(flows(), 262_144);
	assert.equal(flows("maxPerCore: 32768", "min: 131072"), 262_144);
	assert.equal(flows("maxPerCore: 100000"), 400_000);
	assert.equal(flows("maxPerCore: 1000"), 262_144);
	assert.equal(flows("maxPerCore: 1000", "min: 0"), 4000);
	assert.equal(flows("min: 500000"), 1_000_000);
	assert.equal(flows("maxPerCore: 2000000000"), 2_097_152);
	assert.equal(flows("min: 2000000"), 2_097_152);
	assert.equal(flows("maxPerCore: 0", "min: 500000"), 262_144);
	const given = configured("--kubeconfig=/k", "--conntrack-min=500000");
	assert.deepEqual([given.config.sizes.flows, given.warnings], [1_000_000, []]);
	const own = configured("--kubeconfig=/k", "--conntrack-min=500000", "--max-flows=4096");
	assert.equal(own.config.sizes.flows, 4096);
});

test("a directory of manifests takes the place of a file's kubeconfig", (t) => {
	const file = fileOf(t, "clientConnection: { kubeconfig: /k }\n");
	const { config } = configured("--config", file, "--manifests=/m");
	assert.deepEqual(config.source, { kind: "manifests", directory: "/m" });
});

test("a file that is wrong or missing is named with everything that is wrong", (t) => {
	const file = fileOf(t, "oomScoreAdj: 2000\nmode: userspace\n");
	const refused = (path: string, message: RegExp): void => {
		assert.throws(
			() => configured("--config", path),
			(error: unknown) => error instanceof UsageError && message.test(error.message),
		);
	};
	refused(file, /^--config .*config.conf: oomScoreAdj: .*; mode: must be one of/);
	refused("/nowhere/at/all", /^--config \/nowhere\/at\/all: ENOENT/);
});

test("in mode ipvs its timeouts count, and elsewhere they are answered with a warning", () => {
	const flags = ["--ipvs-tcp-timeout=15m", "--ipvs-tcpfin-timeout=90s", "--ipvs-udp-timeout=3m"];
	const ipvs = configured("--manifests=/m", "--proxy-mode=ipvs", "--ipvs-sync-period=5s", ...flags);
	const { timeouts, changePatienceMs } = ipvs.config;
	assert.deepEqual(
		[timeouts.tcpEstablished, timeouts.tcpClosing, timeouts.udpStream],
		[900_000, 90_000, 180_000],
	);
	assert.equal(changePatienceMs, 10_000);
	assert.deepEqual(ipvs.warnings, [
		"--proxy-mode has no effect: the mode is always ebpf, with this mode's settings and defaults",
	]);
	const iptables = configured("--manifests=/m", ...flags);
	assert.equal(iptables.config.timeouts.udpStream, 120_000);
	assert.equal(
		iptables.warnings[0],
		"--ipvs-tcp-timeout has no effect: it counts in mode ipvs only",
	);
});

test("the deprecated port flags turn servers off, or complete an address", () => {
	const off = configured("--manifests=/m", "--healthz-port=0", "--metrics-port=0");
	assert.equal(off.config.healthz, undefined);
	assert.equal(off.config.metrics, undefined);
	assert.match(
		off.warnings[0] ?? "",
		/^--healthz-port is deprecated: .* use --healthz-bind-address$/,
	);
	const other = configured("--manifests=/m", "--healthz-port=99", "--healthz-bind-address=::1");
	assert.deepEqual(other.config.healthz, { host: "::1", port: 99 });
	const alone = configured("--manifests=/m", "--metrics-port=99");
	assert.equal(alone.config.metrics?.port, 10249);
});

test("flags for fields make the configuration that a file with them makes, and back", () => {
	const flags = {
		featureGates: "A=true,B=false",
		kubeApiQps: "2.5",
		ipvsStrictArp: "true",
		ipvsExcludeCidrs: "10.0.0.0/8,fd00::/8",
		vmodule: "a=1,b=2",
		oomScoreAdj: "-7",
		configSyncPeriod: "1h0m0s",
		masqueradeAll: "true",
		proxyMode: "nftables",
		nodeportAddresses: "primary",
	};
	const configuration = withOptions(defaultConfiguration(), flags);
	assert.deepEqual(
		configuration,
		loadConfiguration(`${HEAD}featureGates: { A: true, B: false }
clientConnection: { qps: 2.5 }
ipvs: { strictARP: true, excludeCIDRs: [10.0.0.0/8, "fd00::/8"] }
logging: { vmodule: [{ filePattern: a, verbosity: 1 }, { filePattern: b, verbosity: 2 }] }
oomScoreAdj: -7
configSyncPeriod: 1h
mode: nftables
nftables: { masqueradeAll: true }
`).configuration,
	);
	const options = optionsOf(configuration);
	for (const [name, text] of Object.entries(flags)) assert.equal(options[name], text, name);
	assert.deepEqual(withOptions(defaultConfiguration(), options), configuration);
	assert.equal(optionName("kube-api-qps"), "kubeApiQps");
});

test("--write-config-to writes what the flags or the file say, and needs no source of objects", async (t) => {
	const file = fileOf(t, "oomScoreAdj: -1\nudpIdleTimeout: 1s\n");
	const written = `${file}.out`;
	const { out, err, error } = await runCli("agent", "--config", file, "--write-config-to", written);
	assert.equal(error, undefined);
	assert.equal(out, `wrote ${written}\n`);
	assert.match(err, /^sluice: the configuration is decoded leniently, .*"udpIdleTimeout"\n$/);
	assert.match(readFileSync(written, "utf8"), /^oomScoreAdj: -1$/m);
	await runCli("agent", "--cluster-cidr=10.0.0.0/8", `--write-config-to=${written}`);
	assert.match(readFileSync(written, "utf8"), /^clusterCIDR: 10.0.0.0\/8$/m);
	const missing = await runCli("agent", "--write-config-to=/nowhere/at/all");
	assert.match(missing.error?.message ?? "", /ENOENT/);
});

test("in mode nftables node ports are served at the primary addresses, unless told otherwise", (t) => {
	const addresses = (...flags: string[]) =>
		configured("--manifests=/m", ...flags).config.proxy.nodePortAddresses;
	assert.deepEqual(addresses(), []);
	assert.deepEqual(addresses("--proxy-mode=nftables"), ["primary"]);
	assert.deepEqual(addresses("--config", fileOf(t, "mode: nftables\n")), ["primary"]);
	const given = ["--proxy-mode=nftables", "--nodeport-addresses=10.0.0.0/8"];
	assert.deepEqual(addresses(...given), ["10.0.0.0/8"]);
});
