import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationError } from "../../../src/proxy-config/configuration-error.ts";
import { defaultConfiguration } from "../../../src/proxy-config/defaults.ts";
import { loadConfiguration } from "../../../src/proxy-config/load.ts";
import { kubeadmConfig } from "../../lib/kubeadm-config.ts";

const HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

/** The problems that a file is refused for. */
function problems(text: string): readonly string[] {
	try {
		loadConfiguration(text);
	} catch (error) {
		assert.ok(error instanceof ConfigurationError, String(error));
		return error.problems;
	}
	return [];
}

test("kubeadm's file says what kube-proxy's defaults say, but for kubeconfig and cluster CIDR", () => {
	const { configuration, warnings } = loadConfiguration(kubeadmConfig());
	const defaults = defaultConfiguration();
	assert.deepEqual(warnings, []);
	assert.deepEqual(configuration, {
		...defaults,
		clusterCIDR: "10.244.0.0/16",
		clientConnection: {
			...defaults.clientConnection,
			kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf",
		},
	});
});

test("JSON is read too, tabs and all", () => {
	const json = JSON.stringify(
		{
			apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
			kind: "KubeProxyConfiguration",
			nodePortAddresses: ["primary"],
			logging: { vmodule: [{ filePattern: "proxier", verbosity: 4 }] },
		},
		null,
		"\t",
	);
	const { configuration } = loadConfiguration(json);
	assert.deepEqual(configuration.nodePortAddresses, ["primary"]);
	assert.deepEqual(configuration.logging.vmodule, [{ filePattern: "proxier", verbosity: 4 }]);
});

test("plain words are read as Kubernetes reads YAML: yes is true, times and dates are text", () => {
	const text = `${HEAD}bindAddressHardFail: yes\nhostnameOverride: 2001-01-01\niptables: { masqueradeBit: 014 }\nportRange: 1:30\n`;
	const { configuration } = loadConfiguration(text);
	assert.equal(configuration.bindAddressHardFail, true);
	assert.equal(configuration.hostnameOverride, "2001-01-01");
	assert.equal(configuration.portRange, "1:30");
	assert.equal(configuration.iptables.masqueradeBit, 12);
	assert.deepEqual(problems(`${HEAD}hostnameOverride: n\n`), [
		"hostnameOverride: must be text, is false",
	]);
});

test("what a strict decoder refuses is left out with one warning that names it", () => {
	const { configuration, warnings } = loadConfiguration(
		`${HEAD}clusterCidr: 10.0.0.0/8\niptables: { masqueradeAll: true, masqueradeAll: false, bit: 3 }\nudpIdleTimeout: 250ms\n`,
	);
	assert.equal(configuration.clusterCIDR, "");
	assert.equal(configuration.iptables.masqueradeAll, false);
	assert.deepEqual(warnings, [
		"the configuration is decoded leniently, since strictly it fails: " +
			'unknown field "clusterCidr" (the field is called "clusterCIDR"), ' +
			'unknown field "udpIdleTimeout", unknown field "iptables.bit", ' +
			'duplicate field "iptables.masqueradeAll"',
	]);
});

test("only the first document counts, whatever is behind it, and the log says so", () => {
	const { configuration, warnings } = loadConfiguration(
		`---\n# nothing\n---\n${HEAD}oomScoreAdj: 1\n---\n${HEAD}oomScoreAdj: 2\n---\nmode: [\n`,
	);
	assert.equal(configuration.oomScoreAdj, 1);
	assert.deepEqual(warnings, [
		"only the first document of the file is read, as by kube-proxy: 2 more",
	]);
	assert.match(problems(`mode: [\n---\n${HEAD}`)[0] ?? "", /^line \d+, column \d+: /);
});

