/**
 * What modules, registries and the names of processes are called where they are printed.
 *
 * @module
 */

import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import {
  Agent,
  DynamicSupervisor,
  GenServer,
  Global,
  inspect,
  Logger,
  ok,
  PartitionSupervisor,
  type Pid,
  Registry,
  Supervisor,
  Task,
  TaskSupervisor,
  unwrap,
} from "../../mod.ts";
import { formatModule, isModule, moduleName } from "../../lib/kernel/module_name.ts";
import { formatName } from "../../lib/kernel/names.ts";
import * as Character from "../../examples/registries/character.ts";
import * as MyRegistry from "../../examples/registries/my_registry.ts";
import * as script from "../fixtures/script.ts";
import * as Unready from "../fixtures/unready_module.ts";
import { collectReports, exitOf, inProcess } from "../helpers.ts";

const init = () => ok(0);

/** The four functions of a registry, as an instance of a class has them. */
class Names {
  registerName() {
    return "yes";
  }
  unregisterName() {}
  whereisName() {}
  send() {}
}

// --- Modules ------------------------------------------------------------------------------------

Deno.test("inspect() prints the modules of the library by their names", () => {
  const modules = [Agent, GenServer, Supervisor, DynamicSupervisor, PartitionSupervisor, Task];
  assertEquals(
    inspect(modules),
    "[Agent, GenServer, Supervisor, DynamicSupervisor, PartitionSupervisor, Task]",
  );
  assertEquals(inspect([TaskSupervisor, Registry, Global]), "[Task.Supervisor, Registry, Global]");
});

Deno.test("inspect() prints a module by its moduleName, be it an ES module, an object or a class", () => {
  class Stack {
    static moduleName = "Shop.Stack";
  }
  assertEquals(inspect(MyRegistry), "MyRegistry");
  assertEquals(inspect({ moduleName: "Shop.Counter", init }), "Shop.Counter");
  assertEquals(inspect({ moduleName: "Shop", start: () => {} }), "Shop");
  assertEquals(inspect(Stack), "Shop.Stack");
  assertEquals(
    inspect({ deep: [[[[[{ moduleName: "Deep", init }]]]]] }),
    "{ deep: [[[[[Deep]]]]] }",
  );
});

Deno.test("inspect() prints a class of callbacks by its name, which a subclass does not inherit", () => {
  class Counter {
    static init = init;
  }
  class Base extends Counter {
    static moduleName = "Named";
  }
  class Derived extends Base {}
  assertEquals(inspect([Counter, Base, Derived]), "[Counter, Named, Derived]");
  assertEquals(
    inspect(
      class {
        static init = init;
      },
    ),
    "[module init]",
  );
});

Deno.test("inspect() prints a module without a name by its functions, the first six of them", () => {
  assertEquals(inspect(script), "[module failure]");
  assertEquals(inspect({ init, limit: 5, handleCall: () => {} }), "[module init, handleCall]");
  assertEquals(inspect({ childSpec: () => {} }), "[module childSpec]");
  assertEquals(
    inspect(Character),
    "[module childSpec, die, handleCall, handleCast, init, learn, ...]",
  );
});

Deno.test("inspect() prints registries by their names", () => {
  assertEquals(inspect(["via", MyRegistry, "one"]), '["via", MyRegistry, "one"]');
  assertEquals(inspect(new Names()), "Names");
  const { registerName, unregisterName, whereisName, send } = new Names();
  assertEquals(
    inspect({ registerName, unregisterName, whereisName, send }),
    "[module registerName, unregisterName, whereisName, send]",
  );
});

Deno.test("inspect() prints records and classes that are no modules as before", () => {
  class Point {
    constructor(readonly x: number, readonly moduleName = "Shop") {}
    init() {}
  }
  assertEquals(inspect({ moduleName: "Shop", price: 5 }), '{ moduleName: "Shop", price: 5 }');
  assertEquals(inspect({ init: true }), "{ init: true }");
  assertEquals(inspect({ done: init }), "{ done: [function init] }");
  assertEquals(inspect(new Point(1)), 'Point { x: 1, moduleName: "Shop" }');
  assertEquals(inspect(Point), "[class Point]");
});

