import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../.cache/programs", import.meta.url));

/** Throws when a control plane cannot be started: building takes minutes, which `make programs` does. */
export function checkPrograms(): void {
	const programs = ["etcd", "kube-apiserver", "kube-controller-manager"];
	const missing = programs.filter((name) => !existsSync(join(FOLDER, name)));
	if (missing.length > 0) throw new Error(`${missing.join(", ")} not built: run make programs`);
}
