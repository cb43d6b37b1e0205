import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../../lib/net/command.ts";

export type User = "admin" | "system:kube-proxy";

/** Keys, certificate and tokens of one cluster, as files in a directory. */
export interface Credentials {
	readonly certificate: string;
	readonly key: string;
	readonly serviceAccountKey: string;
	readonly tokenFile: string;
	/** PEM of the certificate, which is its own authority. */
	readonly ca: string;
	readonly tokens: Readonly<Record<User, string>>;
}

/** Makes them; the certificate is valid for the given addresses and for localhost. */
export function makeCredentials(directory: string, addresses: readonly string[]): Credentials {
	const file = (name: string): string => join(directory, name);
	const names = ["DNS:localhost", "DNS:kubernetes.default.svc", "IP:127.0.0.1"];
	for (const address of addresses) names.push(`IP:${address}`);
	const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
	const where = ["-keyout", file("server.key"), "-out", file("server.crt"), "-days", "2"];
	const who = ["-subj", "/CN=kube-apiserver", "-addext", `subjectAltName=${names.join(",")}`];
	command(["openssl", "req", "-x509", ...curve, ...where, ...who]);

	const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
	writeFileSync(file("sa.key"), privateKey.export({ type: "pkcs1", format: "pem" }));

	const tokens = { admin: secret(), "system:kube-proxy": secret() };
	writeFileSync(
		file("tokens.csv"),
		`${tokens.admin},admin,1,"system:masters"\n${tokens["system:kube-proxy"]},system:kube-proxy,2\n`,
	);
	return {
		certificate: file("server.crt"),
		key: file("server.key"),
		serviceAccountKey: file("sa.key"),
		tokenFile: file("tokens.csv"),
		ca: readFileSync(file("server.crt"), "utf8"),
		tokens,
	};
}

function secret(): string {
	return randomBytes(16).toString("hex");
}

/** Text of a kubeconfig file (JSON is YAML). */
export function kubeconfig(server: string, user: User, { ca, tokens }: Credentials): string {
	const authority = Buffer.from(ca).toString("base64");
	return JSON.stringify({
		apiVersion: "v1",
		kind: "Config",
		clusters: [{ name: "test", cluster: { server, "certificate-authority-data": authority } }],
		users: [{ name: user, user: { token: tokens[user] } }],
		contexts: [{ name: "test", context: { cluster: "test", user } }],
		"current-context": "test",
	});
}
