// Runs inside a guest: `together.ts FILE...` runs test files, paths from the top of the tree, in one process, each as
// a suite of that name. To start Node, and to load the programs, is most of what a small file costs there.
import "../../lib/own-namespaces.ts";
import { describe } from "node:test";

for (const file of process.argv.slice(2)) {
	describe(file, async () => {
		await import(`../../../${file}`);
	});
}
