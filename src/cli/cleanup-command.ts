/** `sluice cleanup` */
import { Command } from "commander";
import type { CliIo } from "./io.ts";
import { addPinPath } from "./options.ts";

export function cleanupCommand(io: CliIo): Command {
	const command = new Command("cleanup").description(
		"Detach every program and remove every pin, filter and map. Translated connections end.",
	);
	return addPinPath(command).action(async ({ pinPath }: { pinPath: string }) => {
		const { loadAddon } = await import("../dataplane/addon.ts");
		const { PinPaths } = await import("../dataplane/pins.ts");
		const { cleanup } = await import("../agent/cleanup.ts");
		const { tryLock } = await import("../agent/lock.ts");
		const held = await tryLock(pinPath);
		if (held === undefined)
			throw new Error(`an agent is running with pin path ${pinPath}: stop it`);
		const { links, filters, pins } = cleanup(loadAddon(), new PinPaths(pinPath));
		held.release();
		io.out(`removed ${links} links, ${filters} filters, ${pins} pins\n`);
	});
}
