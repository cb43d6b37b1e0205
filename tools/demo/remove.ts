/** Removes a sandbox that `make demo KEEP=1` left up: node tools/demo/remove.ts ID */
import { removeLab } from "../../test/lib/net/lab.ts";

const [id] = process.argv.slice(2);
if (id === undefined || !/^[0-9a-f]{4}$/.test(id)) {
	process.stderr.write("usage: node tools/demo/remove.ts ID, as KEEP=1 printed it\n");
	process.exit(2);
}
removeLab(id);
