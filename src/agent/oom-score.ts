/** How soon the kernel ends this process when memory runs out. */

import { readFileSync, writeFileSync } from "node:fs";
import { reasonOf } from "../errors.ts";

const OWN = "/proc/self/oom_score_adj";

/**
 * Sets it, -1000 to 1000. "" when that is what it is now, else why not: to lower it takes
 * CAP_SYS_RESOURCE, without which it stays as the container's runtime has set it.
 */
export function setOomScore(score: number, file = OWN): string {
	try {
		if (Number(readFileSync(file, "utf8")) !== score) writeFileSync(file, String(score));
		return "";
	} catch (error) {
		return reasonOf(error);
	}
}
