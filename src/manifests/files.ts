import { readdirSync } from "node:fs";

/** The names of a directory's manifests, sorted: *.yaml, *.yml, *.json, without hidden files. */
export function listManifests(dir: string): string[] {
	return readdirSync(dir)
		.filter((name) => /\.(ya?ml|json)$/.test(name) && !name.startsWith("."))
		.sort();
}
