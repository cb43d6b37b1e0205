/**
 * What has to become of a packet, from the objects alone: docs/semantics.md as a program. Shares no code
 * with src/ and bpf/, and knows nothing of maps, ids or filters.
 */
import { BlockList, isIPv6 } from "node:net";
import { NODE4, NODE6 } from "../../bpf/lib/topology.ts";
import { type Target, targetsOf } from "./endpoints.ts";
import type { Question, Scene, ServiceObject } from "./objects.ts";
import { CLIENTS } from "./scene.ts";

export type Verdict =
	/** Goes on as it came. */
	| { readonly kind: "pass" }
	/** Refused without a word, counted under this name of enum drop_reason. */
	| { readonly kind: "drop"; readonly reason: string }
	/** Answered: port unreachable. */
	| { readonly kind: "reject"; readonly reason: string }
	/** Answered as a ping. */
	| { readonly kind: "echo" }
	/** Sent to one of these; `masquerades` tells of which ones the node's address is seen. */
	| { readonly kind: "to"; readonly targets: readonly Aim[] };

export interface Aim {
	readonly address: string;
	readonly port: number;
	/** A backend that the client's packet cannot reach from here: dropped under this name. */
	readonly unreachable?: string;
	readonly masquerades: boolean;
}

type Port = ServiceObject["spec"]["ports"][number];
type FrontendKind = "cluster" | "balancer" | "external" | "node port";

/** A frontend that answers for the packet's destination. */
interface Match {
	readonly service: ServiceObject;
	readonly port: Port;
	readonly kind: FrontendKind;
}

const OWN = [NODE4, NODE6] as const;
const PASS: Verdict = { kind: "pass" };

export function judge(scene: Scene, question: Question): Verdict {
	if (question.proto === "ICMP") return judgePing(scene, question);
	const match = matchOf(scene, question);
	return match ? judgeService(scene, question, match) : judgeRest(scene, question);
}

function judgeService(scene: Scene, question: Question, match: Match): Verdict {
	const { service, port, kind } = match;
	if (kind === "balancer" && !isInRanges(service, question)) {
		return { kind: "drop", reason: "DROP_SOURCE_RANGE" };
	}
	const { everywhere, here } = targetsOf(scene, service, port, question.family);
	const onlyHere = usesOnlyHere(scene, question, match);
	const targets = onlyHere ? here : everywhere;
	if (targets.length > 0) {
		return { kind: "to", targets: targets.map((one) => aim(scene, question, match, one)) };
	}
	if (onlyHere && everywhere.length > 0) return { kind: "drop", reason: "DROP_NO_LOCAL_ENDPOINT" };
	return { kind: "reject", reason: "DROP_NO_ENDPOINT" };
}

/** Neither a frontend nor a live connection. */
function judgeRest(scene: Scene, { address }: Question): Verdict {
	if (isClusterIP(scene, address)) return { kind: "reject", reason: "DROP_UNKNOWN_PORT" };
	return judgeUnallocated(scene, address);
}

function judgeUnallocated({ serviceCIDRs }: Scene, address: string): Verdict {
	if (!isIn(serviceCIDRs, address)) return PASS;
	return { kind: "drop", reason: "DROP_UNKNOWN_ADDRESS" };
}

function judgePing(scene: Scene, { address, family }: Question): Verdict {
	const isAnswering = scene.services.some((service) => {
		const isItsOwn =
			service.spec.clusterIPs.includes(address) || balancerIPs(service, family).includes(address);
		return isItsOwn && hasEndpoint(scene, service, family);
	});
	if (isAnswering) return { kind: "echo" };
	if (isClusterIP(scene, address)) return { kind: "reject", reason: "DROP_NO_ENDPOINT" };
	return judgeUnallocated(scene, address);
}

function hasEndpoint(scene: Scene, service: ServiceObject, family: 0 | 1): boolean {
	return service.spec.ports.some(
		(port) => targetsOf(scene, service, port, family).everywhere.length > 0,
	);
}

/** Of several, the kind that is matched first has it, then the Service whose name sorts first. */
function matchOf(scene: Scene, question: Question): Match | undefined {
	const inOrder = [...scene.services].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
	for (const kind of ["cluster", "balancer", "external", "node port"] as const) {
		for (const service of inOrder) {
			const port = portAt(scene, question, service, kind);
			if (port) return { service, port, kind };
			// A node port's number is one Service's in both families (ADR 17).
			if (kind === "node port" && hasNodePort(service, question)) return undefined;
		}
	}
	return undefined;
}

function portAt(
	scene: Scene,
	{ address, port, proto, family }: Question,
	service: ServiceObject,
	kind: FrontendKind,
): Port | undefined {
	if (!addressesOf(scene, service, kind, family).includes(address)) return undefined;
	return service.spec.ports.find(
		(one) => one.protocol === proto && (kind === "node port" ? one.nodePort : one.port) === port,
	);
}

