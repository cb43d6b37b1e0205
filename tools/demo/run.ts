/**
 * `make demo`: a node of network namespaces, served by Sluice while you watch. KEEP=1 leaves it up.
 * Everything is called sluice-*; nothing outside of that is touched.
 */

import { showKept } from "./kept.ts";
import { Report } from "./report.ts";
import { Sandbox } from "./sandbox.ts";
import { showChanges, showServices, showTraffic } from "./show.ts";

async function run(report: Report): Promise<void> {
	report.title("A node with three servers and a client in pods, and a client outside");
	const sandbox = await Sandbox.create();
	try {
		const started = performance.now();
		await sandbox.agent.start();
		report.show(`sluice agent is ready after ${Math.round(performance.now() - started)} ms`);
		showServices(sandbox, report);
		await showTraffic(sandbox, report);
		await showChanges(sandbox, report);
	} catch (error) {
		report.check("the show goes on", false, error instanceof Error ? error.message : String(error));
	}
	if (process.env.KEEP === "1") {
		showKept(sandbox, report);
		sandbox.lab.keep();
	} else {
		sandbox.lab.close();
	}
}

if (process.getuid?.() !== 0) {
	process.stderr.write("demo: needs root, for network namespaces and BPF\n");
	process.exit(1);
}
const report = new Report();
await run(report);
process.exit(report.end());
