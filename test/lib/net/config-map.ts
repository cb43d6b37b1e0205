import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory as the kubelet mounts a ConfigMap: a file behind ..data, which an update swaps. */
export class ConfigMapDirectory {
	readonly path = mkdtempSync(join(tmpdir(), "sluice-config-map-"));
	#version = 0;

	/** @param name the file's; it has `text` at once */
	constructor(name: string, text: string) {
		this.update(name, text);
		symlinkSync(`..data/${name}`, join(this.path, name));
	}

	file(name: string): string {
		return join(this.path, name);
	}

	/** As AtomicWriter of the kubelet: a new directory, a new link over the old one, the old one gone. */
	update(name: string, text: string): void {
		const [before, now] = [`..version_${this.#version}`, `..version_${++this.#version}`];
		mkdirSync(join(this.path, now));
		writeFileSync(join(this.path, now, name), text);
		symlinkSync(now, join(this.path, "..data_tmp"));
		renameSync(join(this.path, "..data_tmp"), join(this.path, "..data"));
		rmSync(join(this.path, before), { recursive: true, force: true });
	}

	remove(): void {
		rmSync(this.path, { recursive: true, force: true });
	}
}
