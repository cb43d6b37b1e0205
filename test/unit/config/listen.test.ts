import assert from "node:assert/strict";
import { test } from "node:test";
import { configure } from "../../../src/config-effective.ts";

/** Where an agent with these options serves health and metrics. */
function listening(options: {
	bindAddress: string;
	healthzBindAddress?: string;
	metricsBindAddress?: string;
}) {
	const others = {
		manifests: "/manifests",
		pinPath: "/sys/fs/bpf/sluice",
		socketLb: "on",
		forwarding: "auto",
		tcAttach: "auto",
		masqueradePorts: "61000-65535",
		maxServices: "1000",
		maxBackends: "1000",
		maxFlows: "1000",
		maxHalfOpen: "100",
		minSyncPeriod: "0s",
		conntrackTcpTimeoutEstablished: "0s",
		conntrackTcpTimeoutCloseWait: "0s",
		conntrackUdpTimeout: "0s",
		conntrackUdpTimeoutStream: "0s",
		v: "0",
	};
	const environment = { inCluster: false, bpfObject: "", cores: 2 };
	const line = { options: { ...others, ...options }, given: new Set<string>() };
	const { healthz, metrics } = configure(line, environment).config;
	return [healthz, metrics].map((at) => (at === undefined ? "off" : `${at.host} ${at.port}`));
}

test("health and metrics are served in the family of --bind-address, as by kube-proxy", () => {
	assert.deepEqual(listening({ bindAddress: "0.0.0.0" }), ["0.0.0.0 10256", "127.0.0.1 10249"]);
	assert.deepEqual(listening({ bindAddress: "10.0.0.7" }), ["0.0.0.0 10256", "127.0.0.1 10249"]);
	assert.deepEqual(listening({ bindAddress: "::" }), [":: 10256", "::1 10249"]);
	assert.deepEqual(listening({ bindAddress: "fd00::7" }), [":: 10256", "::1 10249"]);
});

test("what is given for them counts, whatever --bind-address says", () => {
	const given = { healthzBindAddress: "0.0.0.0:1", metricsBindAddress: "" };
	assert.deepEqual(listening({ bindAddress: "::", ...given }), ["0.0.0.0 1", "off"]);
});
