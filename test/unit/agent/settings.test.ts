import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkView } from "../../../src/agent/device-view.ts";
import { findCgroupRoot } from "../../../src/agent/mounts.ts";
import { NodeSettings } from "../../../src/agent/node-settings.ts";
import { settingsRecord } from "../../../src/agent/settings.ts";
import { commandLine } from "../../../src/cli/agent-command.ts";
import { buildProgram } from "../../../src/cli/program.ts";
import type { AgentConfig } from "../../../src/config.ts";
import { configure } from "../../../src/config-effective.ts";
import type { Link, LinkAddress } from "../../../src/dataplane/addon.ts";
import { fakeMap } from "../../../src/dataplane/fake.ts";
import type { MapPort } from "../../../src/dataplane/port.ts";
import { MAPS, Settings, Timeout } from "../../../src/layout/structs.ts";

/** The agent's options with their defaults, and some given. */
function configOf(...flags: string[]): AgentConfig {
	const program = buildProgram({ out: () => undefined, err: () => undefined });
	const command = program.commands.find((one) => one.name() === "agent");
	assert.ok(command);
	command.parseOptions(["--manifests=/m", ...flags]);
	return configure(commandLine(command), { bpfObject: "", inCluster: false, cores: 2 }).config;
}

const settingsOf = (map: MapPort) => Settings.decode(new DataView(map.memory()), 0);

const FACTS = { node4: "192.0.2.1", node6: "", hz: 250, filterBits: 1 << 20, previous: 0 };

test("timeouts are kube-proxy's conntrack defaults, in jiffies", () => {
	const { timeout } = settingsRecord(configOf(), FACTS);
	assert.equal(timeout[Timeout.TIMEOUT_TCP_SYN], 120n * 250n);
	assert.equal(timeout[Timeout.TIMEOUT_TCP_ESTABLISHED], 86_400n * 250n);
	assert.equal(timeout[Timeout.TIMEOUT_TCP_CLOSING], 3600n * 250n);
	assert.equal(timeout[Timeout.TIMEOUT_TCP_CLOSED], 120n * 250n);
	assert.equal(timeout[Timeout.TIMEOUT_UDP], 30n * 250n);
	assert.equal(timeout[Timeout.TIMEOUT_UDP_STREAM], 120n * 250n);
	assert.equal(timeout[Timeout.TIMEOUT_ICMP], 30n * 250n);
	assert.equal(timeout[Timeout.TIMEOUT_SCTP], 210n * 250n);
});

test("flags change timeouts; one shorter than a jiffy is one jiffy", () => {
	const config = configOf(
		"--conntrack-tcp-timeout-established=2s",
		"--conntrack-udp-timeout=1s",
		"--flow-timeouts=tcp-syn=1ms,tcp-closed=500ms,sctp=3s",
	);
	const { timeout } = settingsRecord(config, FACTS);
	assert.equal(timeout[Timeout.TIMEOUT_TCP_ESTABLISHED], 500n);
	assert.equal(timeout[Timeout.TIMEOUT_UDP], 250n);
	assert.equal(timeout[Timeout.TIMEOUT_TCP_SYN], 1n);
	assert.equal(timeout[Timeout.TIMEOUT_TCP_CLOSED], 125n);
	assert.equal(timeout[Timeout.TIMEOUT_SCTP], 750n);
});

test("settings carry addresses, ports, forwarding and the filter's mask", () => {
	const config = configOf("--masquerade-ports=62000-63000", "--forwarding=stack");
	const settings = settingsRecord(config, FACTS);
	assert.deepEqual([...settings.node4.slice(10)], [0xff, 0xff, 192, 0, 2, 1]);
	assert.ok(settings.node6.every((byte) => byte === 0));
	assert.equal(settings.masquerade_port_first, 62000);
	assert.equal(settings.masquerade_port_last, 63000);
	assert.equal(settings.forwarding, 1);
	assert.equal(settings.filter_mask, (1 << 20) - 1);
});

test("a restarted agent goes by the node addresses of the one before until it knows the Node", () => {
	const map = fakeMap(MAPS.settings);
	const facts = { hz: 250, filterBits: 1 << 20 };
	const view: NetworkView = {
		links: [{ ifindex: 1 }, { ifindex: 2 }] as Link[],
		addresses: ["192.0.2.1", "198.51.100.1"].map(
			(address, i) =>
				({ address, ifindex: i + 1, family: "IPv4", scope: 0, flags: 0 }) as LinkAddress,
		),
		routes: [],
	};
	const node4 = () => [...settingsOf(map).node4.slice(12)];
	const first = new NodeSettings(configOf(), map, facts);
	first.setView(view);
	assert.deepEqual(node4(), [192, 0, 2, 1]);
	first.setNodeAddresses(["198.51.100.1"]);
	assert.deepEqual(node4(), [198, 51, 100, 1]);
	const second = new NodeSettings(configOf(), map, facts);
	second.setView(view);
	assert.deepEqual(second.nodeAddresses, ["198.51.100.1"]);
	assert.deepEqual(node4(), [198, 51, 100, 1]);
	second.setNodeAddresses([]);
	assert.deepEqual(node4(), [192, 0, 2, 1]);
});

test("the node's name is trimmed and in lower case, as kube-proxy's", () => {
	assert.equal(configOf("--hostname-override", " Node-A ").nodeName, "node-a");
});

test("the cgroup v2 root is found on unified and hybrid hosts, blanks in its path included", () => {
	assert.equal(findCgroupRoot("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"), "/sys/fs/cgroup");
	const hybrid =
		"cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0";
	assert.equal(findCgroupRoot(hybrid), "/sys/fs/cgroup/unified");
	assert.equal(findCgroupRoot("x /mnt/a\\040b cgroup2 rw 0 0"), "/mnt/a b");
	assert.throws(() => findCgroupRoot("tmpfs /tmp tmpfs rw 0 0"), /no cgroup v2 file system/);
});

test("a changed configuration is written, with the addresses that were known", () => {
	const map = fakeMap(MAPS.settings);
	const settings = new NodeSettings(configOf(), map, { hz: 250, filterBits: 1 << 20 });
	settings.setView({
		links: [{ ifindex: 1 }] as Link[],
		addresses: [
			{ address: "198.51.100.2", ifindex: 1, family: "IPv4", scope: 0, flags: 0 } as LinkAddress,
		],
		routes: [],
	});
	settings.setNodeAddresses(["198.51.100.2"]);
	settings.setConfig(configOf("--conntrack-udp-timeout=2s"));
	assert.equal(settingsOf(map).timeout[Timeout.TIMEOUT_UDP], 500n);
	assert.deepEqual([...settingsOf(map).node4.slice(12)], [198, 51, 100, 2]);
});
