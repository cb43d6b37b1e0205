import "./namespace.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { addon, shell } from "./programs.ts";

const FORWARD = 2;
const POSTROUTING = 4;

test("base chains of nft and of iptables-nft are listed, with hook, priority and policy", () => {
	shell(`
		nft add table inet guard
		nft 'add chain inet guard forward { type filter hook forward priority 5; policy drop; }'
		nft add rule inet guard forward ct state established accept
		nft add chain inet guard helper
		iptables-nft -t nat -A POSTROUTING -j MASQUERADE
	`);
	const chains = addon.nftBaseChains() ?? [];
	assert.deepEqual(
		chains.find(({ table }) => table === "guard"),
		{
			family: "inet",
			table: "guard",
			name: "forward",
			type: "filter",
			hook: FORWARD,
			priority: 5,
			rules: 1,
			accepts: false,
		},
	);
	const nat = chains.find(({ family, table }) => family === "ip" && table === "nat");
	assert.deepEqual([nat?.name, nat?.hook, nat?.accepts], ["POSTROUTING", POSTROUTING, true]);
	assert.equal(
		chains.some(({ name }) => name === "helper"),
		false,
	);
});

test("registered hooks are listed with their chains", (t) => {
	const hooks = addon.netfilterHooks(["lo"]);
	if (hooks === undefined) {
		t.skip("this kernel is built without NETFILTER_NETLINK_HOOK");
		return;
	}
	const guard = hooks.filter(({ table }) => table === "guard");
	assert.deepEqual(
		guard.map(({ family, hook, priority, chain, tableFamily }) => [
			family,
			hook,
			priority,
			chain,
			tableFamily,
		]),
		[
			["ipv4", FORWARD, 5, "forward", "inet"],
			["ipv6", FORWARD, 5, "forward", "inet"],
		],
	);
});
