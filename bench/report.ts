/**
 * `make bench-report`: writes the figures of the last `make bench` into docs/benchmarks.md, and its
 * charts beside it. What was not measured, or was measured of other sources, is left out and named.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { origin } from "./lib/origin.ts";
import { OUTPUT } from "./lib/runner.ts";
import { charts } from "./report/chart-data.ts";
import { replaceGenerated } from "./report/document.ts";
import { drawChart } from "./report/draw.ts";
import { readResults } from "./report/read.ts";
import { formatTables } from "./report/tables.ts";

const DOCUMENT = fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url));
const CHARTS = fileURLToPath(new URL("../docs/benchmarks/", import.meta.url));

const say = (text: string): void => {
	process.stdout.write(`bench-report: ${text}\n`);
};

const { lines, machine, stale } = readResults(OUTPUT, origin().tree);
if (stale > 0) say(`${stale} figures left out: they were measured of other sources than these`);
if (lines.length === 0) {
	say("no figures of these sources: run make bench first");
	process.exit(1);
}

mkdirSync(CHARTS, { recursive: true });
for (const file of readdirSync(CHARTS)) if (file.endsWith(".svg")) rmSync(join(CHARTS, file));
const images: string[] = [];
for (const chart of charts(lines)) {
	if ("missing" in chart) {
		say(`no chart ${chart.name}: ${chart.missing}`);
		continue;
	}
	writeFileSync(join(CHARTS, `${chart.name}.svg`), drawChart(chart));
	images.push(`![${chart.title}](benchmarks/${chart.name}.svg)\n`);
}

const generated = [...images, formatTables(lines, machine)].join("\n");
writeFileSync(DOCUMENT, replaceGenerated(readFileSync(DOCUMENT, "utf8"), generated));
say(`${lines.length} figures and ${images.length} charts written to docs/benchmarks.md`);
