/** The same configuration files for Sluice and for the real kube-proxy. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";
import { ConfigurationError } from "../../src/proxy-config/configuration-error.ts";
import { defaultConfiguration } from "../../src/proxy-config/defaults.ts";
import { toJson } from "../../src/proxy-config/encode.ts";
import { loadConfiguration } from "../../src/proxy-config/load.ts";
import { kubeadmConfig } from "../lib/kubeadm-config.ts";
import { program } from "./lib/programs.ts";

const HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";
const directory = mkdtempSync(join(tmpdir(), "sluice-configuration-"));
after(() => rmSync(directory, { recursive: true }));

type Fields = Record<string, unknown>;

/** Values that kube-proxy keeps elsewhere: the mode's default, and periods of modes that it does not run. */
function comparable(fields: Fields): Fields {
	const mode = String(fields.mode || "iptables");
	const section = (name: string): Fields => {
		const { syncPeriod, minSyncPeriod, ...rest } = fields[name] as Fields;
		return name === mode ? { ...rest, syncPeriod, minSyncPeriod } : rest;
	};
	const ports = fields.nodePortAddresses ?? [];
	return {
		...fields,
		mode,
		nodePortAddresses: ports,
		iptables: section("iptables"),
		ipvs: section("ipvs"),
		nftables: section("nftables"),
	};
}

/** What kube-proxy makes of a file; undefined: it refuses it. */
function kubeProxy(text: string): { fields: Fields; isLenient: boolean } | undefined {
	const [file, written] = [join(directory, "in.yaml"), join(directory, "out.yaml")];
	writeFileSync(file, text);
	const argv = [`--config=${file}`, `--write-config-to=${written}`];
	const { status, stderr } = spawnSync(program("kube-proxy"), argv, { encoding: "utf8" });
	if (status !== 0) return undefined;
	const fields = comparable(parse(readFileSync(written, "utf8")));
	return { fields, isLenient: /lenient/i.test(stderr) };
}

function sluice(text: string): ReturnType<typeof kubeProxy> {
	try {
		const { configuration, warnings } = loadConfiguration(text);
		return {
			fields: comparable(toJson(configuration)),
			isLenient: warnings.some((warning) => warning.includes("leniently")),
		};
	} catch (error) {
		assert.ok(error instanceof ConfigurationError, String(error));
		return undefined;
	}
}

const FILES: readonly string[] = [
	"",
	HEAD,
	`${HEAD}---\n`,
	`${HEAD}---\n${HEAD}mode: ipvs\n`,
	`${HEAD}mode: ipvs\n---\nmode: [\n`,
	HEAD.replace("v1alpha1", "v1"),
	HEAD.replace("KubeProxy", "Kubelet"),
	kubeadmConfig(),
	...[
		"bindAddressHardFail: yes",
		"bindAddressHardFail: y",
		"bindAddressHardFail: 'true'",
		"hostnameOverride: n",
		"hostnameOverride: 7",
		"hostnameOverride: 2001-01-01",
		"hostnameOverride: 1:30",
		"iptables: { masqueradeBit: 014 }",
		"iptables: { masqueradeBit: 1_4 }",
		"iptables: { masqueradeBit: 32 }",
		"iptables: { masqueradeBit: 1.5 }",
		"iptables: { syncPeriod: 1.5h, minSyncPeriod: 90s }",
		"iptables: { syncPeriod: 30 }",
		"iptables: { syncPeriod: 1s, minSyncPeriod: 2s }",
		"iptables: { localhostNodePorts: false, masqueradeAll: true }",
		"iptables: null",
		"iptables: []",
		"mode: ipvs\nipvs: { tcpTimeout: 15m, excludeCIDRs: [10.0.0.0/8], strictARP: true }",
		"mode: ipvs\nipvs: { excludeCIDRs: [ten] }",
		"ipvs: { excludeCIDRs: [ten] }",
		"mode: ipvs\nipvs: { udpTimeout: -1s }",
		"mode: nftables\nnftables: { masqueradeAll: true, syncPeriod: 5s }",
		"mode: nftables\nnodePortAddresses: [10.0.0.0/8]",
		"mode: userspace",
		"clusterCidr: 10.0.0.0/8",
		"clusterCIDR: 10.0.0.0/8,fd00::/8",
		"clusterCIDR: 10.0.0.0/8,11.0.0.0/8",
		"clusterCIDR: pods",
		"detectLocalMode: NodeCIDR\nclusterCIDR: pods",
		"detectLocalMode: BridgeInterface",
		"detectLocalMode: BridgeInterface\ndetectLocal: { bridgeInterface: cni0 }",
		"detectLocalMode: Magic",
		"nodePortAddresses: [primary]",
		"nodePortAddresses: [primary, 10.0.0.0/8]",
		"nodePortAddresses: [10.0.0.1]",
		"nodePortAddresses: 10.0.0.0/8",
		"bindAddress: '::'",
		"bindAddress: node1",
		"healthzBindAddress: 10.0.0.1",
		"healthzBindAddress: localhost:1",
		"metricsBindAddress: '::1'",
		"metricsBindAddress: 0.0.0.0:0",
		"oomScoreAdj: 0",
		"oomScoreAdj: -1001",
		"conntrack: { maxPerCore: 0, min: 5, tcpEstablishedTimeout: 0s, udpTimeout: 1m30s }",
		"conntrack: { min: -1 }",
		"conntrack: { tcpCloseWaitTimeout: -1s }",
		"configSyncPeriod: -1m",
		"clientConnection: { qps: 2.5, burst: 7, kubeconfig: /k, acceptContentTypes: a }",
		"clientConnection: { burst: -1 }",
		"logging: { verbosity: 4, format: json }",
		"logging: { format: xml }",
		"logging: { flushFrequency: 2s, vmodule: [{ filePattern: a, verbosity: 2 }] }",
		"logging: { options: { text: { infoBufferSize: 5x } } }",
		"winkernel: { enableDSR: true }\nwindowsRunAsService: true",
		"mode: iptables\nmode: ipvs",
		"udpIdleTimeout: 250ms",
		"mode: [",
	].map((fields) => `${HEAD}${fields}\n`),
];

for (const text of FILES) {
	const name = JSON.stringify(text.replace(HEAD, "").slice(0, 70));
	test(`Sluice takes or refuses, and understands as kube-proxy does: ${name}`, () => {
		assert.deepEqual(sluice(text), kubeProxy(text));
	});
}

test("the defaults are those of kube-proxy", () => {
	assert.deepEqual(comparable(toJson(defaultConfiguration())), kubeProxy(HEAD)?.fields);
});
