import { describeClusterIP, PACKETS, REDIRECT, STACK } from "./cluster-ip.ts";

describeClusterIP({
	"routed pods, by socket": {},
	"routed pods, by packet through the stack": { flags: [PACKETS, STACK] },
	"routed pods, by packet redirected": { flags: [PACKETS, REDIRECT] },
	"routed pods, by packet, programs on clsact": { flags: [PACKETS, STACK, "--tc-attach=clsact"] },
	"routed pods without checksum offload, through the stack": {
		txChecksum: false,
		flags: [PACKETS, STACK],
	},
	"routed pods without checksum offload, redirected": {
		txChecksum: false,
		flags: [PACKETS, REDIRECT],
	},
});
