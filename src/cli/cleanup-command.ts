/** `sluice cleanup` */
import { existsSync } from "node:fs";
import { Command } from "commander";
import type { CliIo } from "./io.ts";
import { addPinPath } from "./options.ts";

export function cleanupCommand(io: CliIo): Command {
	const command = new Command("cleanup").description(
		"Detach every program and remove every pin, filter and map. Translated connections end.",
	);
	return addPinPath(command).action(({ pinPath }: { pinPath: string }) => runCleanup(pinPath, io));
}

/** Removes everything of an agent that does not run. Rejects when one runs, or something remains. */
export async function runCleanup(pinPath: string, io: CliIo): Promise<void> {
	const { loadAddon } = await import("../dataplane/addon.ts");
	const { PinPaths } = await import("../dataplane/pins.ts");
	const { cleanup } = await import("../agent/cleanup.ts");
	const { tryLock } = await import("../agent/lock.ts");
	const { lockPins } = await import("../agent/pin-lock.ts");
	const held = await tryLock(pinPath);
	if (held === undefined) throw new Error(`an agent is running with pin path ${pinPath}: stop it`);
	try {
		const addon = loadAddon();
		const ours = existsSync(pinPath) && addon.isBpffs(pinPath);
		const unlock = ours ? await lockPins(addon, pinPath) : undefined;
		const { links, filters, pins } = cleanup(addon, new PinPaths(pinPath));
		unlock?.();
		io.out(`removed ${links} links, ${filters} filters, ${pins} pins\n`);
	} finally {
		held.release();
	}
}
