import type { Place } from "./place.ts";

/** Kernel counters that a correct translation never moves. */
const WATCHED = new Set([
	"TcpExt.IPReversePathFilter",
	"IpExt.InCsumErrors",
	"Ip.InHdrErrors",
	"Icmp.InCsumErrors",
	"Tcp.InCsumErrors",
	"Udp.InCsumErrors",
	"Udp6InCsumErrors",
	"Icmp6InCsumErrors",
	"Ip6InHdrErrors",
]);

/** The watched counters of a namespace, by name. */
export function readCounters(place: Place): Map<string, number> {
	const all = allCounters(place);
	return new Map([...all].filter(([name]) => WATCHED.has(name)));
}

/** Every counter of a namespace, such as "Icmp.InDestUnreachs" and "Icmp6InDestUnreachs". */
export function allCounters(place: Place): Map<string, number> {
	const text = place.run(["cat", "/proc/net/netstat", "/proc/net/snmp", "/proc/net/snmp6"]);
	const lines = text.split("\n").filter(Boolean);
	return new Map([...pairedLines(lines), ...singleLines(lines)]);
}

/** "Group: name name" followed by "Group: value value". */
function* pairedLines(lines: readonly string[]): Generator<[string, number]> {
	for (let at = 0; at + 1 < lines.length; at++) {
		const [group, ...names] = (lines[at] ?? "").split(/\s+/);
		const [again, ...values] = (lines[at + 1] ?? "").split(/\s+/);
		if (group !== again || !group?.endsWith(":")) continue;
		for (const [index, name] of names.entries()) {
			yield [`${group.slice(0, -1)}.${name}`, Number(values[index])];
		}
		at++;
	}
}

/** "name value", as in snmp6. */
function* singleLines(lines: readonly string[]): Generator<[string, number]> {
	for (const line of lines) {
		const [name, value, more] = line.trim().split(/\s+/);
		if (name && value && more === undefined && !name.endsWith(":")) yield [name, Number(value)];
	}
}
