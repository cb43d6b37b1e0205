import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, toEndpoint, useWorld } from "./lib/setup.ts";
import { ACTION } from "./lib/world.ts";

const world = useWorld({ variables: { have_other_proxy: true } });

forBothFamilies("where a kube-proxy may translate connections", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip] = backends;

	test("one that began before goes on without us, with endpoints and without", () => {
		for (const served of [[backend], []]) {
			world().reset();
			world().serve(vip, served);
			world().addServiceAddress(vip.address);
			for (const port of [vip.port, 4711]) {
				const packet = toEndpoint(family, { ...vip, port }, { flags: "A" });
				const result = world().run("tc_ingress", "client", packet);
				assert.equal(result.action, ACTION.pass);
				assert.deepEqual(result.packet, packet);
			}
			assert.deepEqual(world().flows(), []);
		}
	});

	test("new ones are the service's, and go on as such", () => {
		world().serve(vip, [backend]);
		const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
		assertPacket(sent.packet, { dst: backend.address });
		const next = world().run("tc_ingress", "client", toEndpoint(family, vip, { flags: "A" }));
		assertPacket(next.packet, { dst: backend.address });
	});
});
