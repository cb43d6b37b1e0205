// For every Node process of a guest, whose image holds TypeScript without its types: takes it as JavaScript.
import { registerHooks } from "node:module";

registerHooks({
	load(url, context, next) {
		const { format } = context;
		return next(url, { ...context, format: format === "module-typescript" ? "module" : format });
	},
});
