/** Values of configuration fields as the text of a flag. */
import { parseDuration, parsePatterns, parseSwitch } from "./config-parse.ts";
import { DECODERS } from "./proxy-config/decode-field.ts";
import { formatGoDuration } from "./proxy-config/go-duration.ts";
import type { FieldType, VModule } from "./proxy-config/schema.ts";

/** The value of a flag's text; undefined, or UsageError: it is no value of that type. */
export function parseFieldText(type: FieldType, text: string): unknown {
	switch (type) {
		case "bool":
		case "bool?":
			return parseSwitch(text);
		case "int32":
		case "int32?":
		case "float":
			return text.trim() === "" ? undefined : DECODERS[type].decode(Number(text));
		case "duration":
		case "duration?":
		case "durationOrNs":
			return parseDuration(text);
		case "strings":
			return parsePatterns(text);
		case "gates":
			return Object.fromEntries(pairsOf(text).map(([name, on]) => [name, parseSwitch(on)]));
		case "vmodule":
			return DECODERS.vmodule.decode(
				pairsOf(text).map(([filePattern, level]) => ({ filePattern, verbosity: Number(level) })),
			);
		default:
			return DECODERS[type].decode(text);
	}
}

/** The text that a flag would have for it. */
export function textOfField(type: FieldType, value: unknown): string {
	switch (type) {
		case "duration":
		case "duration?":
		case "durationOrNs":
			return formatGoDuration(Number(value));
		case "strings":
			return (value as readonly string[]).join(",");
		case "gates":
			return Object.entries(value as object)
				.map(([name, on]) => `${name}=${on}`)
				.join(",");
		case "vmodule":
			return (value as readonly VModule[])
				.map(({ filePattern, verbosity }) => `${filePattern}=${verbosity}`)
				.join(",");
		default:
			return String(value);
	}
}

/** "a=1,b=2" */
function pairsOf(text: string): [name: string, value: string][] {
	return parsePatterns(text).map((pair) => {
		const at = pair.indexOf("=");
		return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
	});
}
