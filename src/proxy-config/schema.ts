/**
 * The fields of KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1, as Kubernetes 1.36 has
 * them. Types are derived from this table, and decoding, flags and output go by it.
 */

export const API_VERSION = "kubeproxy.config.k8s.io/v1alpha1";
export const KIND = "KubeProxyConfiguration";

/** klog's vmodule. */
export interface VModule {
	readonly filePattern: string;
	readonly verbosity: number;
}

/**
 * Values of a field by the name of its type. A "?" is a pointer in Go: null until defaults are
 * filled in. Durations are in ms.
 */
interface FieldTypes {
	string: string;
	bool: boolean;
	"bool?": boolean | null;
	int32: number;
	"int32?": number | null;
	float: number;
	duration: number;
	"duration?": number | null;
	/** Of logging, whose durations may also be a number, of nanoseconds. */
	durationOrNs: number;
	quantity: string;
	strings: readonly string[];
	gates: Readonly<Record<string, boolean>>;
	vmodule: readonly VModule[];
}

export type FieldType = keyof FieldTypes;
export interface Schema {
	readonly [field: string]: FieldType | Schema;
}

const OUTPUT = { splitStream: "bool", infoBufferSize: "quantity" } as const;

export const SCHEMA = {
	featureGates: "gates",
	clientConnection: {
		kubeconfig: "string",
		acceptContentTypes: "string",
		contentType: "string",
		qps: "float",
		burst: "int32",
	},
	logging: {
		format: "string",
		flushFrequency: "durationOrNs",
		verbosity: "int32",
		vmodule: "vmodule",
		options: { text: OUTPUT, json: OUTPUT },
	},
	hostnameOverride: "string",
	bindAddress: "string",
	healthzBindAddress: "string",
	metricsBindAddress: "string",
	bindAddressHardFail: "bool",
	enableProfiling: "bool",
	showHiddenMetricsForVersion: "string",
	mode: "string",
	iptables: {
		masqueradeBit: "int32?",
		masqueradeAll: "bool",
		localhostNodePorts: "bool?",
		syncPeriod: "duration",
		minSyncPeriod: "duration",
	},
	ipvs: {
		syncPeriod: "duration",
		minSyncPeriod: "duration",
		scheduler: "string",
		excludeCIDRs: "strings",
		strictARP: "bool",
		tcpTimeout: "duration",
		tcpFinTimeout: "duration",
		udpTimeout: "duration",
	},
	nftables: {
		masqueradeBit: "int32?",
		masqueradeAll: "bool",
		syncPeriod: "duration",
		minSyncPeriod: "duration",
	},
	winkernel: {
		networkName: "string",
		sourceVip: "string",
		enableDSR: "bool",
		rootHnsEndpointName: "string",
		forwardHealthCheckVip: "bool",
	},
	detectLocalMode: "string",
	detectLocal: { bridgeInterface: "string", interfaceNamePrefix: "string" },
	clusterCIDR: "string",
	nodePortAddresses: "strings",
	oomScoreAdj: "int32?",
	conntrack: {
		maxPerCore: "int32?",
		min: "int32?",
		tcpEstablishedTimeout: "duration?",
		tcpCloseWaitTimeout: "duration?",
		tcpBeLiberal: "bool",
		udpTimeout: "duration",
		udpStreamTimeout: "duration",
	},
	configSyncPeriod: "duration",
	portRange: "string",
	windowsRunAsService: "bool",
} as const satisfies Schema;

type Decoded<S> = {
	-readonly [F in keyof S]: S[F] extends FieldType ? FieldTypes[S[F]] : Decoded<S[F]>;
};
type Filled<S> = {
	readonly [F in keyof S]: S[F] extends FieldType ? NonNullable<FieldTypes[S[F]]> : Filled<S[F]>;
};

/** As decoded: what is absent is zero, empty or, where Go has a pointer, null. */
export type DecodedConfiguration = Decoded<typeof SCHEMA>;
/** With kube-proxy's defaults. Durations in ms. */
export type KubeProxyConfiguration = Filled<typeof SCHEMA>;

export function isFieldType(entry: FieldType | Schema): entry is FieldType {
	return typeof entry === "string";
}
