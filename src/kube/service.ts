import { familyOf, parseAddress } from "../model/address.ts";
import { TakenPorts } from "../model/frontends.ts";
import type { Address, Service, ServicePort } from "../model/objects.ts";
import {
	type Decoded,
	oneOf,
	optionalPortOf,
	portNameOf,
	portOf,
	portProblem,
	protocolOf,
	Skips,
	trimmed,
} from "./decode.ts";
import type { Interner } from "./intern.ts";
import { arrayOf, type Json, recordOf, show, stringsOf } from "./json.ts";
import { keyOf, type Metadata, metadataOf } from "./metadata.ts";
import {
	affinitySecondsOf,
	externalIPsOf,
	healthCheckNodePortOf,
	loadBalancerIPsOf,
	sourceRangesOf,
} from "./service-reach.ts";

/** A Service with this label, whatever its value, belongs to another proxy. */
export const SERVICE_PROXY_NAME = "service.kubernetes.io/service-proxy-name";

const TYPES = ["ClusterIP", "NodePort", "LoadBalancer"] as const;
const POLICIES = ["Cluster", "Local"] as const;

/** Reads a v1 Service from API or manifest JSON. */
export function decodeService(
	json: unknown,
	interner: Interner,
): Decoded<Service> & { readonly isForeign?: true } {
	const metadata = metadataOf(json);
	const key = keyOf(metadata);
	const skips = new Skips(`Service ${key}`);
	const spec = recordOf(recordOf(json).spec);
	const reason = reasonToIgnore(metadata, spec);
	if (reason !== undefined) {
		skips.add(reason);
		const isForeign = metadata.label(SERVICE_PROXY_NAME) !== undefined;
		return { key, object: undefined, skips: skips.list, ...(isForeign ? { isForeign } : {}) };
	}
	const clusterIPs = clusterIPsOf(spec, skips);
	if (clusterIPs.length === 0) {
		return { key, object: undefined, skips: skips.list };
	}
	const type = oneOf(TYPES, spec, "type", skips);
	const service: Service = {
		namespace: interner.string(metadata.namespace),
		name: metadata.name,
		uid: metadata.uid,
		type,
		clusterIPs,
		ports: portsOf(spec, type, skips),
		internalTrafficPolicy: oneOf(POLICIES, spec, "internalTrafficPolicy", skips),
		externalTrafficPolicy: oneOf(POLICIES, spec, "externalTrafficPolicy", skips),
		externalIPs: interner.list(externalIPsOf(spec, skips)),
		loadBalancerIPs: interner.list(loadBalancerIPsOf(recordOf(recordOf(json).status), skips)),
		loadBalancerSourceRanges: interner.list(sourceRangesOf(spec, skips)),
		affinitySeconds: affinitySecondsOf(spec, skips),
		healthCheckNodePort: healthCheckNodePortOf(spec, skips),
	};
	return { key, object: service, skips: skips.list };
}

function reasonToIgnore(metadata: Metadata, spec: Json): string | undefined {
	if (metadata.name === "") {
		return "metadata.name is missing";
	}
	const proxy = metadata.label(SERVICE_PROXY_NAME);
	if (proxy !== undefined) {
		return `label ${SERVICE_PROXY_NAME} gives it to proxy ${show(proxy)}`;
	}
	if (spec.type === "ExternalName") {
		return "type ExternalName has no cluster IP";
	}
	const first = clusterIPTexts(spec)[0] ?? "";
	return first === "" || first === "None" ? "headless: it has no cluster IP" : undefined;
}

/** spec.clusterIPs; the older spec.clusterIP when that is empty. */
function clusterIPTexts(spec: Json): readonly string[] {
	const list = stringsOf(spec.clusterIPs);
	return list.length > 0 ? list : stringsOf([spec.clusterIP]);
}

function clusterIPsOf(spec: Json, skips: Skips): readonly Address[] {
	const families = stringsOf(spec.ipFamilies);
	const addresses: Address[] = [];
	for (const text of clusterIPTexts(spec)) {
		const address = parseAddress(text);
		if (address === undefined) {
			skips.add(`cluster IP ${show(text)} is not an IP address`);
		} else if (families.length > 0 && !families.includes(familyOf(address))) {
			skips.add(`cluster IP ${address} is of a family that spec.ipFamilies does not name`);
		} else if (addresses.some((other) => familyOf(other) === familyOf(address))) {
			skips.add(`cluster IP ${address} is the second one of family ${familyOf(address)}`);
		} else {
			addresses.push(address);
		}
	}
	return trimmed(addresses);
}

function portsOf(spec: Json, type: Service["type"], skips: Skips): readonly ServicePort[] {
	const ports: ServicePort[] = [];
	const taken = new TakenPorts();
	for (const [i, item] of arrayOf(spec.ports).entries()) {
		const path = `spec.ports[${i}]`;
		const json = recordOf(item);
		const problem = portProblem(path, json);
		const port = problem === undefined ? toPort(json, path, { type, skips }) : undefined;
		if (problem !== undefined) {
			skips.add(problem);
		} else if (port && !taken.take(port)) {
			skips.add(`${path} has the name or the number of another ${port.protocol} port`);
		} else if (port) {
			ports.push(port);
		}
	}
	return trimmed(ports);
}

function toPort(
	json: Json,
	path: string,
	{ type, skips }: { readonly type: Service["type"]; readonly skips: Skips },
): ServicePort {
	const nodePort = optionalPortOf(json, "nodePort", path, skips);
	const isServed = type !== "ClusterIP" || nodePort === 0;
	if (!isServed) skips.add(`${path}.nodePort is not served: the Service is of type ClusterIP`);
	return {
		name: portNameOf(json.name) ?? "",
		protocol: protocolOf(json.protocol) ?? "TCP",
		port: portOf(json.port) ?? 0,
		nodePort: isServed ? nodePort : 0,
	};
}
