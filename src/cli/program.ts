/** `sluice` and its commands. */
import { Command } from "commander";
import { affinityCommand } from "./affinity-command.ts";
import { agentCommand } from "./agent-command.ts";
import { backendsCommand } from "./backends-command.ts";
import { cleanupCommand } from "./cleanup-command.ts";
import { flowsCommand } from "./flows-command.ts";
import type { CliIo } from "./io.ts";
import { planCommand } from "./plan-command.ts";
import { servicesCommand } from "./services-command.ts";
import { mapsCommand, statusCommand } from "./status-command.ts";
import { versionCommand } from "./version.ts";

/** The whole command line; nothing is read or run before parseAsync(). */
export function buildProgram(io: CliIo): Command {
	const program = new Command("sluice");
	program.description(
		"An eBPF service proxy: Services of a Kubernetes cluster, translated in the kernel.",
	);
	const commands = [
		agentCommand(io),
		servicesCommand(io),
		backendsCommand(io),
		flowsCommand(io),
		affinityCommand(io),
		statusCommand(io),
		mapsCommand(io),
		cleanupCommand(io),
		planCommand(io),
		versionCommand(io),
	];
	for (const command of commands) program.addCommand(command);
	for (const command of [program, ...program.commands]) {
		command.exitOverride();
		command.configureOutput({ writeOut: io.out, writeErr: io.err });
		command.configureHelp({ showGlobalOptions: false, helpWidth: 100 });
		command.showHelpAfterError("(see --help)");
	}
	program.helpCommand(false);
	return program;
}
