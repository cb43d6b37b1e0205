/** What an agent says of itself to commands on its node. */
import type { SourceStatus } from "../model/objects.ts";
import type { HealthProblem } from "../serve/health.ts";
import { askHolder } from "./lock.ts";

export interface AgentReport {
	/** Why it is not healthy; empty when it is. */
	readonly problems: readonly HealthProblem[];
	/** Where its objects come from: one line for each kind. */
	readonly sources: readonly SourceStatus[];
	/** Objects, and parts of objects, that are left out. */
	readonly notServed: number;
}

/** undefined: no agent runs; "starting": one runs that has nothing to say yet. */
export async function askAgent(pinPath: string): Promise<AgentReport | "starting" | undefined> {
	const text = await askHolder(pinPath);
	return text === "" ? "starting" : text === undefined ? undefined : JSON.parse(text);
}
