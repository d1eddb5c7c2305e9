import { assertEquals } from "@std/assert";
import { counterparts, elixirFile, typescript } from "./mix_names.ts";

Deno.test("counterparts() tells which file stands for one of mix, and of which module it is", () => {
  assertEquals(Object.fromEntries(counterparts("my_app")), {
    "lib/my_app.ex": { file: "lib/my_app.ts", module: "MyApp" },
    "lib/my_app/application.ex": { file: "lib/application.ts", module: "MyApp.Application" },
    "mix.exs": { file: "deno.json" },
    "test/my_app_test.exs": { file: "tests/my_app_test.ts" },
  });
});

Deno.test("elixirFile() gives a file the name of the one it stands for, or leaves it its own", () => {
  assertEquals(elixirFile("shop", "lib/application.ts"), "lib/shop/application.ex");
  assertEquals(elixirFile("shop", "deno.json"), "mix.exs");
  assertEquals(elixirFile("shop", "lib/core.ts"), "lib/core.ts");
});

Deno.test("typescript() writes prints and bindings the way TypeScript does", () => {
  assertEquals(typescript("children = ["), "const children = [");
  assertEquals(
    typescript('IO.puts("a = b, (c)")\n    children = ['),
    'console.log("a = b, (c)");\n    const children = [',
  );
  assertEquals(typescript("other(children)"), "other(children)");
});
