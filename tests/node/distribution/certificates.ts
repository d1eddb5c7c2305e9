/**
 * Certificates for tests of TLS: of two authorities, for this host and another.
 *
 * Tests may not write files, so this is a program, too: it makes the files, tells the test what is in them, and
 * removes them when its input ends.
 *
 * @module
 */

import type { TlsOptions } from "../../../lib/node/distribution/tls.ts";
import { hasErl } from "../etf/erl.ts";

/** Whether there are an Erlang and an OpenSSL on this machine, and the tests may run them. */
export const hasTls: boolean = hasErl && await hasOpenssl();

/** What the program tells. */
interface Made {
  /** The certificate of 127.0.0.1, by the authority. */
  readonly good: TlsOptions;
  /** The certificate of another host, by the same authority. */
  readonly otherHost: TlsOptions;
  /** The certificate of 127.0.0.1, by an authority of its own. */
  readonly otherAuthority: TlsOptions;
  /** Where they are. */
  readonly folder: string;
}

/** The certificates, until they are disposed of. */
export interface Certificates extends Omit<Made, "folder">, AsyncDisposable {
  /** Arguments for an Erlang node that shows the certificate with this name. */
  erlArguments(name: "good" | "otherHost" | "otherAuthority"): string[];
}

/** Has the program make certificates. */
export async function certificates(): Promise<Certificates> {
  const { pathname } = new URL(import.meta.url);
  const permissions = ["--allow-run=openssl", "--allow-read", "--allow-write"];
  const program = new Deno.Command("deno", {
    args: ["run", "--no-prompt", "--no-check", ...permissions, pathname],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = program.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.endsWith("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The certificates could not be made");
    text += value;
  }
  const { folder, ...made } = JSON.parse(text) as Made;
  return {
    ...made,
    erlArguments: (name) => {
      return ["-proto_dist", "inet_tls", "-ssl_dist_optfile", `${folder}/${name}.conf`];
    },
    async [Symbol.asyncDispose]() {
      await program.stdin.close();
      await reader.cancel();
      await program.status;
    },
  };
}

async function hasOpenssl(): Promise<boolean> {
  try {
    return (await new Deno.Command("openssl", { args: ["version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

// --- The program --------------------------------------------------------------------------------

/** Erlang takes the host of a node for a name even if it is an address. */
const THIS_HOST = "IP:127.0.0.1,DNS:127.0.0.1";
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  try {
    await makeAuthority(folder, "ca");
    await makeAuthority(folder, "ca2");
    const made: Made = {
      good: await makeCertificate(folder, "good", "ca", THIS_HOST),
      otherHost: await makeCertificate(folder, "otherHost", "ca", "DNS:other.example"),
      otherAuthority: await makeCertificate(folder, "otherAuthority", "ca2", THIS_HOST),
      folder,
    };
    console.log(JSON.stringify(made));
    await Deno.stdin.readable.pipeTo(new WritableStream());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function makeAuthority(folder: string, name: string): Promise<void> {
  const files = ["-keyout", `${folder}/${name}.key`, "-out", `${folder}/${name}.pem`];
  await openssl("req", "-x509", ...NEW_KEY, ...files, "-days", "2", "-subj", `/CN=${name}`);
}

async function makeCertificate(
  folder: string,
  name: string,
  authority: string,
  host: string,
): Promise<TlsOptions> {
  const at = `${folder}/${name}`;
  const ca = `${folder}/${authority}.pem`;
  const wanted = ["-keyout", `${at}.key`, "-out", `${at}.csr`, "-subj", `/CN=${name}`];
  await openssl("req", ...NEW_KEY, ...wanted);
  await Deno.writeTextFile(`${at}.ext`, `subjectAltName=${host}\nbasicConstraints=CA:FALSE\n`);
  const signer = ["-CA", ca, "-CAkey", `${folder}/${authority}.key`, "-CAcreateserial"];
  const signed = ["-in", `${at}.csr`, "-out", `${at}.pem`, "-days", "2", "-extfile", `${at}.ext`];
  await openssl("x509", "-req", ...signer, ...signed);
  await Deno.writeTextFile(`${at}.conf`, erlOptions(at, ca));
  const [cert, key, caText] = await Promise.all(
    [`${at}.pem`, `${at}.key`, ca].map((path) => Deno.readTextFile(path)),
  );
  return { cert: cert!, key: key!, ca: caText! };
}

/** What `-ssl_dist_optfile` wants to read. */
function erlOptions(at: string, ca: string): string {
  const files = `{certfile,"${at}.pem"},{keyfile,"${at}.key"},{cacertfile,"${ca}"}`;
  const both = `${files},{verify,verify_peer}`;
  return `[{server,[${both},{fail_if_no_peer_cert,true}]},{client,[${both}]}].`;
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stdout: "null" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