test("a file that is not a configuration of this version is refused", () => {
	assert.deepEqual(problems(""), ["the file is empty"]);
	assert.deepEqual(problems("# nothing\n"), ["the file is empty"]);
	assert.deepEqual(problems("[1]"), ["the file is not an object with fields"]);
	assert.deepEqual(problems("mode: ipvs"), [
		"apiVersion: is missing, must be kubeproxy.config.k8s.io/v1alpha1",
		"kind: is missing, must be KubeProxyConfiguration",
	]);
	assert.deepEqual(problems(HEAD.replace("v1alpha1", "v1")), [
		'apiVersion: must be kubeproxy.config.k8s.io/v1alpha1, is "kubeproxy.config.k8s.io/v1"',
	]);
	assert.match(problems(`${HEAD}mode: [`)[0] ?? "", /^line 3, column 8: /);
	assert.deepEqual(problems(`---\n${HEAD}---\n`), []);
});

test("each value of a wrong type is named by the path of its field", () => {
	const text = `${HEAD}mode: 3
hostnameOverride: 7
bindAddressHardFail: "true"
iptables: { masqueradeBit: 1.5, syncPeriod: 30 }
conntrack: 5
nodePortAddresses: 10.0.0.0/8
featureGates: { A: 1 }
oomScoreAdj: 4294967296
ipvs: { excludeCIDRs: [1], tcpTimeout: 5 minutes }
logging: { flushFrequency: 5x, vmodule: [{}], options: { text: { infoBufferSize: [] } } }
clientConnection: { qps: fast }
`;
	assert.deepEqual(problems(text), [
		'featureGates: must be an object of true and false, is {"A":1}',
		'clientConnection.qps: must be a number, is "fast"',
		'logging.flushFrequency: must be a duration in text, such as "30s" or "1h30m", is "5x"',
		"logging.vmodule: must be a list of filePattern and verbosity, is [{}]",
		"logging.options.text.infoBufferSize: must be a quantity, such as 0 or 64Ki, is []",
		"hostnameOverride: must be text, is 7",
		'bindAddressHardFail: must be true or false, is "true"',
		"mode: must be text, is 3",
		"iptables.masqueradeBit: must be a whole number of 32 bits, is 1.5",
		'iptables.syncPeriod: must be a duration in text, such as "30s" or "1h30m", is 30',
		"ipvs.excludeCIDRs: must be a list of texts, is [1]",
		'ipvs.tcpTimeout: must be a duration in text, such as "30s" or "1h30m", is "5 minutes"',
		'nodePortAddresses: must be a list of texts, is "10.0.0.0/8"',
		"oomScoreAdj: must be a whole number of 32 bits, is 4294967296",
		"conntrack: must be an object, is 5",
	]);
});

