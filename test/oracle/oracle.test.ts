import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildTopology, NODE4, NODE6 } from "../bpf/lib/topology.ts";
import type { Question, Scene } from "./lib/objects.ts";
import { type Aim, judge, type Verdict } from "./lib/oracle.ts";
import { anyQuestion, anyScene, CLIENTS } from "./lib/scene.ts";
import { type Observed, Subject } from "./lib/subject.ts";

const LONG = process.env.SLUICE_TEST_LONG === "1";
const PACKETS = Number(process.env.PACKETS ?? (LONG ? 1_000_000 : 20_000));
/** SEED=1234 repeats a run. */
const SEED = Number(process.env.SEED ?? (LONG ? Date.now() % 1e9 : 1));
const QUESTIONS = 40;
const LIMIT_MS = 60_000;
const NODE = [NODE4, NODE6] as const;

/** Whether the observation is what the verdict allows. */
function isAllowed(verdict: Verdict, observed: Observed, question: Question): boolean {
	if (verdict.kind === "to") return isAim(verdict.targets, observed, question);
	const reason = "reason" in verdict ? verdict.reason : "";
	return verdict.kind === observed.kind && reason === observed.reason;
}

function isAim(targets: readonly Aim[], observed: Observed, question: Question): boolean {
	if (observed.kind === "drop") return targets.some((one) => one.unreachable === observed.reason);
	const target = targets.find(({ address, port }) => `${address} ${port}` === observed.to);
	if (!target || target.unreachable) return false;
	const own = CLIENTS[question.client].address[question.family];
	return observed.source === (target.masquerades ? NODE[question.family] : own);
}

function show(scene: Scene, question: Question): string {
	return `${JSON.stringify(question)}\nof ${JSON.stringify(scene, null, 1)}`;
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

test("random packets to random Services get what the objects say", async (t) => {
	buildTopology();
	const subject = new Subject();
	const kinds = new Map<string, number>();
	t.diagnostic(`measured: SEED=${SEED} repeats this run`);
	const cases = fc.tuple(
		anyScene,
		fc.array(anyQuestion, { minLength: QUESTIONS, maxLength: QUESTIONS }),
	);
	const property = fc.asyncProperty(cases, async ([scene, questions]) => {
		await subject.load(scene);
		for (const question of questions.map((of) => of(scene))) {
			const verdict = judge(scene, question);
			const observed = subject.ask(question);
			if (!isAllowed(verdict, observed, question)) {
				assert.fail(`${JSON.stringify({ observed, verdict })}\nfor ${show(scene, question)}`);
			}
			const name = verdict.kind === "to" ? "to" : JSON.stringify(verdict);
			kinds.set(name, (kinds.get(name) ?? 0) + 1);
		}
	});
	const result = await fc.check(property, {
		seed: SEED,
		numRuns: Math.ceil(PACKETS / QUESTIONS),
		interruptAfterTimeLimit: LONG ? 30 * LIMIT_MS : LIMIT_MS,
	});
	if (result.failed) {
		assert.fail(`SEED=${SEED}, ${result.numShrinks} shrinks: ${messageOf(result.errorInstance)}`);
	}
	for (const [kind, count] of kinds) t.diagnostic(`measured: ${kind}: ${count} packets`);
	for (const expected of [
		"to",
		"pass",
		"echo",
		"SOURCE_RANGE",
		"UNKNOWN_PORT",
		"NO_LOCAL_ENDPOINT",
	]) {
		assert.ok(
			[...kinds.keys()].some((kind) => kind.includes(expected)),
			`no packet was ${expected}`,
		);
	}
});
