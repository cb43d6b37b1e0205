import assert from "node:assert/strict";
import { test } from "node:test";
import { formatJson, formatList, formatYaml } from "../../../src/cli/output.ts";
import { selectionOf, selectsEndpoint, selectsName } from "../../../src/cli/read/select.ts";
import { formatTable } from "../../../src/cli/table.ts";

const COLUMNS = [
	{ head: "NAME", cell: (row: { name: string; n: number }) => row.name },
	{ head: "COUNT", cell: (row: { name: string; n: number }) => row.n, right: true },
	{
		head: "NOTE",
		cell: (row: { name: string; n: number }) => (row.n > 1 ? "many" : ""),
		wide: true,
	},
];

test("a table has columns of the widest cell, three blanks apart, and no trailing blanks", () => {
	const rows = [
		{ name: "a", n: 1 },
		{ name: "long-name", n: 1234567 },
	];
	assert.equal(
		formatTable(COLUMNS, rows),
		"NAME          COUNT   NOTE\na                 1\nlong-name   1234567   many\n",
	);
});

test("wide columns are only shown when asked for, and an empty list is said to be empty", () => {
	const view = { columns: COLUMNS, empty: "Nothing found." };
	assert.equal(formatList("table", [{ name: "a", n: 2 }], view), "NAME   COUNT\na          2\n");
	assert.match(formatList("wide", [{ name: "a", n: 2 }], view), /NOTE/);
	assert.equal(formatList("table", [], view), "Nothing found.\n");
	assert.equal(formatList("json", [], view), "[]\n");
});

test("64-bit numbers are numbers while they are exact, else text", () => {
	assert.equal(
		formatJson({ a: 5n, b: 2n ** 60n }),
		'{\n\t"a": 5,\n\t"b": "1152921504606846976"\n}\n',
	);
	assert.equal(formatYaml({ a: 5n }), "a: 5\n");
});

test("a service is selected by name, by namespace and name, or with its port's name", () => {
	const web = { namespace: "shop", name: "web", portName: "http" };
	const selects = (service?: string, namespace?: string): boolean =>
		selectsName(selectionOf(namespace === undefined ? {} : { namespace }, service), web);
	assert.ok(selects());
	assert.ok(selects("web"));
	assert.ok(selects("web:http"));
	assert.ok(selects("shop/web"));
	assert.ok(selects(undefined, "shop"));
	assert.ok(!selects("web", "other"));
	assert.ok(!selects("other/web"));
	assert.ok(!selects("we"));
	assert.ok(!selects("web:https"));
});

test("addresses are compared in canonical form", () => {
	const endpoint = { address: "fd00::1", port: 80, protocol: "TCP" };
	assert.ok(selectsEndpoint(selectionOf({ address: "FD00:0::1", port: "80" }), endpoint));
	assert.ok(!selectsEndpoint(selectionOf({ protocol: "udp" }), endpoint));
	assert.throws(() => selectionOf({ address: "web" }), /--address: "web" is not an IP address/);
	assert.throws(() => selectionOf({ port: "70000" }), /--port: "70000" is not a port/);
	assert.throws(() => selectionOf({ allNamespaces: true, namespace: "a" }), /cannot be combined/);
});
