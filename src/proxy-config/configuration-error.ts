/** What is wrong with a configuration; each problem begins with the path of its field. */
export class ConfigurationError extends Error {
	readonly problems: readonly string[];

	constructor(problems: readonly string[]) {
		super(problems.join("; "));
		this.name = "ConfigurationError";
		this.problems = problems;
	}
}