test("kube-proxy's rules for values are kept, with the path of the field", () => {
	const cases: readonly [fields: string, problem: RegExp | undefined][] = [
		["mode: userspace", /^mode: must be one of empty, iptables, ipvs, nftables, is "userspace"$/],
		["logging: { format: xml }", /^logging.format: must be one of text, json, is "xml"$/],
		["detectLocalMode: Magic", /^detectLocalMode: must be one of ClusterCIDR, .*, is "Magic"$/],
		["iptables: { masqueradeBit: 32 }", /^iptables.masqueradeBit: must be from 0 to 31, is 32$/],
		["nftables: { masqueradeBit: 32 }", undefined],
		["mode: nftables\nnftables: { masqueradeBit: 32 }", /^nftables.masqueradeBit: /],
		["oomScoreAdj: -1001", /^oomScoreAdj: must be from -1000 to 1000, is -1001$/],
		["conntrack: { min: -1 }", /^conntrack.min: must not be negative, is -1$/],
		["conntrack: { udpTimeout: -1s }", /^conntrack.udpTimeout: must not be negative, is "-1s"$/],
		["clientConnection: { burst: -1 }", /^clientConnection.burst: must not be negative, is -1$/],
		["configSyncPeriod: -1m", /^configSyncPeriod: must be more than 0, is "-1m0s"$/],
		["iptables: { syncPeriod: -1s, minSyncPeriod: -2s }", /^iptables.syncPeriod: must be more/],
		[
			"iptables: { syncPeriod: 1s, minSyncPeriod: 2s }",
			/^iptables.minSyncPeriod: must not be longer than iptables.syncPeriod, is "2s"$/,
		],
		["mode: ipvs\nipvs: { tcpTimeout: -1s }", /^ipvs.tcpTimeout: must not be negative/],
		["ipvs: { tcpTimeout: -1s }", undefined],
		["mode: ipvs\nipvs: { excludeCIDRs: [a] }", /^ipvs.excludeCIDRs\[0\]: must be an address/],
		["bindAddress: node1", /^bindAddress: must be an address, is "node1"$/],
		["healthzBindAddress: localhost:1", /^healthzBindAddress: must be an address with a port/],
		["metricsBindAddress: 0.0.0.0:0", /^metricsBindAddress: must be an address with a port/],
		["metricsBindAddress: '[::1]'", undefined],
		["nodePortAddresses: [10.0.0.0/8, primary]", /^nodePortAddresses\[1\]: cannot stand beside/],
		["nodePortAddresses: [10.0.0.1]", /^nodePortAddresses\[0\]: must be an address and a prefix/],
		["detectLocalMode: BridgeInterface", /^detectLocal.bridgeInterface: must be given with/],
		["detectLocalMode: InterfaceNamePrefix", /^detectLocal.interfaceNamePrefix: must be given/],
		["clusterCIDR: 10.0.0.0/8,fd00::/8", undefined],
		["clusterCIDR: 10.0.0.0/8,11.0.0.0/8", /^clusterCIDR: must be an address and a prefix length,/],
		["clusterCIDR: pods", /^clusterCIDR: must be/],
		["detectLocalMode: NodeCIDR\nclusterCIDR: pods", undefined],
	];
	for (const [fields, expected] of cases) {
		const [problem] = problems(`${HEAD}${fields}\n`);
		if (expected === undefined) assert.equal(problem, undefined, fields);
		else assert.match(problem ?? "", expected, fields);
	}
});

test("defaults depend on the family of bindAddress, and ports are appended", () => {
	const { configuration } = loadConfiguration(`${HEAD}bindAddress: "::"\n`);
	assert.equal(configuration.healthzBindAddress, "[::]:10256");
	assert.equal(configuration.metricsBindAddress, "[::1]:10249");
	const given = loadConfiguration(
		`${HEAD}healthzBindAddress: "fd00::1"\nmetricsBindAddress: 1.2.3.4\n`,
	);
	assert.equal(given.configuration.healthzBindAddress, "[fd00::1]:10256");
	assert.equal(given.configuration.metricsBindAddress, "1.2.3.4:10249");
});

test("a zero that a pointer points to is not a missing value", () => {
	const text = `${HEAD}oomScoreAdj: 0\nconntrack: { maxPerCore: 0, tcpEstablishedTimeout: 0s }\niptables: { localhostNodePorts: false }\n`;
	const { configuration } = loadConfiguration(text);
	assert.equal(configuration.oomScoreAdj, 0);
	assert.equal(configuration.conntrack.maxPerCore, 0);
	assert.equal(configuration.conntrack.tcpEstablishedTimeout, 0);
	assert.equal(configuration.iptables.localhostNodePorts, false);
});

test("a field without effect is answered with what happens instead, when it asks for something else", () => {
	const text = `${HEAD}mode: ipvs
ipvs: { strictARP: true, scheduler: wrr }
clientConnection: { contentType: application/json, burst: 20 }
logging: { format: json, verbosity: 4 }
windowsRunAsService: false
`;
	assert.deepEqual(loadConfiguration(text).warnings, [
		"clientConnection.burst has no effect: four watches are all that is asked of the server",
		"mode has no effect: the mode is always ebpf, with this mode's settings and defaults",
		"ipvs.scheduler has no effect: backends are picked at random",
		"ipvs.strictARP has no effect: no service address is put on a device",
	]);
});
