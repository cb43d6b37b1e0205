import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { NetfilterReader } from "../../src/agent/netfilter-view.ts";
import { lacking } from "../lib/features.ts";
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

test("registered hooks are listed with their chains", { skip: lacking("netfilterHooks") }, () => {
	const hooks = addon.netfilterHooks(["lo"]);
	const guard = (hooks ?? []).filter(({ table }) => table === "guard");
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

test("nftables' generation changes with the rules, and only with them", () => {
	const before = addon.nftGeneration();
	assert.equal(addon.nftGeneration(), before);
	shell("nft add rule inet guard helper accept");
	assert.notEqual(addon.nftGeneration(), before);
});

test("chains are listed again when rules have changed, not else", () => {
	let lists = 0;
	const reader = new NetfilterReader({
		netfilterHooks: () => [],
		nftGeneration: () => addon.nftGeneration(),
		nftBaseChains: () => {
			lists++;
			return addon.nftBaseChains();
		},
	});
	const rules = () => reader.read().chains?.find(({ table }) => table === "guard")?.rules;
	assert.deepEqual([rules(), rules(), lists], [1, 1, 1]);
	shell("nft add rule inet guard forward accept");
	assert.deepEqual([rules(), rules(), lists], [2, 2, 2]);
});

test("chains on no hook are found by name, of nft and of iptables-nft", () => {
	shell("iptables-nft -t nat -N MARKED");
	const found = addon.nftChains("MARKED") ?? [];
	assert.deepEqual(
		found.map(({ family, table, name }) => [family, table, name]),
		[["ip", "nat", "MARKED"]],
	);
	assert.deepEqual(addon.nftChains("helper")?.length, 1);
	assert.deepEqual(addon.nftChains("absent"), []);
});

test("chains of iptables-legacy are listed, of both families", () => {
	shell(`
		iptables-legacy -t nat -N FIRST
		iptables-legacy -t nat -N SECOND
		iptables-legacy -t nat -A SECOND -j FIRST
		ip6tables-legacy -t nat -N SIXTH
	`);
	assert.deepEqual([...addon.iptablesChains("ip", "nat")].sort(), ["ERROR", "FIRST", "SECOND"]);
	assert.deepEqual([...addon.iptablesChains("ip6", "nat")].sort(), ["ERROR", "SIXTH"]);
	assert.throws(() => addon.iptablesChains("ip", "nonsense"), { code: "ENOENT" });
});
