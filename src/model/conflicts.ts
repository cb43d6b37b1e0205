import { type Frontend, frontendsOf, repeatedPorts, unservedAddresses } from "./frontends.ts";
import type { NodeReach } from "./node-reach.ts";
import type { ObjectKey, Service } from "./objects.ts";

/**
 * Why parts of a Service are not served although they are well-formed.
 *
 * @param otherOwner the Service that has a frontend, when it is not this one
 */
export function conflictsOf(
	service: Service,
	reach: NodeReach,
	otherOwner: (frontend: Frontend) => ObjectKey | undefined,
): string[] {
	const reasons = repeatedPorts(service).map(
		({ name, port, protocol }) =>
			`port ${name === "" ? port : `${name} ${port}`}/${protocol} repeats an earlier port`,
	);
	reasons.push(...unservedAddresses(service, reach));
	for (const { frontends } of frontendsOf(service, reach)) {
		for (const frontend of frontends) {
			const owner = otherOwner(frontend);
			if (owner === undefined) continue;
			const { address, port, protocol } = frontend;
			reasons.push(`${address} port ${port}/${protocol} belongs to ${owner}`);
		}
	}
	return reasons;
}
