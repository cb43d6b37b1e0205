import { endpoint, gone, service, slice } from "../../lib/objects.ts";
import { dns, dnsPods, type History, HTTP, PODS, range, two, web, webPods } from "./history.ts";
import { REST } from "./process.ts";

/** Endpoints come, go, move and are replaced. */
export const OF_ENDPOINTS: readonly History[] = [
	{ name: "endpoints come one by one", steps: [[web], [webPods("10.0.0.1")], [two]] },
	{ name: "endpoints go one by one", steps: [[web, two], [webPods("10.0.0.2")], [webPods()]] },
	{
		name: "all endpoints are replaced, again and again",
		steps: [
			[web, two],
			[webPods("10.0.0.3", "10.0.0.4", "10.0.0.5")],
			REST,
			[webPods("10.0.0.6")],
			[two],
			REST,
		],
	},
	{
		name: "a set grows and shrinks",
		steps: [
			[web, webPods(...range(2))],
			[webPods(...range(9))],
			[webPods(...range(3, 3))],
			REST,
			[webPods(...range(5))],
		],
	},
	{
		name: "an endpoint goes and returns while its id rests, and after",
		steps: [[web, two], [webPods("10.0.0.2")], [two], [webPods("10.0.0.2")], REST, [two]],
	},
	{
		name: "an endpoint terminates beside a ready one, then ends",
		steps: [
			[web, two],
			[
				slice("web-a", PODS, [
					"10.0.0.1",
					endpoint("10.0.0.2", { ready: false, terminating: true }),
				]),
			],
			[webPods("10.0.0.1")],
			REST,
		],
	},
	{
		name: "all endpoints terminate and serve on",
		steps: [
			[web, two],
			[
				slice("web-a", PODS, [
					endpoint("10.0.0.1", { ready: false, terminating: true }),
					endpoint("10.0.0.2", { ready: false, terminating: true }),
				]),
			],
			[webPods()],
		],
	},
	{
		name: "an endpoint moves to another slice, and to another port",
		steps: [
			[web, two],
			[webPods("10.0.0.1"), slice("web-b", PODS, ["10.0.0.2"])],
			[slice("web-b", ["http:9090/TCP"], ["10.0.0.2"])],
		],
	},
	{
		name: "an endpoint moves between slices, added before it is removed",
		steps: [[web, two], [slice("web-b", PODS, ["10.0.0.2"])], [webPods("10.0.0.1")]],
	},
	{
		name: "one endpoint is in two Services and leaves one",
		steps: [
			[
				web,
				two,
				service("twin", "10.96.0.3", HTTP),
				slice("twin-a", PODS, ["10.0.0.1", "10.0.0.2"]),
			],
			[webPods("10.0.0.2")],
			REST,
			[two],
		],
	},
	{
		name: "a UDP endpoint leaves a tombstone, and comes back",
		steps: [
			[dns, dnsPods("10.0.0.1", "10.0.0.2")],
			[dnsPods("10.0.0.2")],
			REST,
			[dnsPods("10.0.0.1", "10.0.0.2")],
			REST,
		],
	},
	{
		name: "a UDP endpoint leaves two Services, and comes back to one",
		steps: [
			[
				dns,
				dnsPods("10.0.0.1"),
				service("other", "10.96.0.3", ["dns:53/UDP"]),
				slice("other-a", ["dns:5353/UDP"], ["10.0.0.1"]),
			],
			[dnsPods("10.0.0.2")],
			[slice("other-a", ["dns:5353/UDP"], [])],
			[dnsPods("10.0.0.1", "10.0.0.2")],
			[gone(dns), gone(dnsPods())],
			REST,
		],
	},
	{
		name: "more tombstones than there is room for",
		steps: [
			[dns, dnsPods(...range(7))],
			[dnsPods("10.0.0.1")],
			REST,
			[dnsPods("10.0.0.1", ...range(2))],
		],
	},
];
