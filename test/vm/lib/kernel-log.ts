import { ALLOWED } from "../kernel-log-allowed.ts";
import type { KernelName } from "./kernels.ts";

/** What a healthy kernel never says. A program that died of a signal is among it. */
const ALARMS: readonly RegExp[] = [
	/\bWARNING: /,
	/\bBUG: /,
	/\bBUG at /,
	/\bOops\b/,
	/Call Trace:/,
	/Kernel panic/,
	/general protection fault/,
	/segfault at /,
	/unregister_netdevice: waiting for/,
	/\bINFO: (task|possible|rcu|inconsistent|suspicious|trying to register)/,
	/detected stall|self-detected stall|rcu_\w+ kthread starved/,
	/possible (recursive|circular|irq lock inversion|deadlock)|inconsistent lock state/,
	/suspicious RCU usage|sleeping function called|scheduling while atomic/,
	/\b(KASAN|KCSAN|KFENCE|KMSAN|UBSAN):/,
	/refcount_t: |list_(add|del) corruption|kmemleak: \d+ new/,
	/page allocation failure|invoked oom-killer|Out of memory/,
	/soft lockup|hard LOCKUP|blocked for more than/,
];

const BEGIN = /-+\[ cut here \]-+/;
const END = /-+\[ end trace/;

/**
 * The alarms in a kernel's log: single lines, and splats as a whole, from "cut here" to "end trace".
 * What the list of allowed ones names is left out.
 */
export function alarmsIn(kernel: KernelName, log: readonly string[]): string[] {
	const alarms: string[] = [];
	let splat: string[] = [];
	const endSplat = (): void => {
		if (splat.length > 0) alarms.push(splat.join("\n"));
		splat = [];
	};
	for (const line of log) {
		if (BEGIN.test(line)) endSplat();
		if (BEGIN.test(line) || splat.length > 0) splat.push(line);
		else if (ALARMS.some((alarm) => alarm.test(line))) alarms.push(line);
		if (END.test(line)) endSplat();
	}
	endSplat();
	return alarms.filter((alarm) => !isAllowed(kernel, alarm));
}

function isAllowed(kernel: KernelName, alarm: string): boolean {
	return ALLOWED.some(({ pattern, kernels }) => kernels.includes(kernel) && pattern.test(alarm));
}
