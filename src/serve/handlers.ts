/** The paths of kube-proxy's two servers: health on 10256, status on 10249. */
import type { HealthState } from "./health.ts";
import type { Handler, HttpAnswer } from "./http.ts";
import { HealthcheckSlis } from "./slis.ts";

export interface ProbeCounter {
	/** `code`: "200" or "503". */
	count(path: "healthz" | "livez", code: string): void;
}

export interface MetricsText {
	readonly contentType: string;
	metrics(): Promise<string>;
}

/** Port 10256: /healthz counts the node's eligibility in, /livez does not. */
export function healthHandler(health: HealthState, counter: ProbeCounter): Handler {
	const answer = (path: "healthz" | "livez"): HttpAnswer => {
		const { ok, body } = health.answer(path === "healthz");
		const status = ok ? 200 : 503;
		counter.count(path, String(status));
		return {
			status,
			headers: { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff" },
			body,
		};
	};
	return (path) => {
		if (path === "/healthz") return answer("healthz");
		return path === "/livez" ? answer("livez") : undefined;
	};
}

/**
 * Port 10249. Its /healthz only says that the process answers.
 *
 * @param configuration the one in effect, for /configz
 */
export function statusHandler(registry: MetricsText, configuration: () => object): Handler {
	const text = (body: string): HttpAnswer => ({
		status: 200,
		headers: {
			"Content-Type": "text/plain; charset=utf-8",
			"X-Content-Type-Options": "nosniff",
		},
		body,
	});
	const slis = new HealthcheckSlis();
	const exposed = async (metrics: MetricsText): Promise<HttpAnswer> => ({
		status: 200,
		headers: { "Content-Type": metrics.contentType },
		body: await metrics.metrics(),
	});
	return async (path) => {
		if (path === "/healthz") {
			slis.noteAnswer();
			return text("ok");
		}
		if (path === "/proxyMode") return text("ebpf");
		if (path === "/configz") return configz(configuration());
		if (path === "/metrics/slis") return exposed(slis.registry);
		return path === "/metrics" ? exposed(registry) : undefined;
	};
}

/** By the configuration's API group, as Kubernetes components answer. */
function configz(configuration: object): HttpAnswer {
	return {
		status: 200,
		headers: { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff" },
		body: JSON.stringify({ "kubeproxy.config.k8s.io": configuration }),
	};
}
