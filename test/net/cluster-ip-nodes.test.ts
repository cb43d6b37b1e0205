import { describeClusterIP, PACKETS, REDIRECT, STACK } from "./cluster-ip.ts";

describeClusterIP({
	"two nodes, by packet": { nodes: 2, flags: [PACKETS] },
	"two nodes with a VXLAN, by socket": { nodes: 2, between: "vxlan" },
	"two nodes with a VXLAN, by packet through the stack": {
		nodes: 2,
		between: "vxlan",
		flags: [PACKETS, STACK],
	},
	"two nodes with a VXLAN, by packet redirected": {
		nodes: 2,
		between: "vxlan",
		flags: [PACKETS, REDIRECT],
	},
	"two nodes with a VXLAN, bridged pods, by packet": {
		nodes: 2,
		between: "vxlan",
		network: "bridged",
		flags: [PACKETS],
	},
});
