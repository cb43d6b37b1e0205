/** `sluice agent`: its options, kube-proxy's names where kube-proxy has them. */
import { Command, Option } from "commander";
import { readEnvironment, UsageError } from "../config.ts";
import { type AgentOptions, agentConfig } from "../config-agent.ts";
import { ACCEPTED_FLAGS, REFUSED_FLAGS } from "./kube-proxy-flags.ts";
import { DEFAULT_PIN_PATH } from "./options.ts";

export function agentCommand(): Command {
	const command = new Command("agent");
	command.description(
		"Serve the Services of an API server, or of a directory of manifests, on this node.\n" +
			"Programs, links and maps stay in place when the agent ends: only `sluice cleanup` removes them.",
	);
	command.summary("Serve Services on this node.");
	addSourceOptions(command);
	addDatapathOptions(command);
	addTimeoutOptions(command);
	addServeOptions(command);
	for (const { flags } of [...ACCEPTED_FLAGS, ...REFUSED_FLAGS]) {
		command.addOption(new Option(flags).hideHelp());
	}
	command.addHelpText(
		"after",
		"\nkube-proxy's other flags are accepted; each one given is answered with a warning that says\n" +
			"what happens instead. Durations are Go's: 500ms, 30s, 1h30m.",
	);
	command.action(async (options: AgentOptions & Record<string, unknown>) => {
		refuse(command);
		const environment = readEnvironment();
		const config = agentConfig(options, environment);
		const { runAgent } = await import("../agent/run.ts");
		await runAgent(config, environment, warnings(command));
	});
	return command;
}

function addSourceOptions(command: Command): void {
	command.optionsGroup("Objects:");
	command
		.option("--kubeconfig <file>", "kubeconfig of the API server")
		.option("--master <url>", "address of the API server; overrides the kubeconfig's")
		.option(
			"--manifests <dir>",
			"directory of YAML or JSON manifests, watched, instead of an API server",
		)
		.option("--hostname-override <node>", "name of this Node object (default: the host name)");
}

function addDatapathOptions(command: Command): void {
	command.optionsGroup("Datapath:");
	command
		.option("--pin-path <dir>", "where maps and links are pinned, on a bpffs", DEFAULT_PIN_PATH)
		.option("--cgroup-root <dir>", "sockets below this cgroup are served (default: cgroup v2 root)")
		.option("--socket-lb <on|off>", "translate at connect() and sendmsg() of local sockets", "on")
		.addOption(
			new Option("--forwarding <mode>", "how translated packets of pods go on")
				.choices(["auto", "stack", "redirect"])
				.default("auto"),
		)
		.addOption(
			new Option("--tc-attach <kind>", "how programs are attached to devices")
				.choices(["auto", "tcx", "clsact"])
				.default("auto"),
		)
		.option("--uplinks <patterns>", "devices that lead out of the node (default: discovered)")
		.option("--pod-devices <patterns>", "host ends of pod devices (default: discovered)")
		.option("--masquerade-ports <first-last>", "source ports for masquerade", "61000-65535")
		.option("--max-services <n>", "service ports, per family", "65536")
		.option("--max-backends <n>", "endpoints, summed over service ports", "262144")
		.option("--max-flows <n>", "flow entries, two for each translated connection", "262144")
		.option("--max-half-open <n>", "TCP flows in their handshake before overflow is used", "65536")
		.option("--min-sync-period <duration>", "shortest time between two syncs", "10ms");
}

function addTimeoutOptions(command: Command): void {
	command.optionsGroup("Flow timeouts:");
	command
		.option("--conntrack-tcp-timeout-established <duration>", "idle TCP connections", "24h0m0s")
		.option(
			"--conntrack-tcp-timeout-close-wait <duration>",
			"half-closed TCP connections",
			"1h0m0s",
		)
		.option("--conntrack-udp-timeout <duration>", "UDP without answer; 0: 30s", "0s")
		.option("--conntrack-udp-timeout-stream <duration>", "UDP with answers; 0: 120s", "0s")
		.option("--flow-timeouts <list>", "others (default: tcp-syn=120s,tcp-closed=120s,icmp=30s)");
}

function addServeOptions(command: Command): void {
	command.optionsGroup("Health, metrics, logs:");
	command
		.option("--bind-address <address>", "this node's own address, unless unspecified", "0.0.0.0")
		.option("--healthz-bind-address <address>", "/healthz and /livez; empty: off", "0.0.0.0:10256")
		.option(
			"--metrics-bind-address <address>",
			"/metrics and /proxyMode; empty: off",
			"127.0.0.1:10249",
		)
		.option("--bind-address-hard-fail [bool]", "exit when an address cannot be bound")
		.option("-v, --v <level>", "log verbosity, 0 to 10", "0");
}

/** Option names as given, for the flags in `list`. */
function given(command: Command, list: typeof ACCEPTED_FLAGS): typeof ACCEPTED_FLAGS {
	return list.filter(({ flags }) => {
		const option = new Option(flags);
		return command.getOptionValue(option.attributeName()) !== undefined;
	});
}

function refuse(command: Command): void {
	for (const { flags, instead } of given(command, REFUSED_FLAGS)) {
		throw new UsageError(`${flags.split(" ")[0]}: ${instead}`);
	}
}

/** One sentence for each flag that is accepted but means nothing here. */
function warnings(command: Command): string[] {
	return given(command, ACCEPTED_FLAGS).map(
		({ flags, instead }) => `${flags.split(" ")[0]} has no effect: ${instead}`,
	);
}
