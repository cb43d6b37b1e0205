/** Prints what a demo does while it does it, and counts what held and what did not. */
export class Report {
	#passed = 0;
	readonly #failed: string[] = [];

	/** A new part of the show. */
	title(text: string): void {
		this.#print(`\n== ${text}`);
	}

	/** What a user would have seen on a terminal. */
	show(text: string): void {
		for (const line of text.trimEnd().split("\n")) this.#print(`   ${line}`);
	}

	/** Something that has to hold; `detail` says what was seen. */
	check(what: string, holds: boolean, detail: string): void {
		this.#print(`   ${holds ? "ok  " : "FAIL"}  ${what}: ${detail}`);
		if (holds) this.#passed++;
		else this.#failed.push(what);
	}

	/** The last line; returns the exit status. */
	end(): number {
		if (this.#failed.length === 0) {
			this.#print(`\ndemo: ${this.#passed} checks passed`);
			return 0;
		}
		this.#print(`\ndemo: ${this.#failed.length} checks FAILED: ${this.#failed.join("; ")}`);
		return 1;
	}

	#print(line: string): void {
		process.stdout.write(`${line}\n`);
	}
}
