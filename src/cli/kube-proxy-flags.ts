/**
 * kube-proxy's flags that do not mean anything to Sluice. They are accepted, so that a DaemonSet's
 * arguments can stay as they are, and each one that is given is answered with one warning that says
 * what happens instead.
 */

export interface AcceptedFlag {
	/** Commander's notation. */
	readonly flags: string;
	readonly instead: string;
}

const OWN_TRACKING = "Sluice keeps its own flow table (--max-flows); nf_conntrack is left alone";
const NO_RULES = "Sluice writes no netfilter or IPVS rule";
const NOT_NEEDED = "translation does not depend on where a client is";
const LATER = "not served yet";
const TO_STDERR = "logs go to standard error";
const ONE_FORMAT = "logs are JSON, or text on a terminal";

export const ACCEPTED_FLAGS: readonly AcceptedFlag[] = [
	{ flags: "--proxy-mode <mode>", instead: "the mode is always ebpf" },
	{ flags: "--cluster-cidr <cidrs>", instead: NOT_NEEDED },
	{ flags: "--detect-local-mode <mode>", instead: NOT_NEEDED },
	{ flags: "--pod-bridge-interface <name>", instead: "use --pod-devices" },
	{ flags: "--pod-interface-name-prefix <prefix>", instead: "use --pod-devices" },
	{ flags: "--masquerade-all [bool]", instead: "masquerade is used only where a reply needs it" },
	{ flags: "--nodeport-addresses <cidrs>", instead: `node ports are ${LATER}` },
	{ flags: "--iptables-masquerade-bit <bit>", instead: "no mark bit is used" },
	{ flags: "--iptables-localhost-nodeports [bool]", instead: `node ports are ${LATER}` },
	{ flags: "--iptables-sync-period <duration>", instead: NO_RULES },
	{ flags: "--iptables-min-sync-period <duration>", instead: "use --min-sync-period" },
	{ flags: "--ipvs-sync-period <duration>", instead: NO_RULES },
	{ flags: "--ipvs-min-sync-period <duration>", instead: "use --min-sync-period" },
	{ flags: "--ipvs-scheduler <name>", instead: "backends are picked at random" },
	{ flags: "--ipvs-exclude-cidrs <cidrs>", instead: NO_RULES },
	{ flags: "--ipvs-strict-arp [bool]", instead: "no service address is put on a device" },
	{ flags: "--ipvs-tcp-timeout <duration>", instead: "use --conntrack-tcp-timeout-established" },
	{ flags: "--ipvs-tcpfin-timeout <duration>", instead: "use --flow-timeouts tcp-closed=..." },
	{ flags: "--ipvs-udp-timeout <duration>", instead: "use --conntrack-udp-timeout-stream" },
	{ flags: "--conntrack-max-per-core <n>", instead: OWN_TRACKING },
	{ flags: "--conntrack-min <n>", instead: OWN_TRACKING },
	{ flags: "--conntrack-tcp-be-liberal [bool]", instead: OWN_TRACKING },
	{ flags: "--config-sync-period <duration>", instead: "the watch is never resynced by time" },
	{ flags: "--kube-api-content-type <type>", instead: "JSON is used" },
	{ flags: "--kube-api-qps <n>", instead: "three watches are all that is asked of the server" },
	{ flags: "--kube-api-burst <n>", instead: "three watches are all that is asked of the server" },
	{ flags: "--oom-score-adj <n>", instead: "the score is left as it is" },
	{ flags: "--profiling [bool]", instead: "there is no profiling endpoint" },
	{ flags: "--show-hidden-metrics-for-version <version>", instead: "no metric is hidden" },
	{ flags: "--feature-gates <list>", instead: "there are no feature gates" },
	{ flags: "--vmodule <list>", instead: "use -v" },
	{ flags: "--logging-format <format>", instead: ONE_FORMAT },
	{ flags: "--log-json-info-buffer-size <size>", instead: ONE_FORMAT },
	{ flags: "--log-json-split-stream [bool]", instead: TO_STDERR },
	{ flags: "--log-text-info-buffer-size <size>", instead: ONE_FORMAT },
	{ flags: "--log-text-split-stream [bool]", instead: TO_STDERR },
	{ flags: "--logtostderr [bool]", instead: TO_STDERR },
	{ flags: "--alsologtostderr [bool]", instead: TO_STDERR },
	{ flags: "--stderrthreshold <severity>", instead: TO_STDERR },
	{ flags: "--log_dir <dir>", instead: TO_STDERR },
	{ flags: "--log_file <file>", instead: TO_STDERR },
	{ flags: "--log_file_max_size <size>", instead: TO_STDERR },
	{ flags: "--one_output [bool]", instead: TO_STDERR },
	{ flags: "--log_backtrace_at <place>", instead: "no stack is logged" },
	{ flags: "--add_dir_header [bool]", instead: ONE_FORMAT },
	{ flags: "--skip_headers [bool]", instead: ONE_FORMAT },
	{ flags: "--skip_log_headers [bool]", instead: ONE_FORMAT },
	{ flags: "--healthz-port <port>", instead: "use --healthz-bind-address" },
	{ flags: "--metrics-port <port>", instead: "use --metrics-bind-address" },
	{ flags: "--log-flush-frequency <duration>", instead: "logs are not buffered" },
];

/** kube-proxy's flags that would be wrong to ignore. */
export const REFUSED_FLAGS: readonly AcceptedFlag[] = [
	{
		flags: "--config <file>",
		instead: "configuration files are not supported yet; give the settings as flags",
	},
	{ flags: "--write-config-to <file>", instead: "configuration files are not supported yet" },
	{ flags: "--cleanup [bool]", instead: "use the cleanup command" },
	{ flags: "--init-only [bool]", instead: "no privileged setup step is needed" },
];
