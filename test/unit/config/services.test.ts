import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../../src/config.ts";
import { serviceProxySettings } from "../../../src/config-services.ts";
import { DEFAULT_PROXY_SETTINGS } from "../../../src/model/proxy-settings.ts";

test("without flags the settings are kube-proxy's defaults", () => {
	assert.deepEqual(serviceProxySettings({}), DEFAULT_PROXY_SETTINGS);
});

test("kube-proxy's flags for services are read in canonical form", () => {
	const settings = serviceProxySettings({
		nodeportAddresses: "192.168.1.7/16, FD00::1/64,primary",
		iptablesLocalhostNodeports: "false",
		masqueradeAll: true,
		detectLocalMode: "NodeCIDR",
		clusterCidr: "10.244.0.0/16,fd00:10::/56",
		podBridgeInterface: "cni0",
		podInterfaceNamePrefix: "veth",
		externalIpsAllowed: "198.51.100.0/24",
	});
	assert.deepEqual(settings, {
		nodePortAddresses: ["192.168.0.0/16", "fd00::/64", "primary"],
		localhostNodePorts: false,
		masqueradeAll: true,
		detectLocalMode: "NodeCIDR",
		clusterCIDRs: ["10.244.0.0/16", "fd00:10::/56"],
		podBridgeInterface: "cni0",
		podInterfaceNamePrefix: "veth",
		externalIPsAllowed: ["198.51.100.0/24"],
	});
	assert.deepEqual(serviceProxySettings({ externalIpsAllowed: "" }).externalIPsAllowed, []);
});

test("a value that is wrong is named with its flag", () => {
	for (const [options, message] of [
		[{ nodeportAddresses: "10.0.0.1" }, /^--nodeport-addresses: "10.0.0.1" is not .*primary/],
		[
			{ clusterCidr: "primary" },
			/^--cluster-cidr: "primary" is not an address and a prefix length$/,
		],
		[{ externalIpsAllowed: "x/8" }, /^--external-ips-allowed: "x\/8"/],
		[{ detectLocalMode: "Magic" }, /^--detect-local-mode: "Magic" is none of ClusterCIDR/],
		[{ masqueradeAll: "maybe" }, /^--masquerade-all: "maybe"/],
		[{ iptablesLocalhostNodeports: "x" }, /^--iptables-localhost-nodeports: "x"/],
	] as const) {
		assert.throws(
			() => serviceProxySettings(options),
			(error: unknown) => error instanceof UsageError && message.test(error.message),
		);
	}
});
