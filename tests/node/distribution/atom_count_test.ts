import { assertEquals, assertMatch } from "@std/assert";
import { Writer } from "../../../lib/node/etf/bytes.ts";
import { encodeTerm } from "../../../lib/node/etf/encode.ts";
import { DEFAULT_LIMITS } from "../../../lib/node/etf/mapping.ts";
import { AtomCount } from "../../../lib/node/distribution/atom_count.ts";
import { atom } from "../../../lib/node/terms.ts";
import { identities } from "./connection_fixtures.ts";
import { reports } from "./reports.ts";

const MANY = 10_000;

Deno.test("AtomCount warns once when more than ten thousand different atoms are sent", () => {
  using reported = reports();
  const atoms = new AtomCount("e@h");
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < MANY; i++) atoms.add(`a${i}`);
  }
  assertEquals(reported.texts, []);
  for (let i = 0; i < MANY; i++) atoms.add(`b${i}`);
  assertEquals(reported.texts.length, 1);
  assertMatch(reported.texts[0]!, /^e@h was sent more than 10000 different atoms/);
});

Deno.test("encodeTerm() counts tags and keys of the natural mapping, and nothing else", () => {
  const counted: string[] = [];
  const atoms = { add: (name: string) => void counted.push(name) };
  const term = ["tag", "text", { key: ["inner", 1] }, new Map([["data", atom("given")]])];
  for (const kind of ["natural", "exact"] as const) {
    encodeTerm(term, new Writer(), { kind, identities, limits: DEFAULT_LIMITS, atoms });
  }
  assertEquals(counted, ["tag", "key", "inner"]);
});
