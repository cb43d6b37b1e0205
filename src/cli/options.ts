/** Options that several commands share. */
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";

export const DEFAULT_PIN_PATH = "/sys/fs/bpf/sluice";

export type OutputFormat = "table" | "wide" | "json" | "yaml";

/** Options of the commands that read the pinned maps. */
export interface ReaderOptions {
	readonly pinPath: string;
	readonly output: OutputFormat;
	readonly allNamespaces?: boolean;
	readonly namespace?: string;
	readonly service?: string;
	readonly address?: string;
	readonly port?: string;
	readonly protocol?: string;
}

export function addPinPath(command: Command): Command {
	return command.option(
		"--pin-path <dir>",
		"where the agent pins maps and links",
		DEFAULT_PIN_PATH,
	);
}

export function addOutput(command: Command): Command {
	return command.addOption(
		new Option("-o, --output <format>", "how to print")
			.choices(["table", "wide", "json", "yaml"])
			.default("table"),
	);
}

export function addSelection(command: Command): Command {
	return command
		.option("-A, --all-namespaces", "every namespace (default when no -n is given)")
		.option("-n, --namespace <ns>", "only this namespace")
		.option("--service <name>", "only this Service: NAME or NAMESPACE/NAME")
		.option("--address <address>", "only entries with this address")
		.option("--port <port>", "only entries with this port")
		.addOption(choiceOption("--protocol <name>", "only this protocol", ["tcp", "udp", "sctp"]));
}

/** How Services are served, in kube-proxy's words. */
export function addServiceOptions(command: Command): void {
	command.optionsGroup("Services:");
	command
		.option(
			"--nodeport-addresses <list>",
			"prefixes, or primary, localhost, all: where node ports are served (default: all local addresses)",
		)
		.option(
			"--iptables-localhost-nodeports [bool]",
			"also at 127.0.0.1 and ::1, with --socket-lb=on (default: true)",
		)
		.option(
			"--external-ips-allowed <cidrs>",
			"externalIPs outside of these prefixes are not served (default: all are)",
		)
		.option("--masquerade-all [bool]", "clients of cluster IPs are always masqueraded")
		.option("--detect-local-mode <mode>", "what tells pods from clients outside", "ClusterCIDR")
		.option("--cluster-cidr <cidrs>", "prefixes of pods, for mode ClusterCIDR")
		.option("--pod-bridge-interface <name>", "for mode BridgeInterface")
		.option("--pod-interface-name-prefix <prefix>", "for mode InterfaceNamePrefix");
}

/** An option that takes one of `choices`, in upper or lower case; its value is in lower case. */
export function choiceOption(
	flags: string,
	description: string,
	choices: readonly string[],
): Option {
	return new Option(flags, description).choices(choices).argParser((text: string) => {
		const choice = text.toLowerCase();
		if (choices.includes(choice)) return choice;
		throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
	});
}
