import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignHook, type NetfilterView } from "../../../src/agent/redirect-policy.ts";
import type { NetfilterHook, NftChain } from "../../../src/dataplane/addon.ts";

function hook(fields: Partial<NetfilterHook>): NetfilterHook {
	return {
		family: "ipv4",
		hook: 2,
		device: "",
		priority: 0,
		function: "",
		module: "",
		table: "",
		chain: "",
		tableFamily: "",
		...fields,
	};
}

function chain(fields: Partial<NftChain>): NftChain {
	return {
		family: "inet",
		table: "fw",
		name: "fwd",
		type: "filter",
		hook: 2,
		priority: 0,
		rules: 1,
		accepts: true,
		...fields,
	};
}

function judge(view: Partial<NetfilterView>): string | undefined {
	return foreignHook({ hooks: [], chains: [], others: [], ...view });
}

test("connection tracking's own hooks are nobody's policy", () => {
	const own = ["ipv4_conntrack_defrag", "ipv4_conntrack_in", "nf_confirm", "br_nf_pre_routing"];
	assert.equal(judge({ hooks: own.map((name) => hook({ function: name })) }), undefined);
	assert.equal(judge({}), undefined);
});

test("AppArmor's hook, which looks at the node's own sockets only, is nobody's policy", () => {
	const hooks = [hook({ hook: 4, function: "apparmor_ip_postroute" })];
	assert.equal(judge({ hooks }), undefined);
});

test("an iptables table and an unknown function are foreign, by name", () => {
	assert.match(judge({ hooks: [hook({ function: "ipt_do_table" })] }) ?? "", /ipt_do_table/);
	assert.match(judge({ hooks: [hook({ function: "selinux_ip_forward" })] }) ?? "", /selinux/);
	assert.match(
		judge({ hooks: [hook({ family: "bridge", function: "ebt_do_table" })] }) ?? "",
		/bridge/,
	);
	assert.match(judge({ hooks: [hook({ family: "netdev", function: "x" })] }) ?? "", /netdev/);
});

test("an nftables chain is foreign when it holds a rule or does not accept", () => {
	assert.equal(judge({ chains: [chain({})] }), "nftables chain inet fw fwd");
	assert.equal(judge({ chains: [chain({ rules: 0 })] }), undefined);
	assert.match(judge({ chains: [chain({ rules: 0, accepts: false })] }) ?? "", /fw fwd/);
	const hooks = [hook({ function: "nft_do_chain_inet" })];
	assert.equal(judge({ hooks, chains: [chain({ rules: 0 })] }), undefined);
	assert.match(judge({ chains: [chain({ family: "netdev", hook: 1 })] }) ?? "", /netdev/);
});

test("hooks that forwarded packets do not pass do not count", () => {
	for (const at of [1, 3]) {
		assert.equal(judge({ hooks: [hook({ hook: at, function: "ipt_do_table" })] }), undefined);
		assert.equal(judge({ chains: [chain({ hook: at })] }), undefined);
	}
	assert.equal(judge({ chains: [chain({ family: "arp", hook: 0 })] }), undefined);
});

test("where hooks cannot be listed, tables and chains that can be found decide", () => {
	assert.equal(judge({ hooks: undefined, chains: undefined }), undefined);
	assert.match(judge({ hooks: undefined, chains: [chain({})] }) ?? "", /fw fwd/);
	assert.equal(judge({ hooks: undefined, others: ["iptables table nat"] }), "iptables table nat");
});
