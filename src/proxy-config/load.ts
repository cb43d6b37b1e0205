/** From the text of a configuration file to a configuration that can be used. */
import { ConfigurationError } from "./configuration-error.ts";
import { decodeConfiguration } from "./decode.ts";
import { withDefaults } from "./defaults.ts";
import type { KubeProxyConfiguration } from "./schema.ts";
import { unusedFields } from "./unused.ts";
import { validateConfiguration } from "./validate.ts";

export interface LoadedConfiguration {
	readonly configuration: KubeProxyConfiguration;
	/** Sentences for the log: what is left out, and what has no effect. */
	readonly warnings: readonly string[];
}

/**
 * Decodes strictly, and leniently with a warning where that fails, as kube-proxy does; fills in
 * defaults; validates. Throws ConfigurationError with every problem, named by the field's path.
 */
export function loadConfiguration(text: string): LoadedConfiguration {
	const { configuration: decoded, strict, others } = decodeConfiguration(text);
	const configuration = withDefaults(decoded);
	const problems = validateConfiguration(configuration);
	if (problems.length > 0) {
		throw new ConfigurationError(problems.map(({ path, reason }) => `${path}: ${reason}`));
	}
	const lenient = `the configuration is decoded leniently, since strictly it fails: ${strict.join(", ")}`;
	const unread = `only the first document of the file is read, as by kube-proxy: ${others} more`;
	return {
		configuration,
		warnings: [
			...(others > 0 ? [unread] : []),
			...(strict.length > 0 ? [lenient] : []),
			...unusedFields(configuration).map(
				({ path, instead }) => `${path} has no effect: ${instead}`,
			),
		],
	};
}
