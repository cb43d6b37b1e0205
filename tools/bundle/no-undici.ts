/**
 * Stands in the bundle for undici, the transport of the Kubernetes client: Sluice makes its requests
 * with node:https and takes from the client only how to find the server and to authenticate. undici
 * would be a third of the bundle, and by one character beyond Latin-1 have V8 keep twice the bytes.
 */
class Absent {
	constructor() {
		throw absent();
	}
}

export { Absent as Agent, Absent as ProxyAgent };

export function fetch(): never {
	throw absent();
}

function absent(): Error {
	return new Error("the Kubernetes client's own transport is not part of Sluice");
}
