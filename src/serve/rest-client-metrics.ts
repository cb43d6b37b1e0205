/**
 * Metrics of the requests to the API server, with the names, labels and buckets of client-go
 * (k8s.io/component-base/metrics/prometheus/restclient), which kube-proxy serves.
 */
import { Counter, Histogram, type Registry } from "@prometheus-io/client";

/** In seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** kube's ObservedRequest. */
interface Request {
	readonly host: string;
	readonly method: string;
}

/** Counts before there is a registry to show it; kube's RequestObserver. */
export class RestClientMetrics {
	readonly #requests = new Counter({
		name: "rest_client_requests_total",
		help: "Requests to the API server by status code, method and host",
		labelNames: ["code", "method", "host"],
		registers: [],
	});
	readonly #durations = new Histogram({
		name: "rest_client_request_duration_seconds",
		help: "Time of a request to the API server, its body included; watches are left out",
		labelNames: ["verb", "host"],
		buckets: BUCKETS,
		registers: [],
	});

	addTo(registry: Registry): void {
		registry.registerMetric(this.#requests);
		registry.registerMetric(this.#durations);
	}

	/** @param code HTTP status, or "<error>" when there was no answer */
	answered({ host, method }: Request, code: string): void {
		this.#requests.inc({ code, method, host });
	}

	took({ host, method }: Request, seconds: number): void {
		this.#durations.observe({ verb: method, host }, seconds);
	}
}
