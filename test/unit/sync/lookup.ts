import {
	Backend,
	BackendState,
	FilterKind,
	Frontend,
	FrontendFlag,
	FrontendKey,
	Service,
	ServiceFlag,
	unpackBackendWord,
	unpackFrontendWord,
	unpackSetWord,
} from "../../../src/layout/structs.ts";
import { addressToBytes, bytesToAddress } from "../../../src/model/address-bytes.ts";
import { containsAddress } from "../../../src/model/cidr.ts";
import { filterHashes } from "../../../src/plan/filter-hash.ts";
import { rangeCIDR, SyncMaps, type SyncPorts } from "../../../src/sync/maps.ts";

/** What a packet to a frontend meets: nothing of ours, a refusal, or one of these backends. */
export type Outcome = "miss" | "refused" | "barred" | "reject" | "drop" | "broken" | string;

const SLOT_STRIDE = 8;

/**
 * The lookup of the BPF programs over the maps' bytes, for every slot that could be picked. The
 * backends come sorted, joined by spaces. "broken": some pick would lead to a backend that is gone,
 * that is another service's, or whose replies the filter would not notice. "refused": the entry is
 * that of an address. "barred": the client is in no range, which matters only where one is named.
 */
export function lookup(
	maps: SyncPorts,
	address: string,
	{ port, proto, scope, client }: { port: number; proto: number; scope: number; client?: string },
): Outcome {
	const addr = addressToBytes(address);
	if (!inFilter(maps, FilterKind.FILTER_FRONTEND, { addr, port, proto })) return "miss";
	const key = new Uint8Array(FrontendKey.SIZE);
	FrontendKey.encode({ addr, port, proto, scope }, new DataView(key.buffer), 0);
	const found = maps.frontends.lookup(key);
	if (!found) return "miss";
	const { word } = Frontend.decode(new DataView(found.buffer, found.byteOffset), 0);
	const { service, flags } = unpackFrontendWord(word);
	if ((flags & FrontendFlag.FRONTEND_ADDRESS) !== 0) return service === 0 ? "refused" : "broken";
	const asks = (flags & FrontendFlag.FRONTEND_RANGES) !== 0 && client !== undefined;
	if (asks && !isInRange(maps, service, client)) return "barred";
	return pick(maps, service, (flags & FrontendFlag.FRONTEND_LOCAL_SET) !== 0);
}

function isInRange(maps: SyncPorts, service: number, client: string): boolean {
	const entries = new SyncMaps(maps).ranges.entries();
	return entries.some(
		([key]) => key.service === service && containsAddress(rangeCIDR(key), client),
	);
}

function pick(maps: SyncPorts, id: number, useLocal: boolean): Outcome {
	const services = new DataView(maps.services.memory());
	const service = Service.decode(services, id * Service.SIZE);
	if ((service.flags & ServiceFlag.SERVICE_PRESENT) === 0) return "broken";
	const cluster = unpackSetWord(service.cluster_set);
	const local = unpackSetWord(service.local_set);
	const set = useLocal ? local : cluster;
	if (set.count === 0) return useLocal && cluster.count > 0 ? "drop" : "reject";
	const slots = new DataView(maps.slots.memory());
	const backends = new DataView(maps.backends.memory());
	const picks: string[] = [];
	for (let i = 0; i < set.count; i++) {
		const at = slots.getUint32((set.base + i) * SLOT_STRIDE, true) * Backend.SIZE;
		const backend = Backend.decode(backends, at);
		const { state } = unpackBackendWord(backend.word);
		const { addr, port } = backend;
		const isNoticed = inFilter(maps, FilterKind.FILTER_BACKEND, backend);
		if (state === BackendState.BACKEND_GONE || backend.service !== id || !isNoticed)
			return "broken";
		picks.push(`${bytesToAddress(addr)}:${port}`);
	}
	return picks.sort().join(" ");
}

/** True when packets of the tuple are noticed. kind is enum filter_kind. */
export function inFilter(
	maps: SyncPorts,
	kind: number,
	{ addr, port, proto }: { addr: Uint8Array; port: number; proto: number },
): boolean {
	const filter = new BigUint64Array(maps.filter.memory());
	return filterHashes(kind, addr, port, proto).every((hash) => {
		const bit = hash & (filter.length * 64 - 1);
		return (((filter[bit >>> 6] ?? 0n) >> BigInt(bit & 63)) & 1n) === 1n;
	});
}
