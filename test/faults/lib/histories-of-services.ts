import { gone, service, slice } from "../../lib/objects.ts";
import { dns, dnsPods, type History, HTTP, PODS, two, VIP, web, webPods } from "./history.ts";
import { REST } from "./process.ts";

/** Services, their ports and their addresses come, go and pass on. */
export const OF_SERVICES: readonly History[] = [
	{
		name: "a Service comes and goes",
		steps: [[web, two], [gone(web), gone(two)], REST, [web, two]],
	},
	{
		name: "a Service goes before its endpoints",
		steps: [[web, two], [gone(web)], [gone(two)], REST],
	},
	{
		name: "a Service goes after its endpoints",
		steps: [[web, two], [gone(two)], [gone(web)], REST],
	},
	{
		name: "a Service goes and returns with other endpoints while its id rests",
		steps: [[web, two], [gone(web), gone(two)], [web, webPods("10.0.0.3")], REST],
	},
	{
		name: "a Service gets another number of port",
		steps: [[web, two], [service("web", VIP, ["http:81/TCP"])], REST, [web]],
	},
	{
		name: "a port gets another name and its endpoints with it",
		steps: [
			[web, two],
			[
				service("web", VIP, ["main:80/TCP"]),
				slice("web-a", ["main:8080/TCP"], ["10.0.0.1", "10.0.0.2"]),
			],
			REST,
		],
	},
	{
		name: "ports are added and removed",
		steps: [
			[
				service("web", VIP, ["http:80/TCP", "admin:81/TCP"]),
				slice("web-a", ["http:8080/TCP", "admin:9090/TCP"], ["10.0.0.1"]),
			],
			[service("web", VIP, ["admin:81/TCP", "dns:53/UDP"])],
			[slice("web-a", ["admin:9090/TCP", "dns:5353/UDP"], ["10.0.0.1"])],
			REST,
		],
	},
	{
		name: "a port changes its protocol",
		steps: [
			[dns, dnsPods("10.0.0.1")],
			[service("dns", "10.96.0.2", ["dns:53/TCP"]), slice("dns-a", ["dns:5353/TCP"], ["10.0.0.1"])],
			REST,
		],
	},
	{
		name: "a Service gets another address",
		steps: [[web, two], [service("web", "10.96.0.9", HTTP)], REST],
	},
	{
		name: "a Service gets a second family and loses the first",
		steps: [
			[web, two],
			[service("web", [VIP, "fd00::1"], HTTP), slice("web-b", PODS, ["fd01::1", "fd01::2"])],
			[service("web", "fd00::1", HTTP), gone(two)],
			REST,
		],
	},
	{
		name: "an address passes to another Service",
		steps: [
			[web, two],
			[gone(web), gone(two), service("heir", VIP, HTTP), slice("heir-a", PODS, ["10.0.0.9"])],
			REST,
		],
	},
	{
		name: "an address passes to a Service that has the same endpoints, and back",
		steps: [
			[web, two],
			[
				gone(web),
				gone(two),
				service("heir", VIP, HTTP),
				slice("heir-a", PODS, ["10.0.0.1", "10.0.0.2"]),
			],
			[web, two, gone(service("heir", VIP, HTTP)), gone(slice("heir-a", PODS, []))],
			REST,
		],
	},
	{
		name: "two Services change their addresses for each other's",
		steps: [
			[web, two, service("next", "10.96.0.3", HTTP), slice("next-a", PODS, ["10.0.0.8"])],
			[service("web", "10.96.0.3", HTTP), service("next", VIP, HTTP)],
			REST,
		],
	},
	{
		name: "a Service that sorts first claims the address and gives it up",
		steps: [
			[web, two],
			[service("aaa", VIP, HTTP), slice("aaa-a", PODS, ["10.0.0.9"])],
			[gone(service("aaa", VIP, HTTP))],
			REST,
		],
	},
];
