import { familyOf, parseAddress } from "../model/address.ts";
import type { Endpoint, EndpointSlice, Family, SlicePort } from "../model/objects.ts";
import {
	type Decoded,
	portNameOf,
	portOf,
	portProblem,
	protocolOf,
	Skips,
	trimmed,
} from "./decode.ts";
import type { Interner } from "./intern.ts";
import { arrayOf, type Json, recordOf, show, stringOf } from "./json.ts";
import { keyOf, type Metadata, metadataOf } from "./metadata.ts";

/** EndpointSlices of headless Services carry this label. */
export const HEADLESS = "service.kubernetes.io/headless";
const SERVICE_NAME = "kubernetes.io/service-name";
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";
const FAMILIES: readonly Family[] = ["IPv4", "IPv6"];

/** An EndpointSlice with a list of its endpoints. */
export interface DecodedSlice extends EndpointSlice {
	readonly endpoints: readonly Endpoint[];
}

/** Reads a discovery.k8s.io/v1 EndpointSlice from API or manifest JSON. */
export function decodeEndpointSlice(json: unknown, interner: Interner): Decoded<DecodedSlice> {
	const slice = recordOf(json);
	const metadata = metadataOf(json);
	const key = keyOf(metadata);
	const skips = new Skips(`EndpointSlice ${key}`);
	const family = FAMILIES.find((known) => known === slice.addressType);
	const reason = reasonToIgnore(metadata);
	if (reason !== undefined || family === undefined) {
		skips.add(reason ?? `addressType is ${show(slice.addressType)}, not IPv4 or IPv6`);
		return { key, object: undefined, skips: skips.list };
	}
	const object: DecodedSlice = {
		namespace: interner.string(metadata.namespace),
		name: metadata.name,
		service: metadata.label(SERVICE_NAME) ?? "",
		family,
		ports: portsOf(slice, interner, skips),
		endpoints: endpointsOf(slice, family, interner, skips),
		triggerTimeMs: triggerTimeOf(metadata, skips),
	};
	return { key, object, skips: skips.list };
}

function reasonToIgnore(metadata: Metadata): string | undefined {
	if (metadata.name === "") {
		return "metadata.name is missing";
	}
	if (metadata.label(HEADLESS) !== undefined) {
		return `label ${HEADLESS}: its Service has no cluster IP`;
	}
	const service = metadata.label(SERVICE_NAME) ?? "";
	return service === "" ? `label ${SERVICE_NAME} is missing` : undefined;
}

function portsOf(slice: Json, interner: Interner, skips: Skips): readonly SlicePort[] {
	const ports: SlicePort[] = [];
	for (const [i, item] of arrayOf(slice.ports).entries()) {
		const json = recordOf(item);
		const problem = portProblem(`ports[${i}]`, json);
		if (problem !== undefined) {
			skips.add(problem);
			continue;
		}
		ports.push({
			name: interner.string(portNameOf(json.name) ?? ""),
			protocol: protocolOf(json.protocol) ?? "TCP",
			port: portOf(json.port) ?? 0,
		});
	}
	return trimmed(ports);
}

function endpointsOf(
	slice: Json,
	family: Family,
	interner: Interner,
	skips: Skips,
): readonly Endpoint[] {
	const endpoints: Endpoint[] = [];
	for (const [i, item] of arrayOf(slice.endpoints).entries()) {
		const json = recordOf(item);
		// All addresses of one endpoint are the same pod; the API has proxies use the first.
		const text = arrayOf(json.addresses)[0];
		const address = typeof text === "string" ? parseAddress(text) : undefined;
		if (address === undefined) {
			skips.add(`endpoints[${i}].addresses[0] is ${show(text)}, not an IP address`);
		} else if (familyOf(address) !== family) {
			skips.addPart(`Endpoint ${address}`, `it is not of the slice's addressType ${family}`);
		} else {
			endpoints.push(toEndpoint(json, address, interner, skips));
		}
	}
	return trimmed(endpoints);
}

function toEndpoint(json: Json, address: string, interner: Interner, skips: Skips): Endpoint {
	const conditions = recordOf(json.conditions);
	const hints = recordOf(json.hints);
	const condition = (name: string, absent: boolean): boolean => {
		const value = conditions[name] ?? absent;
		if (typeof value === "boolean") {
			return value;
		}
		skips.addPart(
			`Endpoint ${address}`,
			`conditions.${name} is ${show(value)}; ${absent} is assumed`,
		);
		return absent;
	};
	return {
		address,
		ready: condition("ready", true),
		serving: condition("serving", true),
		terminating: condition("terminating", false),
		nodeName: interner.string(stringOf(json.nodeName) ?? ""),
		zoneHints: interner.list(hintNames(hints.forZones)),
		nodeHints: interner.list(hintNames(hints.forNodes)),
	};
}

function hintNames(hints: unknown): readonly string[] {
	return arrayOf(hints)
		.map((hint) => stringOf(recordOf(hint).name) ?? "")
		.filter((name) => name !== "");
}

function triggerTimeOf(metadata: Metadata, skips: Skips): number {
	const text = metadata.annotation(TRIGGER_TIME);
	const time = text === undefined ? 0 : Date.parse(text);
	if (Number.isNaN(time)) {
		skips.add(`annotation ${TRIGGER_TIME} is ${show(text)}, not a time`);
		return 0;
	}
	return time;
}
