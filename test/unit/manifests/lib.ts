import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A directory that is gone after the test. */
export function temporaryDir(t: TestContext): string {
	const dir = mkdtempSync(join(tmpdir(), "sluice-manifests-"));
	t.after(() => rmSync(dir, { recursive: true, force: true }));
	return dir;
}

export function serviceYaml(name: string, clusterIP: string): string {
	return [
		"apiVersion: v1",
		"kind: Service",
		`metadata: {name: ${name}}`,
		`spec: {clusterIP: ${clusterIP}, ports: [{port: 80}]}`,
		"",
	].join("\n");
}

export function sliceYaml(name: string, service: string, address: string): string {
	return [
		"apiVersion: discovery.k8s.io/v1",
		"kind: EndpointSlice",
		`metadata: {name: ${name}, labels: {kubernetes.io/service-name: ${service}}}`,
		"addressType: IPv4",
		"ports: [{port: 8080}]",
		`endpoints: [{addresses: [${address}]}]`,
		"",
	].join("\n");
}
