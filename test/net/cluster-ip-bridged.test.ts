import { describeClusterIP, PACKETS } from "./cluster-ip.ts";

describeClusterIP({
	"bridged pods, by socket": { network: "bridged" },
	"bridged pods, by packet, bridge-nf-call-iptables on": {
		network: "bridged",
		bridgeNf: 1,
		flags: [PACKETS],
	},
	"bridged pods, by packet, bridge-nf-call-iptables off": {
		network: "bridged",
		bridgeNf: 0,
		flags: [PACKETS],
	},
});
