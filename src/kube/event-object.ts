/** Events of events.k8s.io/v1 as JSON. Pure. */

/** What an event is about. */
export interface EventSubject {
	readonly apiVersion: "v1";
	readonly kind: "Node" | "Service";
	/** "" for a Node. */
	readonly namespace: string;
	readonly name: string;
	/** "": not known. */
	readonly uid: string;
}

export interface EventNote {
	readonly regarding: EventSubject;
	readonly type: "Normal" | "Warning";
	/** In one word, for machines, such as "Starting". */
	readonly reason: string;
	/** What was being done, in one word. */
	readonly action: string;
	/** For people; cut to what the API allows. */
	readonly note: string;
}

/** Who reports. */
export const CONTROLLER = "sluice";
/** What the API server allows. */
const MAX_NOTE_BYTES = 1024;
const MAX_INSTANCE = 128;

/** Where an event is kept: beside its subject; those of nodes in "default". */
export function eventNamespace({ regarding }: EventNote): string {
	return regarding.namespace === "" ? "default" : regarding.namespace;
}

/** Same notes are one event, with a count. */
export function eventKey({ regarding, type, reason, note }: EventNote): string {
	return JSON.stringify([regarding, type, reason, note]);
}

/**
 * @param name of eventName()
 * @param at ms since 1970
 */
export function eventObject(
	event: EventNote,
	{ nodeName, name, at }: { nodeName: string; name: string; at: number },
): object {
	const { regarding, type, reason, action, note } = event;
	const { namespace, uid, ...subject } = regarding;
	return {
		apiVersion: "events.k8s.io/v1",
		kind: "Event",
		metadata: { name, namespace: eventNamespace(event) },
		eventTime: microTime(at),
		reportingController: CONTROLLER,
		reportingInstance: `${CONTROLLER}-${nodeName}`.slice(0, MAX_INSTANCE),
		type,
		reason,
		action,
		note: cutToBytes(note, MAX_NOTE_BYTES),
		regarding: {
			...subject,
			...(namespace === "" ? {} : { namespace }),
			...(uid === "" ? {} : { uid }),
		},
	};
}

/** As client-go names them: the subject's name, and the time in hexadecimal ns, which `serial` makes unique. */
export function eventName({ name }: EventSubject, at: number, serial: number): string {
	const ns = BigInt(Math.floor(at)) * 1_000_000n + BigInt(serial % 1_000_000);
	return `${name}.${ns.toString(16)}`;
}

/** A merge patch for an event that has happened `count` times, the last time at `at`. */
export function seriesPatch(count: number, at: number): object {
	return { series: { count, lastObservedTime: microTime(at) } };
}

function microTime(ms: number): string {
	return new Date(ms).toISOString().replace("Z", "000Z");
}

function cutToBytes(text: string, limit: number): string {
	const bytes = Buffer.from(text);
	if (bytes.length <= limit) return text;
	// A character that was cut in two is left out.
	return `${bytes
		.subarray(0, limit - 3)
		.toString("utf8")
		.replace(/\uFFFD+$/, "")}...`;
}
