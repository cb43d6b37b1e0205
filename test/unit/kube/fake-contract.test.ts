import { type ApiServer, describeApiServer } from "../../contract/api-server.ts";
import { FakeApiServer } from "../../lib/fake-apiserver/server.ts";
import { SERVICES, SLICES, service } from "./lib.ts";

describeApiServer("the fake API server", async (): Promise<ApiServer> => {
	const server = new FakeApiServer();
	await server.start();
	return {
		watchSeconds: 1,
		access: { server: server.url },
		putSlice: async (name, labels) => {
			server.store.put(SLICES, { metadata: { name, namespace: "default", labels } });
		},
		deleteSlice: async (name) => server.store.delete(SLICES, `default/${name}`),
		createService: async (name, headless) => {
			server.store.put(SERVICES, service(name, headless ? "None" : "10.96.0.7"));
		},
		forgetHistory: async () => server.store.compact(),
		close: () => server.stop(),
	};
});
