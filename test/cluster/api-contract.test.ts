import { type ApiServer, describeApiServer } from "../contract/api-server.ts";
import { Lab } from "../lib/net/lab.ts";
import type { KubeObject } from "./lib/api-client.ts";
import { ControlPlane } from "./lib/control-plane.ts";
import { named } from "./lib/objects.ts";

function slice(name: string, labels: Readonly<Record<string, string>>): KubeObject {
	return {
		apiVersion: "discovery.k8s.io/v1",
		kind: "EndpointSlice",
		metadata: { name, namespace: "default", labels },
		addressType: "IPv4",
		endpoints: [],
		ports: [],
	};
}

describeApiServer("the real API server", async (): Promise<ApiServer> => {
	const lab = Lab.create({ pods: {} });
	const plane = await ControlPlane.start(lab).catch((error: unknown) => {
		lab.close();
		throw error;
	});
	const { api } = plane;
	const known = new Set<string>();
	return {
		watchSeconds: 4,
		access: { kubeconfig: await plane.outsideKubeconfigFile("admin") },
		putSlice: async (name, labels) => {
			if (known.has(name)) {
				const absent = { "contract/hidden": null, more: null };
				await api.patch(named("EndpointSlice", name), {
					metadata: { labels: { ...absent, ...labels } },
				});
			} else {
				known.add(name);
				await api.create(slice(name, labels));
			}
		},
		deleteSlice: async (name) => {
			known.delete(name);
			await api.delete(named("EndpointSlice", name));
		},
		createService: async (name, headless) => {
			const spec = { ports: [{ port: 80 }], ...(headless ? { clusterIP: "None" } : {}) };
			await api.create({ apiVersion: "v1", kind: "Service", metadata: { name }, spec });
		},
		// The API server's own memory of the history goes with its process, etcd's by compaction.
		forgetHistory: async () => {
			await plane.killApiServer();
			plane.compact();
			plane.startApiServer();
			await plane.ready();
		},
		close: async () => {
			plane.close();
			lab.close();
		},
	};
});
