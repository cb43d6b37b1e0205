// Collects the garbage of the process whose inspector listens here; prints its heap usage as JSON.
import { once } from "node:events";

import { until } from "../../lib/until.ts";

const LIST = "http://127.0.0.1:9229/json/list";

type Targets = readonly { readonly webSocketDebuggerUrl: string }[];

let targets: Targets = [];
await until("the inspector answers", async () => {
	const answer = await fetch(LIST).catch(() => undefined);
	if (answer?.ok) targets = (await answer.json()) as Targets;
	return targets.length > 0;
});
const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? "");
await once(socket, "open");

let id = 0;
/** Calls a method of the DevTools protocol. */
async function call(method: string): Promise<unknown> {
	const wanted = ++id;
	socket.send(JSON.stringify({ id: wanted, method }));
	for (;;) {
		const [event] = (await once(socket, "message")) as [MessageEvent];
		const answer = JSON.parse(String(event.data)) as { id?: number; result?: unknown };
		if (answer.id === wanted) return answer.result;
	}
}

await call("HeapProfiler.enable");
// What a first collection finalizes is garbage for the second.
await call("HeapProfiler.collectGarbage");
await call("HeapProfiler.collectGarbage");
process.stdout.write(JSON.stringify(await call("Runtime.getHeapUsage")));
socket.close();