Deno.test("inspect() reads the name of a module without ever throwing", () => {
  const thrower = () => {
    throw new Error("getter");
  };
  const withGetter = (key: string, of: object) => Object.defineProperty(of, key, { get: thrower });
  assertEquals(inspect(withGetter("moduleName", { init })), "[module init]");
  assertEquals(
    inspect(withGetter(
      "moduleName",
      class Broken {
        static init = init;
      },
    )),
    "Broken",
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const hostile of [proxy, new Proxy(class {}, { get: thrower, has: thrower }), null, 5]) {
    assertEquals(typeof inspect([hostile]), "string");
    assertFalse(isModule(hostile));
    assertEquals(typeof formatModule(hostile), "string");
  }
  for (const name of ["", "two\nlines", 5, {}, "long".repeat(100)]) {
    assertEquals(inspect({ moduleName: name, init }), "[module init]");
  }
  assertEquals(inspect({ init, "two\nlines": init }), '[module init, "two\\nlines"]');
});

Deno.test("inspect() prints a module that is still being loaded by what is there", () => {
  assertEquals(Unready.printedEarly, "[module init]");
  assertEquals(inspect(Unready), "Unready");
});

Deno.test("formatModule() prints anything on one line", () => {
  fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (term) => {
    const text = formatModule(term);
    assert(typeof term === "string" || !text.includes("\n"), text);
  }));
  assertEquals(formatModule({}), "[empty module]");
  assertEquals(formatModule("Elixir.Stack"), "Elixir.Stack");
  assertEquals(moduleName(Symbol("Elixir.Stack")), "Elixir.Stack");
});

// --- Names --------------------------------------------------------------------------------------

Deno.test("formatName() prints the key of a global name, and registry and key of a via name", () => {
  const printed: [unknown, string][] = [
    ["stack", '"stack"'],
    [["local", "stack"], '"stack"'],
    [["global", "stack"], '"stack"'],
    [["global", ["room", 1]], '["room", 1]'],
    [["via", Registry, ["names", "stack"]], '["names", "stack"]'],
    [["via", Registry, ["names", ["room", 1], "value"]], '["names", ["room", 1], "value"]'],
    [["via", PartitionSupervisor, ["parts", 7]], '["parts", 7]'],
    [["via", MyRegistry, "stack"], '[MyRegistry, "stack"]'],
    [["via", new Names(), 5], "[Names, 5]"],
    [["stack", "deno@host"], '["stack", "deno@host"]'],
    [undefined, "undefined"],
  ];
  for (const [name, text] of printed) assertEquals(formatName(name), text);
});

Deno.test("reports name a server by the registry and the key that it was started under", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    unwrap(await Registry.startLink({ keys: "unique", name: "module_name_test" }));
    unwrap(await MyRegistry.startLink());
    const names = [
      [["via", Registry, ["module_name_test", "a"]], '["module_name_test", "a"]'],
      [["via", MyRegistry, "b"], '[MyRegistry, "b"]'],
      [["global", ["module_name_test", "c"]], '["module_name_test", "c"]'],
    ] as const;
    for (const [name, text] of names) {
      const module = { init, handleCall: () => ["stop", "odd", 0] as const };
      const server: Pid = unwrap(await GenServer.start(module, undefined, { name }));
      await GenServer.call(server, "crash").catch(() => {});
      await exitOf(server);
      const crash = reports.all.find(({ kind, pid }) => kind === "gen_server" && pid === server)!;
      assertEquals(Logger.format(crash).split("\n")[0], `GenServer ${text} terminating`);
    }
  });
});

// --- The console --------------------------------------------------------------------------------

Deno.test("whichChildren() shows modules by name in the console, and is a plain array to all else", async () => {
  await inProcess(async () => {
    const supervisor = unwrap(
      await Supervisor.startLink([[Agent, () => 0], { ...Agent.childSpec(() => 1), id: "b" }], {
        strategy: "one_for_one",
      }),
    );
    const dynamic = unwrap(await DynamicSupervisor.startLink());
    unwrap(await DynamicSupervisor.startChild(dynamic, [Agent, () => 0]));
    const children = await Supervisor.whichChildren(supervisor);
    const [[, b], [, a]] = children as [Supervisor.ChildInfo, Supervisor.ChildInfo];
    const shown = Deno.inspect(children, { colors: false, compact: true }).replace(/\s+/g, " ");
    assertEquals(
      shown,
      `[ [ "b", ${b}, "worker", [ Agent ] ], [ Agent, ${a}, "worker", [ Agent ] ] ]`,
    );
    assertEquals(children, [["b", b, "worker", [Agent]], [Agent, a, "worker", [Agent]]]);
    assertEquals(children.map((row) => Object.keys(row)), [
      ["0", "1", "2", "3"],
      ["0", "1", "2", "3"],
    ]);
    const [child] = await DynamicSupervisor.whichChildren(dynamic);
    assertEquals(
      Deno.inspect(child, { colors: false }),
      `[ undefined, ${child![1]}, "worker", [ Agent ] ]`,
    );
  });
});
