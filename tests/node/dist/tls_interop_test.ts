import { assertEquals, assertRejects } from "@std/assert";
import { tls, type TlsOptions } from "../../../lib/node/dist/tls.ts";
import { ConnectError } from "../../../lib/node/dist/transport.ts";
import { Beam, freePort, hasErl, startEpmd } from "./beam.ts";
import { Node } from "./node.ts";
import { reports } from "./reports.ts";

const hasOpenssl = hasErl && await runs("openssl", "version");
const ignore = !hasOpenssl;

interface Certificates extends AsyncDisposable {
  /** The certificate of 127.0.0.1, by the authority. */
  readonly good: TlsOptions;
  /** The certificate of another host, by the same authority. */
  readonly otherHost: TlsOptions;
  /** The certificate of 127.0.0.1, by an authority of its own. */
  readonly otherAuthority: TlsOptions;
  /** Arguments for an Erlang node that shows the certificate with this name. */
  erlArguments(name: keyof TlsSet): string[];
}

type TlsSet = Pick<Certificates, "good" | "otherHost" | "otherAuthority">;

function tlsTest(
  name: string,
  fn: (certificates: Certificates, port: number) => Promise<void>,
): void {
  const title = ignore ? `${name} (no erl or openssl here)` : name;
  Deno.test({
    name: title,
    ignore,
    fn: async () => {
      const port = freePort();
      await using _epmd = await startEpmd(port);
      await using certificates = await makeCertificates();
      await fn(certificates, port);
    },
  });
}

tlsTest("Transport.connect() connects to an Erlang node with TLS", async (made, port) => {
  await using erl = await Beam.start("e@127.0.0.1", port, made.erlArguments("good"));
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
  assertEquals((await node.transport.connect("e@127.0.0.1")).node, "e@127.0.0.1");
  assertEquals(await erl.eval("nodes()."), "['d@127.0.0.1']");
});

tlsTest("Transport is up when an Erlang node connects with TLS", async (made, port) => {
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
  {
    await using erl = await Beam.start("e@127.0.0.1", port, made.erlArguments("good"));
    assertEquals(await erl.eval("net_kernel:connect_node('d@127.0.0.1')."), "true");
    await node.happened(1);
  }
  assertEquals(await node.happened(2), ["up e@127.0.0.1", "down e@127.0.0.1 connection_closed"]);
});

tlsTest("Transport.connect() refuses a peer of another authority", async (made, port) => {
  const args = made.erlArguments("otherAuthority");
  await using erl = await Beam.start("e@127.0.0.1", port, args);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
  await assertRejects(() => node.transport.connect("e@127.0.0.1"), ConnectError);
  assertEquals(await erl.eval("nodes()."), "[]");
});

tlsTest("Transport refuses an Erlang node of another authority", async (made, port) => {
  const args = made.erlArguments("otherAuthority");
  await using erl = await Beam.start("e@127.0.0.1", port, args);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
  assertEquals(await erl.eval("net_kernel:connect_node('d@127.0.0.1')."), "false");
  assertEquals(node.events, []);
});

tlsTest(
  "Transport.connect() refuses a peer whose certificate is of another host",
  async (made, port) => {
    await using _erl = await Beam.start("e@127.0.0.1", port, made.erlArguments("otherHost"));
    await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
    await assertRejects(() => node.transport.connect("e@127.0.0.1"), ConnectError);
  },
);

tlsTest(
  "Transport.connect() goes by the host in the name, not by the address",
  async (made, port) => {
    await using erl = await Beam.start("e@127.0.0.1", port, made.erlArguments("good"));
    const there = Number(
      await erl.eval('element(2, erl_epmd:port_please("e", {127,0,0,1})).'),
    );
    await using node = await Node.start({
      node: "d@127.0.0.1",
      tls: made.good,
      resolve: () => ({ host: "127.0.0.1", port: there }),
    });
    using _log = reports();
    await assertRejects(() => node.transport.connect("e@other.example"), ConnectError);
    assertEquals((await node.transport.connect("e@127.0.0.1")).node, "e@127.0.0.1");
  },
);

tlsTest("tls().listen() refuses a client without a certificate", async (made) => {
  const accepted: unknown[] = [];
  const address = { host: "127.0.0.1", port: 0 };
  const listener = await tls(made.good).listen(address, (stream) => accepted.push(stream));
  const client = await Deno.connectTls({
    hostname: "127.0.0.1",
    port: listener.port,
    caCerts: [made.good.ca],
  });
  // In TLS 1.3 the client hears of it only when it reads.
  const read = await client.read(new Uint8Array(1)).catch(() => null);
  assertEquals([read, accepted], [null, []]);
  client.close();
  listener.close();
});

async function runs(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null" }).output()).success;
  } catch {
    return false;
  }
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stdout: "null" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Two authorities, and certificates of both. */
async function makeCertificates(): Promise<Certificates> {
  const folder = await Deno.makeTempDir();
  await makeAuthority(folder, "ca");
  await makeAuthority(folder, "ca2");
  const good = await makeCertificate(folder, "good", "ca", "IP:127.0.0.1,DNS:127.0.0.1");
  const otherHost = await makeCertificate(folder, "otherHost", "ca", "DNS:other.example");
  const otherAuthority = await makeCertificate(
    folder,
    "otherAuthority",
    "ca2",
    "IP:127.0.0.1,DNS:127.0.0.1",
  );
  return {
    good,
    otherHost,
    otherAuthority,
    erlArguments: (
      name,
    ) => ["-proto_dist", "inet_tls", "-ssl_dist_optfile", `${folder}/${name}.conf`],
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function makeAuthority(folder: string, name: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", `${folder}/${name}.key`, "-out", `${folder}/${name}.pem`];
  await openssl("req", "-x509", ...key, ...files, "-days", "2", "-subj", `/CN=${name}`);
}

async function makeCertificate(
  folder: string,
  name: string,
  ca: string,
  host: string,
): Promise<TlsOptions> {
  const at = `${folder}/${name}`;
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl("req", ...key, "-keyout", `${at}.key`, "-out", `${at}.csr`, "-subj", `/CN=${name}`);
  // Erlang takes the host of a node for a name even if it is an address.
  const names = `subjectAltName=${host}\nbasicConstraints=CA:FALSE\n`;
  await Deno.writeTextFile(`${at}.ext`, names);
  const authority = ["-CA", `${folder}/${ca}.pem`, "-CAkey", `${folder}/${ca}.key`];
  const made = ["-in", `${at}.csr`, "-out", `${at}.pem`, "-days", "2", "-extfile", `${at}.ext`];
  await openssl("x509", "-req", ...authority, "-CAcreateserial", ...made);
  const files = `{certfile,"${at}.pem"},{keyfile,"${at}.key"},{cacertfile,"${folder}/${ca}.pem"},` +
    "{verify,verify_peer}";
  await Deno.writeTextFile(
    `${at}.conf`,
    `[{server,[${files},{fail_if_no_peer_cert,true}]},{client,[${files}]}].`,
  );
  const [cert, secret, authorityText] = await Promise.all(
    [`${at}.pem`, `${at}.key`, `${folder}/${ca}.pem`].map((path) => Deno.readTextFile(path)),
  );
  return { cert: cert!, key: secret!, ca: authorityText! };
}
