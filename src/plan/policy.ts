import { FrontendFlag } from "../layout/structs.ts";
import type { ServedFrontend } from "../model/frontends.ts";
import type { NodeReach } from "../model/node-reach.ts";
import type { Family, Service } from "../model/objects.ts";
import { externalPolicyIsLocal } from "../model/reach.ts";

const {
	FRONTEND_LOCAL_SET: LOCAL,
	FRONTEND_MASQUERADE: MASQUERADE,
	FRONTEND_MASQUERADE_OUTSIDE: MASQUERADE_OUTSIDE,
	FRONTEND_NODE_PORT: NODE_PORT,
	FRONTEND_RANGES: RANGES,
} = FrontendFlag;

/** What decides about all frontends of a service port. */
export interface PolicyFacts {
	readonly service: Service;
	readonly family: Family;
	readonly reach: NodeReach;
	/** Not everybody may use its load balancer IPs. */
	readonly isRestricted: boolean;
}

/** enum frontend_flag of a frontend by scope. */
export interface ScopeFlags {
	readonly internal: number;
	/** undefined: clients outside do not reach it. */
	readonly external: number | undefined;
}

/**
 * Which set a client gets, and whether the backend sees its address: the table of kube-proxy's
 * TestInternalExternalMasquerade. Clients inside never meet externalTrafficPolicy Local: they get the
 * cluster's endpoints, and pods keep their address.
 */
export function scopeFlags(frontend: ServedFrontend, facts: PolicyFacts): ScopeFlags {
	if (frontend.type === "ClusterIP") {
		const flags = clusterIPFlags(facts);
		return { internal: flags, external: flags };
	}
	if (frontend.isLoopback) return { internal: MASQUERADE, external: undefined };
	const own = frontend.type === "NodePort" ? NODE_PORT : 0;
	const both = own | (frontend.type === "LoadBalancer" && facts.isRestricted ? RANGES : 0);
	if (externalPolicyIsLocal(facts.service)) {
		return { internal: MASQUERADE_OUTSIDE | both, external: LOCAL | both };
	}
	return { internal: MASQUERADE | both, external: MASQUERADE | both };
}

/** Without anything that tells pods from others nobody is masqueraded, as in kube-proxy. */
function clusterIPFlags({ service, family, reach }: PolicyFacts): number {
	const local = service.internalTrafficPolicy === "Local" ? LOCAL : 0;
	if (reach.settings.masqueradeAll) return local | MASQUERADE;
	return reach.detects.has(family) ? local | MASQUERADE_OUTSIDE : local;
}
