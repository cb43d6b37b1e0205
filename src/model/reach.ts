import type { Service } from "./objects.ts";

/**
 * Whether externalTrafficPolicy Local counts: clients outside can reach the Service by something
 * other than its cluster IPs (kube-proxy's ExternalPolicyLocal).
 */
export function externalPolicyIsLocal(service: Service): boolean {
	const isExternal = service.type !== "ClusterIP" || service.externalIPs.length > 0;
	return isExternal && service.externalTrafficPolicy === "Local";
}

/** The port at which load balancers ask for the Service's health; 0: none (kube-proxy's NeedsHealthCheck). */
export function healthPortOf(service: Service): number {
	const isAsked = service.type === "LoadBalancer" && externalPolicyIsLocal(service);
	return isAsked ? service.healthCheckNodePort : 0;
}
