/** The node that packets of these tests pass through: devices, addresses, routes, neighbours. */
import { execFileSync } from "node:child_process";

export const NODE4 = "10.0.0.1";
export const NODE6 = "fd00::1";
export const UPLINK_MTU = 1500;
export const POD_MTU = 1450;

/** Two families of everything: [IPv4, IPv6]. */
export type Pair = readonly [string, string];

export const CLIENT: Pair = ["10.1.0.10", "fd01::10"];
export const BACKENDS: readonly Pair[] = [
	["10.1.0.20", "fd01::20"],
	["10.1.0.21", "fd01::21"],
];
/** On another node, behind the uplink. */
export const REMOTE: Pair = ["10.2.0.30", "fd02::30"];
/** Behind a VXLAN-like device, which has an address of its own. */
export const OVERLAY: Pair = ["10.3.0.40", "fd03::40"];
/** In the bridge. */
export const BRIDGED: Pair = ["10.4.0.50", "fd04::50"];
export const BRIDGED_CLIENT: Pair = ["10.4.0.51", "fd04::51"];
/** In the bridge as well, but no neighbour is known for it. */
export const BRIDGED_SILENT: Pair = ["10.4.0.52", "fd04::52"];
export const OUTSIDE: Pair = ["192.0.2.7", "2001:db8::7"];
export const OVERLAY4 = "10.3.0.0";
export const OVERLAY6 = "fd03::";

export const MAC = {
	client: "02:00:00:00:01:10",
	backend: "02:00:00:00:01:20",
	bridged: "02:00:00:00:04:50",
	router: "02:00:00:00:00:fe",
} as const;

export type DeviceName = "client" | "backend" | "uplink" | "overlay" | "bridge" | "port" | "lo";

const SCRIPT = `
link set lo up
link add client type veth peer name client-pod
link add backend mtu ${POD_MTU} type veth peer name backend-pod mtu ${POD_MTU}
link add uplink type veth peer name wire
link add overlay mtu ${POD_MTU} type veth peer name overlay-far
link add port type veth peer name port-pod
link add bridge type bridge
link set port master bridge
${["client", "client-pod", "backend", "backend-pod", "uplink", "wire", "overlay", "overlay-far"]
	.concat("port", "port-pod", "bridge")
	.map((name) => `link set ${name} up`)
	.join("\n")}
addr add ${NODE4}/24 dev uplink
addr add ${NODE6}/64 dev uplink nodad
addr add ${OVERLAY4}/32 dev overlay
addr add ${OVERLAY6}/128 dev overlay nodad
addr add 10.4.0.1/24 dev bridge
addr add fd04::1/64 dev bridge nodad
route add ${CLIENT[0]} dev client
route add ${CLIENT[1]} dev client
${BACKENDS.map(([v4, v6]) => `route add ${v4} dev backend\nroute add ${v6} dev backend`).join("\n")}
route add 10.3.0.0/16 dev overlay
route add fd03::/32 dev overlay
route add default via 10.0.0.254
route add default via fd00::fe
neigh add 10.0.0.254 dev uplink lladdr ${MAC.router} nud permanent
neigh add fd00::fe dev uplink lladdr ${MAC.router} nud permanent
${CLIENT.map((addr) => `neigh add ${addr} dev client lladdr ${MAC.client} nud permanent`).join("\n")}
${BACKENDS.flat()
	.map((addr) => `neigh add ${addr} dev backend lladdr ${MAC.backend} nud permanent`)
	.join("\n")}
${OVERLAY.map((addr) => `neigh add ${addr} dev overlay lladdr ${MAC.router} nud permanent`).join("\n")}
${BRIDGED.map((addr) => `neigh add ${addr} dev bridge lladdr ${MAC.bridged} nud permanent`).join("\n")}
`;

let interfaces: readonly Interface[] = [];

const SYSCTLS = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"];

/** Makes the devices in the namespace of this process, unless they are there. */
export function buildTopology(): void {
	if (interfaces.length > 0) return;
	execFileSync("sysctl", ["-q", "-w", ...SYSCTLS]);
	execFileSync("ip", ["-batch", "-"], { input: SCRIPT.trim() });
	interfaces = JSON.parse(execFileSync("ip", ["-json", "link"], { encoding: "utf8" }));
}

export function ifindexOf(device: DeviceName): number {
	return interfaceOf(device).ifindex;
}

/** "aa:bb:cc:dd:ee:ff" */
export function macOf(device: DeviceName): string {
	return interfaceOf(device).address;
}

/** In bytes. */
export function mtuOf(device: DeviceName): number {
	return interfaceOf(device).mtu;
}

interface Interface {
	readonly ifname: string;
	readonly ifindex: number;
	readonly address: string;
	readonly mtu: number;
}

function interfaceOf(device: DeviceName): Interface {
	const found = interfaces.find(({ ifname }) => ifname === device);
	if (found === undefined) throw new Error(`no device ${device}`);
	return found;
}
