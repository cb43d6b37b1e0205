/** Tests of one file that a guest runs for each change, and what of them differs between kernels. */
export interface Row {
	readonly file: string;
	/** Matches the names of its suites and tests; none: all tests of the file. */
	readonly only?: RegExp;
	readonly why: string;
}

/** What depends on the kernel more than on this tree. All other net tests run in `make test-long`. */
export const NET_ROWS: readonly Row[] = [
	{
		file: "test/net/lab.test.ts",
		only: /the guards of a lab/,
		why: "that martians, INVALID packets and bad checksums are noticed on this kernel, too",
	},
	{
		file: "test/net/attachments.test.ts",
		only: /are put back|follow devices/,
		why: "clsact and TCX, what is detached by others, devices that come, go and are renamed",
	},
];

/** The tunnels take a guest ten minutes, all of SCTP six: they are for `make test-long`. */
export const GUEST_ROWS: readonly Row[] = [
	{
		file: "test/vm/guest/foreign.guest.ts",
		only: /dummy device/,
		why: "dummy devices, which not every machine's kernel has",
	},
	{
		file: "test/vm/guest/sctp.guest.ts",
		only: /socket hooks, real checksums .*(here and elsewhere|every checksum|end of an association)/,
		why: "real associations, their end, and who makes their checksums",
	},
	{
		file: "test/vm/guest/translate.guest.ts",
		why: "that an agent serves on this kernel at all, by sockets and by packets",
	},
];
