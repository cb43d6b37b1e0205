import { Gauge, type Registry } from "@prometheus-io/client";

/**
 * kubernetes_build_info, which dashboards join to other metrics to tell versions apart. The version
 * is this program's own, with the labels that Kubernetes components have and that mean something here.
 *
 * @param version such as "0.1.0"
 * @param platform as Go writes it: "linux/amd64"
 */
export function addBuildInfo(registry: Registry, version: string, platform: string): void {
	const [major = "", minor = ""] = version.split(".");
	const labels = { major, minor, git_version: `v${version}`, platform };
	new Gauge({
		name: "kubernetes_build_info",
		help: "Version of this program; always 1",
		labelNames: Object.keys(labels),
		registers: [registry],
	}).set(labels, 1);
}
