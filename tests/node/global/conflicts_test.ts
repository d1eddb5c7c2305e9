import { assertEquals } from "@std/assert";
import { inspect } from "../../../mod.ts";
import { RemotePid } from "../../../lib/kernel/distribution.ts";
import type { Pid, Term } from "../../../lib/kernel/term.ts";
import { resolveAll, resolveIt, wireMethod } from "../../../lib/node/global/conflicts.ts";
import { exactly } from "../../../lib/node/global/exactly.ts";
import { Export, ImproperList, list } from "../../../lib/node/terms.ts";
import { notifyAllName, randomExitName } from "../../../registries/global.ts";
import { Names } from "../../../registries/name_server.ts";
import { collectReports } from "../../helpers.ts";

let pids = 0;
const pidOf = (node: string): Pid => new RemotePid(node, ++pids, 0, 1);
const METHOD = new Export("global", "random_exit_name", 3);

Deno.test("resolveAll() takes what is new, leaves what is the same, and has the smaller node decide", async () => {
  const names = new Names(() => () => {});
  const [same, mine, his, fresh] = ["a@h", "a@h", "b@h", "b@h"].map(pidOf) as [Pid, Pid, Pid, Pid];
  names.insert("same", same, METHOD);
  names.insert("both", mine, METHOD);
  const theirs = [["same", same, METHOD], ["both", his, METHOD], ["new", fresh, METHOD]] as const;
  const insert = (name: Term, pid: Pid) => ["insert", [name, pid, METHOD]] as const;
  const said = (answer: Term) =>
    resolveAll(names, "a@h", "b@h", theirs, () => Promise.resolve(answer));
  const taken = insert("new", fresh);
  assertEquals(await said(mine), { ops: [taken], resolved: [insert("both", mine)] } as never);
  assertEquals(await said(his), { ops: [insert("both", his), taken], resolved: [] } as never);
  const freed = ["delete", "both"] as const;
  assertEquals(await said(Symbol.for("none")), { ops: [freed, taken], resolved: [freed] } as never);
  using reports = collectReports();
  assertEquals(await said("gurka"), { ops: [freed, taken], resolved: [freed] } as never);
  const fails = () => Promise.reject(new Error("gurka"));
  assertEquals(
    await resolveAll(names, "a@h", "b@h", theirs, fails),
    { ops: [insert("both", his), taken], resolved: [] } as never,
  );
  assertEquals(reports.all.length, 2);
  // The greater one leaves it to the other.
  assertEquals(
    await resolveAll(names, "c@h", "b@h", theirs, fails),
    { ops: [taken], resolved: [] } as never,
  );
});

Deno.test("wireMethod() sends functions of this node as what every node can run", () => {
  assertEquals(wireMethod(notifyAllName), new Export("global", "notify_all_name", 3));
  assertEquals([wireMethod(randomExitName), wireMethod(() => "none")], [METHOD, METHOD]);
  const other = new Export("mine", "resolve", 3);
  assertEquals(wireMethod(other), other);
});

Deno.test("resolveIt() runs the function a name was given with, and others where the other process is", async () => {
  const names = new Names(() => () => {});
  const [mine, his] = ["a@h", "b@h"].map(pidOf) as [Pid, Pid];
  names.insert("it", mine, (_name: Term, one: Pid) => one);
  const nowhere = () => Promise.reject(new Error("out of reach"));
  assertEquals(await resolveIt(names, [METHOD, "it", his, mine], nowhere), his);
  const method = new Export("his", "resolve", 3);
  names.insert("it", mine, method);
  const asked: Term[] = [];
  const said = await resolveIt(names, [method, "it", his, mine], (...what) => {
    asked.push(what);
    return Promise.resolve(his);
  });
  assertEquals([said, asked], [his, [["b@h", [method, "it", his, mine]]]]);
  // If it cannot be run at all, the default decides: for the smaller node.
  using _reports = collectReports();
  assertEquals(await resolveIt(names, [method, "it", his, mine], nowhere), mine);
});

Deno.test("exactly() makes atoms of all strings, and leaves all else", () => {
  const [a, b] = [Symbol.for("a"), Symbol.for("b")];
  const rows: readonly (readonly [Term, Term])[] = [
    [["a", 1, list(["b"])], [a, 1, list([b])]],
    [new ImproperList(["a"], "b"), new ImproperList([a], b)],
    [{ a: "b" }, new Map([[a, b]])],
    [new Map([["a", "b"]]), new Map([[a, b]])],
  ];
  for (const [term, exact] of rows) assertEquals(inspect(exactly(term)), inspect(exact));
  assertEquals(Symbol.keyFor(exactly("a") as symbol), undefined); // none that is never freed
  const bytes = new Uint8Array([1]);
  assertEquals([exactly(bytes), exactly(null), exactly(2n)], [bytes, null, 2n]);
});
