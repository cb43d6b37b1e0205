/** Where a command writes, so that its output can be tested as text. */
export interface CliIo {
	readonly out: (text: string) => void;
	readonly err: (text: string) => void;
}

export const processIo: CliIo = {
	out: (text) => void process.stdout.write(text),
	err: (text) => void process.stderr.write(text),
};
