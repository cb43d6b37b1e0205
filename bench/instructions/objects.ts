/** What a counted guest finds in /counted: the same objects for every proxy. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { node } from "../../test/cluster/lib/objects.ts";
import { command } from "../../test/lib/net/command.ts";
import {
	type ApiObject,
	clusterAddress,
	endpointAddresses,
	makeService,
	SERVICE_PORT,
	TARGET_PORT,
} from "../lib/objects.ts";

export const ENDPOINTS = 10;

const NODE_ADDRESS = { v4: "192.0.2.11", v6: "2001:db8::11" };

/** Where the servers are: in a pod of the node, or beyond its uplink. */
export type Place = "near" | "far";

function serverAddresses(place: Place): string[] {
	const subnet = place === "near" ? "10.1.1" : "10.1.2";
	return Array.from({ length: ENDPOINTS }, (_, index) => `${subnet}.${index + 10}`);
}

/** The Node, then Services with their slices; the last Service is the one that is asked. */
export function clusterObjects(services: number, place: Place): ApiObject[] {
	const objects: ApiObject[] = [{ ...node("node1", NODE_ADDRESS) }];
	for (let number = 0; number < services - 1; number++) {
		const { service, slice } = makeService(number, endpointAddresses(number, ENDPOINTS));
		objects.push(service, slice);
	}
	return [...objects, ...targetService(services - 1, place)];
}

/** TCP and UDP on the same port. */
function targetService(number: number, place: Place): ApiObject[] {
	const { service, slice } = makeService(number, serverAddresses(place));
	const ports = ["TCP", "UDP"].map((protocol) => ({ name: protocol.toLowerCase(), protocol }));
	const nodeName = place === "near" ? "node1" : "node2";
	const endpoints = slice.endpoints as object[];
	return [
		{
			...service,
			spec: {
				...(service.spec as object),
				ports: ports.map((port) => ({ ...port, port: SERVICE_PORT, targetPort: TARGET_PORT })),
			},
		},
		{
			...slice,
			ports: ports.map((port) => ({ ...port, port: TARGET_PORT })),
			endpoints: endpoints.map((endpoint) => ({ ...endpoint, nodeName })),
		},
	];
}

/** Writes an initramfs archive with manifests and the target's addresses. */
export function writeObjects(archive: string, services: number, place: Place): void {
	const folder = mkdtempSync(join(tmpdir(), "sluice-counted-"));
	try {
		const counted = join(folder, "counted");
		mkdirSync(join(counted, "manifests"), { recursive: true });
		const list = { apiVersion: "v1", kind: "List", items: clusterObjects(services, place) };
		writeFileSync(join(counted, "manifests/objects.json"), JSON.stringify(list));
		const target = {
			VIP: clusterAddress(services - 1),
			VIP_PORT: SERVICE_PORT,
			TARGET_PORT,
			PLACE: place,
			SERVERS: serverAddresses(place).join(" "),
		};
		const lines = Object.entries(target).map(([name, value]) => `${name}="${value}"\n`);
		writeFileSync(join(counted, "target"), lines.join(""));
		packArchive(folder, archive);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Packs a folder's contents as an initramfs archive; the same contents give the same bytes. */
export function packArchive(folder: string, archive: string): void {
	const pack =
		'cd "$1" && find . -exec touch -h -d @0 {} + && find . | sort | cpio --quiet -o -H newc --reproducible >"$2"';
	command(["sh", "-e", "-c", pack, "sh", folder, archive]);
}
