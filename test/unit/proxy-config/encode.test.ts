import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration } from "../../../src/proxy-config/defaults.ts";
import { toJson, toYaml } from "../../../src/proxy-config/encode.ts";
import { fieldPaths, typeOfField } from "../../../src/proxy-config/fields.ts";
import { loadConfiguration } from "../../../src/proxy-config/load.ts";
import { UNUSED } from "../../../src/proxy-config/unused.ts";

test("the defaults are written as kube-proxy writes them", () => {
	assert.equal(
		toYaml(defaultConfiguration()),
		`apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection:
  acceptContentTypes: ""
  burst: 10
  contentType: application/vnd.kubernetes.protobuf
  kubeconfig: ""
  qps: 5
clusterCIDR: ""
configSyncPeriod: 15m0s
conntrack:
  maxPerCore: 32768
  min: 131072
  tcpBeLiberal: false
  tcpCloseWaitTimeout: 1h0m0s
  tcpEstablishedTimeout: 24h0m0s
  udpStreamTimeout: 0s
  udpTimeout: 0s
detectLocal:
  bridgeInterface: ""
  interfaceNamePrefix: ""
detectLocalMode: ClusterCIDR
enableProfiling: false
healthzBindAddress: 0.0.0.0:10256
hostnameOverride: ""
iptables:
  localhostNodePorts: true
  masqueradeAll: false
  masqueradeBit: 14
  minSyncPeriod: 1s
  syncPeriod: 30s
ipvs:
  excludeCIDRs: null
  minSyncPeriod: 0s
  scheduler: ""
  strictARP: false
  syncPeriod: 30s
  tcpFinTimeout: 0s
  tcpTimeout: 0s
  udpTimeout: 0s
kind: KubeProxyConfiguration
logging:
  flushFrequency: 5s
  format: text
  options:
    json:
      infoBufferSize: "0"
    text:
      infoBufferSize: "0"
  verbosity: 0
metricsBindAddress: 127.0.0.1:10249
mode: ""
nftables:
  masqueradeAll: false
  masqueradeBit: 14
  minSyncPeriod: 1s
  syncPeriod: 30s
nodePortAddresses: null
oomScoreAdj: -999
portRange: ""
showHiddenMetricsForVersion: ""
winkernel:
  enableDSR: false
  forwardHealthCheckVip: false
  networkName: ""
  rootHnsEndpointName: ""
  sourceVip: ""
`,
	);
});

test("what is written is read back as the same, as YAML and as JSON", () => {
	const text = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
featureGates: { A: true }
hostnameOverride: "on"
nodePortAddresses: [10.0.0.0/8, "fd00::/8"]
logging: { vmodule: [{ filePattern: a, verbosity: 2 }], options: { json: { splitStream: true } } }
conntrack: { udpTimeout: 1.5s }
`;
	const { configuration } = loadConfiguration(text);
	for (const written of [toYaml(configuration), JSON.stringify(toJson(configuration))]) {
		assert.deepEqual(loadConfiguration(written).configuration, configuration);
	}
});

test("what is said of fields without effect is about fields that exist", () => {
	const unknown = Object.keys(UNUSED).filter((path) => typeOfField(path) === undefined);
	assert.deepEqual(unknown, []);
	assert.ok(fieldPaths().every((path) => typeOfField(path) !== undefined));
	assert.equal(typeOfField("iptables"), undefined);
	assert.equal(typeOfField("mode.x"), undefined);
});
