import assert from "node:assert/strict";
import { test } from "node:test";
import { AT_START, Reconfiguration } from "../../../src/agent/reconfiguration.ts";
import { type AgentConfig, UsageError } from "../../../src/config.ts";
import { typeOfField } from "../../../src/proxy-config/fields.ts";
import { loadConfiguration } from "../../../src/proxy-config/load.ts";
import { recordingLogger } from "../../lib/recording-logger.ts";

const HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

function configOf(fields: string): { config: AgentConfig; warnings: readonly string[] } {
	const { configuration, warnings } = loadConfiguration(HEAD + fields);
	return { config: { configuration } as unknown as AgentConfig, warnings };
}

/** A reconfiguration of an agent that was started with these fields, and what came of it. */
function started(fields: string) {
	const { log, lines } = recordingLogger();
	const applied: string[] = [];
	const healthz: string[] = [];
	const refused: string[] = [];
	let load = () => configOf(fields);
	const reconfiguration = new Reconfiguration({
		config: configOf(fields).config,
		load: () => load(),
		apply: ({ configuration }) => {
			applied.push(configuration.clusterCIDR);
			healthz.push(configuration.healthzBindAddress);
		},
		onRefused: (reason) => refused.push(reason),
		log,
	});
	const look = (next: string | Error): void => {
		load = () => {
			if (next instanceof Error) throw next;
			return configOf(next);
		};
		reconfiguration.look();
	};
	return { look, applied, healthz, refused, lines };
}

test("a changed field is applied and named; a file that says the same is not", () => {
	const { look, applied, lines } = started("clusterCIDR: 10.0.0.0/8\n");
	look("clusterCIDR: 10.0.0.0/8 # the same\n");
	assert.deepEqual(applied, []);
	assert.deepEqual(lines(), []);
	look("clusterCIDR: 11.0.0.0/8\n");
	assert.deepEqual(applied, ["11.0.0.0/8"]);
	assert.deepEqual(lines(), ["the changed configuration is in effect"]);
});

test("what waits for the next start is named in one warning, until it is as at the start again", () => {
	const { look, lines, healthz } = started("");
	look("healthzBindAddress: 1.2.3.4:5\nhostnameOverride: node\nclusterCIDR: 10.0.0.0/8\n");
	assert.equal(lines()[1], "takes effect at the next start: hostnameOverride, healthzBindAddress");
	look("hostnameOverride: node\n");
	assert.equal(lines()[3], "takes effect at the next start: hostnameOverride");
	look("clusterCIDR: 10.0.0.0/8\n");
	assert.equal(lines().length, 5);
	assert.equal(new Set(healthz).size, 1);
});

test("a file that cannot be used is refused once, and the last good one stays in effect", () => {
	const { look, applied, refused, lines } = started("clusterCIDR: 10.0.0.0/8\n");
	look(new UsageError("mode: must be one of"));
	look(new UsageError("mode: must be one of"));
	assert.deepEqual(refused, ["mode: must be one of"]);
	assert.deepEqual(lines(), ["the changed configuration is refused; the last one stays"]);
	assert.deepEqual(applied, []);
	look("clusterCIDR: 10.0.0.0/8\n");
	look(new UsageError("mode: must be one of"));
	assert.equal(refused.length, 2);
});

test("what goes wrong while a change is applied is a refusal, too, and is tried again with the next", () => {
	const { log } = recordingLogger();
	const refused: string[] = [];
	let attempts = 0;
	const reconfiguration = new Reconfiguration({
		config: configOf("").config,
		load: () => configOf("clusterCIDR: 10.0.0.0/8\n"),
		apply: () => {
			if (++attempts === 1) throw new Error("the map is gone");
		},
		onRefused: (reason) => refused.push(reason),
		log,
	});
	reconfiguration.look();
	assert.deepEqual(refused, ["the map is gone"]);
	reconfiguration.look();
	reconfiguration.look();
	assert.equal(attempts, 2);
});

test("fields without effect are no change, but their warnings come with one", () => {
	const { look, applied, lines } = started("");
	look("conntrack: { tcpBeLiberal: true }\n");
	assert.deepEqual(applied, []);
	look("conntrack: { tcpBeLiberal: true }\nclusterCIDR: 10.0.0.0/8\n");
	assert.match(lines()[0] ?? "", /^conntrack.tcpBeLiberal has no effect/);
});

test("what is said to wait for the next start are fields", () => {
	assert.deepEqual(
		AT_START.filter((path) => typeOfField(path) === undefined),
		[],
	);
});
