import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { FigureLine } from "../../../bench/lib/json-line.ts";
import { type Chart, charts } from "../../../bench/report/chart-data.ts";
import { replaceGenerated } from "../../../bench/report/document.ts";
import { drawChart } from "../../../bench/report/draw.ts";
import { readResults } from "../../../bench/report/read.ts";
import { formatTables } from "../../../bench/report/tables.ts";

const TREE = "0123456789ab";

function line(id: string, value: number | null, more: Partial<FigureLine> = {}): FigureLine {
	return {
		...{ id, value, min: value, max: value, what: "what", unit: "x", rounds: 7 },
		...{ variant: null, peer: null, services: 1000, target: null, bound: "at most", ok: null },
		...{ kernel: "6.18.0", tree: TREE },
		...more,
	};
}

function chartOf(lines: readonly FigureLine[], name: string): Chart | undefined {
	return charts(lines).find((one): one is Chart => one.name === name && !("missing" in one));
}

const CONNECTIONS = [
	line("D1", 0.98, { peer: "direct", services: 10_000 }),
	line("D1", 0.99, { peer: "direct", services: 10 }),
	line("D4", 1.3, { peer: "kube-proxy iptables-legacy", variant: "socket, last rule" }),
	line("D4", 0.8, { peer: "direct", variant: "kube-proxy iptables-legacy, last rule" }),
	line("D4", 0.9, { peer: "direct", variant: "kube-proxy iptables-legacy, middle rule" }),
	line("D4", 0.85, { peer: "direct", variant: "kube-proxy iptables-legacy", services: 10 }),
	line("D5", null, { peer: "kube-proxy nftables", absence: "DID NOT FINISH", note: "240 s" }),
];

test("the chart of connections has what is relative to direct, by ascending size", () => {
	const chart = chartOf(CONNECTIONS, "connections");
	assert.ok(chart?.content.kind === "lines");
	assert.deepEqual(chart.content.series, [
		{
			name: "Sluice, socket",
			points: [
				[10, 0.99],
				[10_000, 0.98],
			],
		},
		{
			name: "kube-proxy iptables-legacy",
			points: [
				[10, 0.85],
				[1000, 0.8],
			],
		},
	]);
});

test("a chart whose figures are missing is named, not drawn", () => {
	const missing = charts(CONNECTIONS).filter((chart) => "missing" in chart);
	const names = ["endpoint-change", "start", "cpu-per-change", "memory", "instructions"];
	assert.deepEqual(
		missing.map(({ name }) => name),
		names,
	);
	assert.ok(charts([]).every((chart) => "missing" in chart));
});

test("proxies are compared by their medians, not by their percentiles", () => {
	const lines = [
		line("P2", 5, { variant: "Sluice" }),
		line("P2", 40, { variant: "Sluice, p99" }),
		line("P2", 200, { variant: "kube-proxy iptables-legacy" }),
	];
	const chart = chartOf(lines, "endpoint-change");
	assert.ok(chart?.content.kind === "lines");
	assert.deepEqual(
		chart.content.series.map(({ name }) => name),
		["Sluice", "kube-proxy iptables-legacy"],
	);
});

test("instructions are shown at the size at which most was counted, the least first", () => {
	const lines = [
		line("D13", 1.2, { variant: "nftables", services: 1000 }),
		line("D13", 0.9, { variant: "peer", services: 1000 }),
		line("D13", 0.9, { variant: "peer", services: 10_000 }),
	];
	const chart = chartOf(lines, "instructions");
	assert.ok(chart?.content.kind === "bars");
	assert.deepEqual(
		chart.content.bars.map(({ name }) => name),
		["peer", "nftables"],
	);
	assert.match(chart.title, /1000 Services/);
});

test("the same chart is the same file, with its names in it", () => {
	const chart = chartOf(CONNECTIONS, "connections");
	assert.ok(chart);
	const svg = drawChart(chart);
	assert.equal(drawChart(chart), svg);
	assert.match(svg, /^<svg .*<\/svg>\n$/s);
	for (const text of ["Sluice, socket", "kube-proxy iptables-legacy", "Services"]) {
		assert.ok(svg.includes(text), text);
	}
});

test("tables have a row per figure in the order of their numbers, misses marked", () => {
	const lines = [
		line("D10", 0.3, { target: 0.5, unit: "lookups", ok: true }),
		line("D2", 0.9, { target: 1.04, bound: "at least", ok: false, interval: [0.8, 0.95] }),
		line("P1", 1.5),
		line("D5", null, { absence: "DID NOT FINISH", note: "240 s\nand its log" }),
	];
	const text = formatTables(lines, { Kernel: "6.18.0" });
	assert.match(text, /\| Kernel \| 6\.18\.0 \|/);
	const ids = [...text.matchAll(/^\| ([DP]\d+) /gm)].map(([, id]) => id);
	assert.deepEqual(ids, ["D2", "D5", "D10", "P1"]);
	assert.match(
		text,
		/>= 1\.04 x \| 0\.900 \| 0\.900 \.\. 0\.900 \| 0\.800 \.\. 0\.950 \| \*\*MISS\*\* \|/,
	);
	assert.match(text, /did not finish: 240 s \|$/m);
});

test("generated text replaces what is between the markers, and needs them", () => {
	const document = "a\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nb\n";
	const replaced = replaceGenerated(document, "new");
	assert.equal(replaced, "a\n<!-- figures: begin -->\nnew\n<!-- figures: end -->\nb\n");
	assert.equal(replaceGenerated(replaced, "new"), replaced);
	assert.throws(() => replaceGenerated("a\n", "new"));
});

test("results of other sources and of the quick run are left out", () => {
	const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
	try {
		const write = (file: string, lines: readonly FigureLine[]): void => {
			writeFileSync(join(folder, file), lines.map((one) => `${JSON.stringify(one)}\n`).join(""));
		};
		write("peers.jsonl", [line("D1", 1), line("D2", 1, { tree: "another" })]);
		write("quick.jsonl", [line("D3", 1)]);
		const { lines, stale, machine } = readResults(folder, TREE);
		assert.deepEqual([lines.map(({ id }) => id), stale, machine], [["D1"], 1, {}]);
		assert.deepEqual(readResults(join(folder, "none"), TREE).lines, []);
	} finally {
		rmSync(folder, { recursive: true });
	}
});
