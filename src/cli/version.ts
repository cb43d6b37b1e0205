/** `sluice version` */
import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { CliIo } from "./io.ts";

export const VERSION: string = packageJson.version;

export function versionCommand(io: CliIo): Command {
	return new Command("version").description("Print the version.").action(() => {
		io.out(`sluice ${VERSION}\n`);
	});
}
