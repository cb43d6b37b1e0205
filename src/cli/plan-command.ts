/** `sluice plan`: what this node would do with a directory of manifests; no root, no kernel. */
import { Command, Option } from "commander";
import { nodeName } from "../config-agent.ts";
import { type ServiceProxyOptions, serviceProxySettings } from "../config-services.ts";
import type { CliIo } from "./io.ts";
import { addServiceOptions } from "./options.ts";

interface PlanOptions extends ServiceProxyOptions {
	readonly manifests: string;
	readonly hostnameOverride?: string;
	readonly output: "json" | "maps";
}

export function planCommand(io: CliIo): Command {
	const command = new Command("plan")
		.description("Show what this node would do with a directory of manifests.")
		.requiredOption("--manifests <dir>", "directory of YAML or JSON manifests")
		.option("--hostname-override <node>", "name of this Node object (default: the host name)")
		.addOption(
			new Option("-o, --output <format>", "json for tools, maps for the contents of the maps")
				.choices(["json", "maps"])
				.default("json"),
		);
	addServiceOptions(command);
	return command.action(async (options: PlanOptions) => {
		const { planDirectory } = await import("../agent/plan.ts");
		const node = nodeName(options.hostnameOverride);
		const settings = serviceProxySettings(options);
		io.out(await planDirectory(options.manifests, { node, settings }, options.output));
	});
}
