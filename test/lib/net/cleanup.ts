/** Undoes what a test made outside its own process, also when the test is interrupted. */
export class Cleanup {
	readonly #steps: { what: string; undo: () => void }[] = [];
	readonly #onSignal: (signal: NodeJS.Signals) => void;
	readonly #onExit: () => void;

	constructor() {
		this.#onExit = () => this.#runAll();
		this.#onSignal = (signal) => {
			this.#runAll();
			process.exit(signal === "SIGINT" ? 130 : 143);
		};
		process.once("exit", this.#onExit);
		process.once("SIGINT", this.#onSignal);
		process.once("SIGTERM", this.#onSignal);
	}

	/** Adds a step; steps run in reverse order. They must be synchronous. */
	add(what: string, undo: () => void): void {
		this.#steps.push({ what, undo });
	}

	/** Forgets all steps: what they would undo is left as it is. */
	disarm(): void {
		this.#steps.length = 0;
		this.#detach();
	}

	/** Runs every step even if some fail; throws an Error that names those that did. */
	run(): void {
		const failures = this.#runAll();
		this.#detach();
		if (failures.length > 0) throw new Error(`clean-up failed: ${failures.join("; ")}`);
	}

	#detach(): void {
		process.off("exit", this.#onExit);
		process.off("SIGINT", this.#onSignal);
		process.off("SIGTERM", this.#onSignal);
	}

	#runAll(): string[] {
		const failures: string[] = [];
		for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
			try {
				step.undo();
			} catch (error) {
				failures.push(`${step.what}: ${error instanceof Error ? error.message : String(error)}`);
			}
		}
		return failures;
	}
}
