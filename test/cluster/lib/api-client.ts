import { Agent, request } from "node:https";

/** An object of the API as JSON. */
export interface KubeObject {
	readonly apiVersion: string;
	readonly kind: string;
	readonly metadata: {
		readonly name: string;
		readonly namespace?: string;
		readonly labels?: Readonly<Record<string, string>>;
		readonly annotations?: Readonly<Record<string, string>>;
		readonly resourceVersion?: string;
		readonly uid?: string;
	};
	readonly [field: string]: unknown;
}

/** An answer of the API server other than 2xx. */
export class ApiError extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.name = "ApiError";
		this.status = status;
	}
}

/** Where an API server is: by a unix socket that leads to it, since it lives in another network namespace. */
export interface ApiAddress {
	readonly socketPath: string;
	/** PEM of the certificate to trust; it is valid for "localhost". */
	readonly ca: string;
	readonly token: string;
}

const PLURALS: Readonly<Record<string, string>> = {
	EndpointSlice: "endpointslices",
	Namespace: "namespaces",
	Node: "nodes",
	Pod: "pods",
	Service: "services",
};

const CLUSTER_WIDE = new Set(["Namespace", "Node"]);

type Identity = Pick<KubeObject, "apiVersion" | "kind" | "metadata">;

/** The tests' own writer of API objects; what is tested never uses it. */
export class ApiClient {
	readonly #address: ApiAddress;
	readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

	constructor(address: ApiAddress) {
		this.#address = address;
	}

	create(object: KubeObject): Promise<KubeObject> {
		return this.request("POST", collection(object), object);
	}

	get(object: Identity): Promise<KubeObject> {
		return this.request("GET", path(object));
	}

	/** Lists the objects of the same kind and namespace. */
	async list(object: Identity, query = ""): Promise<readonly KubeObject[]> {
		const list = await this.request("GET", collection(object) + query);
		return list.items as readonly KubeObject[];
	}

	/** Merges fields into an object, or into its status. */
	patch(object: Identity, fields: object, subresource?: "status"): Promise<KubeObject> {
		return this.request("PATCH", path(object) + (subresource ? `/${subresource}` : ""), fields);
	}

	async delete(object: Identity): Promise<void> {
		await this.request("DELETE", path(object), { gracePeriodSeconds: 0 });
	}

	/** Any request; resolves with the decoded body, rejects with ApiError when the status is not 2xx. */
	request(method: string, url: string, body?: object): Promise<KubeObject> {
		const { socketPath, ca, token } = this.#address;
		const kind = method === "PATCH" ? "application/merge-patch+json" : "application/json";
		const text = body === undefined ? undefined : JSON.stringify(body);
		// Node frames the body of a DELETE only when it is told its length.
		const length = text === undefined ? {} : { "content-length": Buffer.byteLength(text) };
		const headers = { authorization: `Bearer ${token}`, "content-type": kind, ...length };
		return new Promise((resolve, reject) => {
			const options = { socketPath, ca, method, path: url, headers, agent: this.#agent };
			const sent = request({ ...options, servername: "localhost" }, (answer) => {
				let received = "";
				answer.setEncoding("utf8").on("data", (part: string) => {
					received += part;
				});
				answer.on("error", reject);
				answer.on("end", () => {
					const status = answer.statusCode ?? 0;
					if (status >= 200 && status < 300) resolve(decode(received));
					else reject(new ApiError(status, `${method} ${url}: ${status}: ${received}`));
				});
			});
			sent.on("error", reject);
			sent.end(text);
		});
	}

	close(): void {
		this.#agent.destroy();
	}
}

/** Some paths, such as /readyz, answer with text. */
function decode(text: string): KubeObject {
	return text.startsWith("{")
		? (JSON.parse(text) as KubeObject)
		: ({ text } as unknown as KubeObject);
}

function collection({ apiVersion, kind, metadata }: Identity): string {
	const plural = PLURALS[kind];
	if (plural === undefined) throw new Error(`the test client does not know the kind ${kind}`);
	const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
	if (CLUSTER_WIDE.has(kind)) return `${root}/${plural}`;
	return `${root}/namespaces/${metadata.namespace ?? "default"}/${plural}`;
}

function path(object: Identity): string {
	return `${collection(object)}/${object.metadata.name}`;
}
