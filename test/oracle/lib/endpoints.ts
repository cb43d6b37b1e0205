/** Which endpoints a service port has, from the text of KEP-1669, KEP-2433 and kube-proxy's documents. */
import type { EndpointObject, Scene, ServiceObject, SliceObject } from "./objects.ts";
import { NODE_NAME } from "./scene.ts";

export interface Target {
	readonly address: string;
	readonly port: number;
	readonly isHere: boolean;
}

export interface Targets {
	readonly everywhere: readonly Target[];
	readonly here: readonly Target[];
}

interface Known extends Target {
	readonly endpoint: EndpointObject;
}

type Port = ServiceObject["spec"]["ports"][number];

const isReady = ({ conditions }: EndpointObject): boolean => conditions.ready ?? true;
const isLeaving = ({ conditions }: EndpointObject): boolean => conditions.terminating ?? false;
const serves = ({ conditions }: EndpointObject): boolean => conditions.serving ?? true;

export function targetsOf(
	scene: Scene,
	service: ServiceObject,
	port: Port,
	family: 0 | 1,
): Targets {
	const known = knownEndpoints(scene, service, port, family);
	const ready = known.filter(({ endpoint }) => isReady(endpoint));
	const leaving = known.filter(({ endpoint }) => isLeaving(endpoint) && serves(endpoint));
	const readyHere = ready.filter(({ isHere }) => isHere);
	return {
		everywhere: ready.length > 0 ? byZone(ready, scene.zone) : leaving,
		here: readyHere.length > 0 ? readyHere : leaving.filter(({ isHere }) => isHere),
	};
}

/** One entry per address and port: one that does not leave, then a ready one. */
function knownEndpoints(scene: Scene, service: ServiceObject, port: Port, family: 0 | 1): Known[] {
	const found = new Map<string, Known>();
	for (const one of listedEndpoints(scene, service, port, family)) {
		const key = `${one.address} ${one.port}`;
		const other = found.get(key);
		if (!other || worth(one.endpoint) > worth(other.endpoint)) found.set(key, one);
	}
	return [...found.values()];
}

function listedEndpoints(
	{ slices }: Scene,
	{ metadata }: ServiceObject,
	port: Port,
	family: 0 | 1,
): Known[] {
	const own = slices.filter(
		(slice) =>
			slice.metadata.labels["kubernetes.io/service-name"] === metadata.name &&
			(slice.addressType === "IPv6") === (family === 1),
	);
	return own.flatMap(({ ports, endpoints }) => {
		const isSame = (one: SliceObject["ports"][number]): boolean =>
			one.name === port.name && one.protocol === port.protocol;
		return ports.filter(isSame).flatMap(({ port: number }) =>
			endpoints.map((endpoint) => ({
				address: endpoint.addresses[0],
				port: number,
				isHere: endpoint.nodeName === NODE_NAME,
				endpoint,
			})),
		);
	});
}

function worth(endpoint: EndpointObject): number {
	return (isLeaving(endpoint) ? 0 : 2) + (isReady(endpoint) ? 1 : 0);
}

/** Hints count when all have some and one is for our zone. */
function byZone(ready: readonly Known[], zone: string): readonly Known[] {
	const zones = ({ endpoint }: Known): string[] =>
		(endpoint.hints?.forZones ?? []).map(({ name }) => name);
	if (zone === "" || ready.some((one) => zones(one).length === 0)) return ready;
	const ours = ready.filter((one) => zones(one).includes(zone));
	return ours.length > 0 ? ours : ready;
}
