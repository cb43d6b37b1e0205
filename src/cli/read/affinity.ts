/** The affinity map as the clients that come back to a backend: one entry for each. */
import { Affinity, AffinityKey, AffinityKind } from "../../layout/structs.ts";
import { bytesToAddress } from "../../model/address-bytes.ts";
import { elapsedSeconds } from "./elapsed.ts";
import type { Pinned } from "./open.ts";
import {
	type BackendView,
	forEachEntry,
	readServices,
	type ServiceView,
	viewOf,
} from "./snapshot.ts";

export interface AffinityView {
	readonly namespace: string;
	readonly service: string;
	readonly portName: string;
	readonly protocol: string;
	/** The client's address; "" when sockets of a network namespace were translated. */
	readonly client: string;
	/** Cookie of that namespace, as `bpf_get_netns_cookie` has it; "" when the client is an address. */
	readonly netns: string;
	readonly backend: string;
	readonly backendPort: number;
	/** Seconds since a connection began with it last. */
	readonly idle: number;
	/** Seconds until it is forgotten, unless another connection begins. */
	readonly expires: number;
}

export interface AffinityEntry {
	readonly view: AffinityView;
	readonly key: Uint8Array;
}

/** Entries that hold: not those that are past their time, or whose backend has gone. */
export function readAffinity(pinned: Pinned): AffinityEntry[] {
	const elapsed = elapsedSeconds(pinned);
	const services = new Map(
		readServices(pinned.map).map((view) => {
			const backends = new Map(view.backends.map((backend) => [backend.id, backend]));
			return [view.id, { view, backends }];
		}),
	);
	const found: AffinityEntry[] = [];
	forEachEntry(pinned.map("affinity"), (keyBytes, value) => {
		const key = AffinityKey.decode(viewOf(keyBytes), 0);
		const { backend: id, backend_generation, last_used } = Affinity.decode(viewOf(value), 0);
		const service = services.get(key.service);
		const backend = service?.backends.get(id);
		if (!service || backend?.generation !== backend_generation) return;
		const idle = elapsed(last_used);
		if (idle >= service.view.affinitySeconds) return;
		found.push({ key: keyBytes.slice(), view: viewOfEntry(service.view, backend, key, idle) });
	});
	return found.sort((a, b) => (sortKey(a.view) < sortKey(b.view) ? -1 : 1));
}

function viewOfEntry(
	service: ServiceView,
	backend: BackendView,
	{ kind, client }: AffinityKey,
	idle: number,
): AffinityView {
	const isNetns = kind === AffinityKind.AFFINITY_NETNS;
	const tenths = (seconds: number) => Math.round(seconds * 10) / 10;
	return {
		namespace: service.namespace,
		service: service.name,
		portName: service.portName,
		protocol: backend.protocol,
		client: isNetns ? "" : bytesToAddress(client),
		netns: isNetns ? String(viewOf(client).getBigUint64(0, true)) : "",
		backend: backend.address,
		backendPort: backend.port,
		idle: tenths(idle),
		expires: tenths(service.affinitySeconds - idle),
	};
}

function sortKey({ namespace, service, portName, client, netns }: AffinityView): string {
	return [namespace, service, portName, client, netns.padStart(20)].join(" ");
}
