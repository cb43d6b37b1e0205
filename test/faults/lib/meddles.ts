import type { Meddle, Outlet } from "./api-proxy.ts";

const NEWLINE = 0x0a;

/** The lines of a watch, each with its end. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of body) {
		rest = Buffer.concat([rest, chunk]);
		for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
			yield rest.subarray(0, end + 1);
			rest = rest.subarray(end + 1);
		}
	}
}

/** The first `count` lines go through; `then` is called with the next one, and what it leaves is passed on. */
function atLine(
	count: number,
	then: (line: Buffer, out: Outlet) => Promise<"over" | "go on">,
): Meddle {
	return async (body, out) => {
		let seen = 0;
		for await (const line of linesOf(body)) {
			if (seen++ !== count) await out.write(line);
			else if ((await then(line, out)) === "over") return;
		}
		out.end();
	};
}

const half = (line: Buffer): Buffer => line.subarray(0, line.length >> 1);

/** In the middle of a line the connection is reset. */
export const resetAt = (count: number): Meddle =>
	atLine(count, async (line, out) => {
		await out.write(half(line));
		out.reset();
		return "over";
	});

/** In the middle of a line the body ends as if that were all. */
export const truncateAt = (count: number): Meddle =>
	atLine(count, async (line, out) => {
		await out.write(half(line));
		out.end();
		return "over";
	});

/** In the middle of a line nothing more comes, and nothing ends. */
export const stallAt = (count: number): Meddle =>
	atLine(count, async (line, out) => {
		await out.write(half(line));
		return "over";
	});

/** A line is no JSON; what follows is whole again. */
export const breakAt = (count: number): Meddle =>
	atLine(count, async (line, out) => {
		await out.write(Buffer.concat([half(line), Buffer.from("\n")]));
		return "go on";
	});

/** An ERROR event stands in the place of a line, and the watch ends. */
export const errorAt = (count: number, code: number, reason: string): Meddle =>
	atLine(count, async (_line, out) => {
		const object = { kind: "Status", status: "Failure", code, reason, message: "made up" };
		await out.write(`${JSON.stringify({ type: "ERROR", object })}\n`);
		out.end();
		return "over";
	});

/** Every line comes twice. */
export const repeatAll: Meddle = async (body, out) => {
	for await (const line of linesOf(body)) {
		await out.write(line);
		await out.write(line);
	}
	out.end();
};

/** Of each two lines the second comes first. */
export const swapAll: Meddle = async (body, out) => {
	let held: Buffer | undefined;
	for await (const line of linesOf(body)) {
		if (held === undefined) {
			held = Buffer.from(line);
			continue;
		}
		await out.write(line);
		await out.write(held);
		held = undefined;
	}
	out.end();
};

/** The body comes in pieces of so many bytes, each on its own. */
export const inPieces =
	(size: number): Meddle =>
	async (body, out) => {
		for await (const chunk of body) {
			for (let at = 0; at < chunk.length; at += size) {
				await out.write(chunk.subarray(at, at + size));
			}
		}
		out.end();
	};

/** The body is cut off after so many bytes. */
export const cutAfter =
	(bytes: number): Meddle =>
	async (body, out) => {
		let left = bytes;
		for await (const chunk of body) {
			await out.write(chunk.subarray(0, left));
			left -= chunk.length;
			if (left <= 0) break;
		}
		out.end();
	};

/** The body ends before it has begun. */
export const nothing: Meddle = async (_body, out) => out.end();