function hasNodePort({ spec }: ServiceObject, { port, proto }: Question): boolean {
	return spec.ports.some((one) => one.protocol === proto && one.nodePort === port);
}

function addressesOf(
	scene: Scene,
	service: ServiceObject,
	kind: FrontendKind,
	family: 0 | 1,
): readonly string[] {
	const { clusterIPs, externalIPs } = service.spec;
	if (!hasFamily(service, family)) return [];
	if (kind === "cluster") return clusterIPs;
	if (kind === "balancer") return balancerIPs(service, family);
	if (kind === "external") {
		return externalIPs.filter((address) => isIn(scene.externalIPsAllowed, address));
	}
	return isNodePortAddress(scene, OWN[family]) ? [OWN[family]] : [];
}

/** A family of which nothing is listed is not restricted. */
function isNodePortAddress({ nodePortAddresses }: Scene, address: string): boolean {
	if (nodePortAddresses.includes("primary")) return true;
	const ofFamily = nodePortAddresses.filter(
		(cidr) => isIPv6(cidr.split("/")[0] ?? "") === isIPv6(address),
	);
	return ofFamily.length === 0 || isIn(ofFamily, address);
}

function balancerIPs(service: ServiceObject, family: 0 | 1): string[] {
	if (!hasFamily(service, family)) return [];
	return service.status.loadBalancer.ingress
		.filter(({ ipMode }) => ipMode === "VIP")
		.map(({ ip }) => ip);
}

function hasFamily({ spec }: ServiceObject, family: 0 | 1): boolean {
	return spec.clusterIPs.some((address) => isIPv6(address) === (family === 1));
}

function isClusterIP({ services }: Scene, address: string): boolean {
	return services.some(({ spec }) => spec.clusterIPs.includes(address));
}

/** Ranges of the other family say nothing of this one. */
function isInRanges({ spec }: ServiceObject, { client, family }: Question): boolean {
	const ranges = spec.loadBalancerSourceRanges.filter(
		(range) => isIPv6(range.split("/")[0] ?? "") === (family === 1),
	);
	return ranges.length === 0 || isIn(ranges, CLIENTS[client].address[family]);
}

function usesOnlyHere(scene: Scene, question: Question, { service, kind }: Match): boolean {
	if (kind === "cluster") return service.spec.internalTrafficPolicy === "Local";
	return isLocalOutside(service) && isFromOutside(scene, question);
}

/** externalTrafficPolicy counts where something other than the cluster IPs leads to the Service. */
function isLocalOutside({ spec }: ServiceObject): boolean {
	return (
		(spec.type !== "ClusterIP" || spec.externalIPs.length > 0) &&
		spec.externalTrafficPolicy === "Local"
	);
}

/** By the wire, and not known as a pod. */
function isFromOutside(scene: Scene, { client, family }: Question): boolean {
	if (client !== "outside" && client !== "far pod") return false;
	return !isIn(podCIDRs(scene), CLIENTS[client].address[family]);
}

function podCIDRs({ detectLocalMode, clusterCIDRs, podCIDRs: own }: Scene): readonly string[] {
	return detectLocalMode === "ClusterCIDR" ? clusterCIDRs : own;
}

function aim(scene: Scene, question: Question, match: Match, target: Target): Aim {
	const { address, port, isHere } = target;
	const { client, family } = question;
	const isNodeItself = address === OWN[family];
	if (client === "node") {
		return isNodeItself
			? { address, port, unreachable: "DROP_HOST_BACKEND", masquerades: false }
			: { address, port, masquerades: false };
	}
	const isItself = address === CLIENTS[client].address[family];
	const comesByWire = client === "outside" || client === "far pod";
	const masquerades =
		isItself || asksMasquerade(scene, question, match) || (comesByWire && !isHere);
	// The node answers by its own stack, whoever asks.
	return { address, port, masquerades: masquerades && (isItself || !isNodeItself) };
}

/** kube-proxy's TestInternalExternalMasquerade, for packets. */
function asksMasquerade(scene: Scene, question: Question, { service, kind }: Match): boolean {
	const isPod =
		question.client === "pod" ||
		isIn(podCIDRs(scene), CLIENTS[question.client].address[question.family]);
	if (kind === "cluster") {
		const knows = podCIDRs(scene).some(
			(cidr) => isIPv6(cidr.split("/")[0] ?? "") === (question.family === 1),
		);
		return scene.masqueradeAll || (knows && !isPod);
	}
	if (!isLocalOutside(service)) return true;
	return !isPod && !isFromOutside(scene, question);
}

function isIn(cidrs: readonly string[], address: string): boolean {
	const list = new BlockList();
	const family = isIPv6(address) ? "ipv6" : "ipv4";
	for (const cidr of cidrs) {
		const [net = "", bits = ""] = cidr.split("/");
		if (isIPv6(net) === (family === "ipv6")) list.addSubnet(net, Number(bits), family);
	}
	return list.check(address, family);
}
