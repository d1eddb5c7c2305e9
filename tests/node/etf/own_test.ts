import { assertEquals } from "@std/assert";
import { collectReports } from "../../helpers.ts";
import { decode, encode, own } from "./support.ts";

Deno.test("decodeTerm() registers no more symbols for other nodes than there is room for", () => {
  using reports = collectReports();
  const sent = Array.from({ length: 70_000 }, (_, i) => Symbol.for(`a peer's ${i}`));
  const arrived = sent.map((symbol) => decode(encode([symbol], own), own) as [symbol]);
  assertEquals(arrived.every(([symbol], i) => symbol.description === `a peer's ${i}`), true);
  const count = arrived.filter(([symbol], i) => symbol === sent[i]).length;
  assertEquals(count > 50_000 && count < 65_000, true, `${count} are registered`);
  assertEquals(arrived.slice(count).some(([symbol]) => Symbol.keyFor(symbol) !== undefined), false);
  assertEquals(decode(encode([sent[0]], own), own), [sent[0]]);
  assertEquals(reports.all.map(({ level }) => level), ["warning"]);
});
