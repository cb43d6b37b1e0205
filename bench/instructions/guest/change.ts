// Runs inside a counted guest, where a microsecond is a thousand instructions.
import { programmingSection } from "../../programming/section.ts";

const outcomes = await programmingSection.run(() => undefined, {
	sizes: [],
	peerSizes: [],
	full: false,
});
process.stdout.write(`change: ${JSON.stringify(outcomes.find(({ id }) => id === "P3"))}\n`);
