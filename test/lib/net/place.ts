import { command } from "./command.ts";
import { RunningProcess } from "./process.ts";

/**
 * A network namespace together with the cgroup that its processes run in. Programs are entered with
 * nsenter, since `ip netns exec` would hide bpffs and the cgroup tree from them.
 */
export class Place {
	/** Name of the network namespace. */
	readonly netns: string;
	/** Directory of the cgroup; "": the caller's own. */
	readonly cgroup: string;
	readonly #started: RunningProcess[] = [];

	constructor(netns: string, cgroup: string) {
		this.netns = netns;
		this.cgroup = cgroup;
	}

	/** Runs a short program to its end; returns its standard output. */
	run(argv: readonly string[], input?: string): string {
		return command(this.argv(argv), input);
	}

	/** Runs lines of `ip` commands, in one process. */
	ip(lines: readonly string[]): void {
		if (lines.length > 0) command(["ip", "-n", this.netns, "-batch", "-"], lines.join("\n"));
	}

	/** Writes kernel settings, such as "net/ipv4/ip_forward" = 1, seen from this namespace. */
	sysctl(values: Readonly<Record<string, number | string>>): void {
		const lines = Object.entries(values).map(
			([name, value]) => `echo "${value}" > "/proc/sys/${name}"`,
		);
		this.run(["sh", "-e"], lines.join("\n"));
	}

	/** Starts a program that runs until it is stopped, or until the lab is taken down. */
	start(argv: readonly string[], env?: Readonly<Record<string, string>>): RunningProcess {
		const running = new RunningProcess(this.argv(argv), env);
		this.#started.push(running);
		return running;
	}

	/** As start(), but its output goes to the end of a file; it may outlive this process. */
	startLogged(
		file: string,
		argv: readonly string[],
		env?: Readonly<Record<string, string>>,
	): RunningProcess {
		return this.start(["sh", "-c", `exec "$@" >>"${file}" 2>&1 </dev/null`, "sh", ...argv], env);
	}

	/** Ends every program that start() began. */
	killAll(): void {
		for (const running of this.#started) running.kill();
	}

	/** The command line that runs `argv` here; all of its steps keep the same process id. */
	argv(argv: readonly string[]): string[] {
		const enter = ["nsenter", `--net=/run/netns/${this.netns}`, "--"];
		if (this.cgroup === "") return [...enter, ...argv];
		const join = `echo $$ > "${this.cgroup}/cgroup.procs" && exec "$@"`;
		return [...enter, "sh", "-c", join, "sh", ...argv];
	}
}
