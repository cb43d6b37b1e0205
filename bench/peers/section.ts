import { checkPrograms } from "../agent/programs.ts";
import { buildTraffic } from "../connections/pair.ts";
import type { Outcome } from "../lib/figure.ts";
import { interleave } from "../lib/rounds.ts";
import type { Progress, Section } from "../lib/section.ts";
import { rateOutcomes, type Series, streamOutcomes, unfinished } from "./outcomes.ts";
import { LIMIT_SEC, prepare, type Setting } from "./setting.ts";
import type { Subject } from "./subject.ts";

const RATE = { rounds: 21, ms: 250 };
const STREAM = { rounds: 9, ms: 500 };
const WARM_UP_MS = 200;
const IDS = ["D1", "D2", "D3", "D4", "D5", "D6"];

/**
 * Our paths and the real kube-proxy on nodes of one cluster, fed by the same API server: new
 * connections and streams, at each size.
 */
export const peersSection: Section = {
	title: "peers",
	ids: IDS,
	async run(progress, { peerSizes }) {
		checkPrograms();
		buildTraffic();
		const outcomes: Outcome[] = [];
		for (const size of peerSizes) outcomes.push(...(await atSize(size, progress)));
		return outcomes;
	},
};

/** What one size fails of takes nothing from the others. */
async function atSize(services: number, progress: Progress): Promise<Outcome[]> {
	try {
		const setting = await prepare(services, progress);
		try {
			return await measure(setting, services, progress);
		} finally {
			setting.cluster.close();
		}
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		const short = reason.split("\n")[0] ?? "";
		return IDS.map((id, index) => ({ id, services, reason: index === 0 ? reason : short }));
	}
}

async function measure(
	{ subjects, ...setting }: Setting,
	services: number,
	progress: Progress,
): Promise<Outcome[]> {
	for (const subject of subjects) {
		for (const { pair, to } of Object.values(subject.connections)) await pair.rate(to, WARM_UP_MS);
		subject.check();
	}
	progress(`${services} services: ${RATE.rounds} rounds of ${RATE.ms} ms, new connections`);
	const rates = await rateSeries(subjects);
	progress(`${services} services: ${STREAM.rounds} rounds of ${STREAM.ms} ms, streams`);
	const streams = await streamSeries(subjects);
	return [
		...rateOutcomes(rates, services),
		...setting.unfinished.map((mode) => unfinished(mode, services, LIMIT_SEC)),
		...streamOutcomes(streams, services),
	];
}

async function rateSeries(subjects: readonly Subject[]): Promise<Series[]> {
	const all = subjects.flatMap((subject) =>
		Object.entries(subject.connections).map(([place, { pair, to }]) => {
			return { subject, place, pair, to };
		}),
	);
	const variants = all.map(({ subject, pair, to }, index) => {
		const once = (): Promise<number> => {
			subject.prepare();
			return pair.rate(to, RATE.ms);
		};
		return [String(index), once] as const;
	});
	const measured = await interleave(RATE.rounds, Object.fromEntries(variants));
	return all.map(({ subject, place }, index) => {
		const { name, note } = subject;
		return { name, note, place, values: measured[String(index)] ?? [] };
	});
}

async function streamSeries(subjects: readonly Subject[]): Promise<Series[]> {
	const variants = subjects.map(({ name, pair, stream }) => {
		return [name, () => pair.throughput(stream, STREAM.ms)] as const;
	});
	const measured = await interleave(STREAM.rounds, Object.fromEntries(variants));
	return subjects.map(({ name }) => {
		return { name, note: "", place: "", values: measured[name] ?? [] };
	});
}
