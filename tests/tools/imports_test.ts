import { assertEquals } from "@std/assert";
import { type Import, importsOf, readImports, violations } from "./imports.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Imports of values, as `"from -> to"`. */
function values(...arrows: string[]): Import[] {
  return arrows.map((arrow) => {
    const [from, to] = arrow.split(" -> ") as [string, string];
    return { from, to, isType: false };
  });
}

Deno.test("violations() finds none in the library", async () => {
  assertEquals(violations(await readImports(ROOT)), []);
});

Deno.test("readImports() finds what the library imports, in all of its folders", async () => {
  const imports = await readImports(ROOT);
  const has = (wanted: Import) =>
    imports.some(({ from, to, isType }) =>
      from === wanted.from && to === wanted.to && isType === wanted.isType
    );
  const wanted: Import[] = [
    { from: "mod.ts", to: "lib/default_runtime.ts", isType: false },
    { from: "lib/kernel/host.ts", to: "node:async_hooks", isType: false },
    { from: "lib/kernel/term.ts", to: "lib/kernel/process.ts", isType: true },
    { from: "lib/node/distribution/tls.ts", to: "node:tls", isType: false },
    { from: "registries/testing.ts", to: "mod.ts", isType: false },
  ];
  assertEquals(wanted.filter((each) => !has(each)), []);
});

Deno.test("violations() allows what the floors allow", () => {
  const imports = values(
    "lib/kernel/calls.ts -> lib/kernel/timers.ts",
    "lib/gen/start.ts -> lib/kernel/calls.ts",
    "lib/ets.ts -> lib/ets/table.ts",
    "lib/ets/table.ts -> lib/ets/store.ts",
    "lib/ets/table.ts -> lib/gen/start.ts",
    "registries/local.ts -> lib/kernel/names.ts",
    "lib/default_runtime.ts -> registries/local.ts",
    "lib/node/peer.ts -> registries/local.ts",
    "lib/node/peer.ts -> lib/ets.ts",
    "mod.ts -> lib/ets.ts",
  );
  assertEquals(violations(imports, []), []);
});

const forbidden: [arrow: string, why: string][] = [
  [
    "lib/kernel/calls.ts -> lib/gen/start.ts",
    "the kernel must not import the base of behaviours. It may import the kernel",
  ],
  [
    "lib/kernel/calls.ts -> node:timers",
    "the kernel sees its host in lib/kernel/host.ts only",
  ],
  [
    "lib/gen/start.ts -> lib/gen_server.ts",
    "the base of behaviours must not import a door. It may import the base of behaviours, the kernel",
  ],
  [
    "lib/host/files.ts -> lib/kernel/term.ts",
    "the host must not import the kernel. It may import nothing of the library",
  ],
  [
    "registries/local.ts -> lib/process.ts",
    "the registries must not import a door. It may import the registries, the kernel",
  ],
  [
    "lib/ets.ts -> registries/local.ts",
    "a door must not import the registries. It may import a part, a door, the base of behaviours, the host, the kernel",
  ],
  [
    "lib/ets.ts -> lib/node/mod.ts",
    "a door must not import the nodes. It may import a part, a door, the base of behaviours, the host, the kernel",
  ],
  [
    "lib/ets.ts -> mod.ts",
    "a door must not import the entry. It may import a part, a door, the base of behaviours, the host, the kernel",
  ],
  [
    "lib/ets.ts -> lib/pg/scope.ts",
    "a part of lib/pg.ts is imported by that and by the files in lib/pg/ only",
  ],
  [
    "lib/node/peer.ts -> lib/pg/scope.ts",
    "a part of lib/pg.ts is imported by that and by the files in lib/pg/ only",
  ],
  ["lib/ets.ts -> tests/helpers.ts", "the library imports nothing that is not a part of it"],
  ["lib/ets.ts -> jsr:@std/assert", "the library depends on no other packages"],
];

for (const [arrow, why] of forbidden) {
  Deno.test(`violations() finds that ${arrow} is forbidden`, () => {
    const [from, to] = arrow.split(" -> ");
    assertEquals(violations(values(arrow), []), [`${from} imports ${to}: ${why}`]);
    const types = values(arrow).map((each) => ({ ...each, isType: true }));
    assertEquals(violations(types, []), [`${from} imports ${to}: ${why}`]);
  });
}

Deno.test("violations() allows an exception, and finds one that is not needed any more", () => {
  const exceptions = [{ from: "lib/ets.ts", to: "lib/pg/", why: "they are a family" }];
  assertEquals(violations(values("lib/ets.ts -> lib/pg/scope.ts"), exceptions), []);
  assertEquals(violations([], exceptions), [
    "lib/ets.ts does not import lib/pg/ any more: take the exception out of imports.ts",
  ]);
});

Deno.test("violations() finds a cycle of values, but none of types, nor a module that imports itself", () => {
  const cycle = values(
    "lib/a.ts -> lib/b.ts",
    "lib/b.ts -> lib/c.ts",
    "lib/c.ts -> lib/b.ts",
    "lib/c.ts -> lib/c.ts",
  );
  assertEquals(violations(cycle, []), [
    "these files import one another when they run: lib/b.ts -> lib/c.ts -> lib/b.ts",
  ]);
  const ofTypes = cycle.map((each) => ({ ...each, isType: each.to === "lib/b.ts" }));
  assertEquals(violations(ofTypes, []), []);
});

Deno.test("importsOf() finds imports and exports, but none in comments and templates", () => {
  const text = [
    "/**",
    ' * import { a } from "./comment.ts";',
    " */",
    "import {",
    "  a,",
    "  type B,",
    '} from "../kernel/a.ts";',
    'import type { C } from "./c.ts";',
    'import * as This from "./x.ts"; // __MODULE__',
    'import "./effect.ts";',
    'export * from "./e.ts";',
    'export type { F } from "./f.ts";',
    "const text = `",
    'import { g } from "./template.ts";',
    "`;",
    'const later = () => import("./later.ts");',
    'export const name = "no import";',
  ].join("\n");
  assertEquals(
    importsOf("lib/x/x.ts", text).map(({ to, isType }) => [to, isType]),
    [
      ["lib/kernel/a.ts", false],
      ["lib/x/c.ts", true],
      ["lib/x/x.ts", false],
      ["lib/x/effect.ts", false],
      ["lib/x/e.ts", false],
      ["lib/x/f.ts", true],
      ["lib/x/later.ts", false],
    ],
  );
});
