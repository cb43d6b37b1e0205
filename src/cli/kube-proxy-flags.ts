/** kube-proxy's flags that the help of Sluice does not list: they are accepted, and answered with a warning. */

/** Flags of fields of the configuration that have no effect, or one in some mode only. */
export const HIDDEN_FLAGS: readonly string[] = [
	"--proxy-mode <mode>",
	"--iptables-masquerade-bit <bit>",
	"--iptables-sync-period <duration>",
	"--iptables-min-sync-period <duration>",
	"--ipvs-sync-period <duration>",
	"--ipvs-min-sync-period <duration>",
	"--ipvs-scheduler <name>",
	"--ipvs-exclude-cidrs <cidrs>",
	"--ipvs-strict-arp [bool]",
	"--ipvs-tcp-timeout <duration>",
	"--ipvs-tcpfin-timeout <duration>",
	"--ipvs-udp-timeout <duration>",
	"--conntrack-max-per-core <n>",
	"--conntrack-min <n>",
	"--conntrack-tcp-be-liberal [bool]",
	"--config-sync-period <duration>",
	"--kube-api-content-type <type>",
	"--kube-api-qps <n>",
	"--kube-api-burst <n>",
	"--profiling [bool]",
	"--show-hidden-metrics-for-version <version>",
	"--feature-gates <list>",
	"--vmodule <list>",
	"--logging-format <format>",
	"--log-json-info-buffer-size <size>",
	"--log-json-split-stream [bool]",
	"--log-text-info-buffer-size <size>",
	"--log-text-split-stream [bool]",
	"--log-flush-frequency <duration>",
	"--healthz-port <port>",
	"--metrics-port <port>",
];

export interface AcceptedFlag {
	/** Commander's notation. */
	readonly flags: string;
	readonly instead: string;
}

const TO_STDERR = "logs go to standard error";
const ONE_FORMAT = "logs are JSON, or text on a terminal";

/** Flags for which the configuration has no field. */
export const ACCEPTED_FLAGS: readonly AcceptedFlag[] = [
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
];
