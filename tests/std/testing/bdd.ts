/**
 * `describe`, `it` and the hooks of `@std/testing/bdd`, on the steps of `Deno.test`.
 *
 * The nested style only: no suites as values, and no context in `this`.
 *
 * @module
 */

/** A hook's body. */
type Hook = () => void | Promise<void>;

/** What may be said of a suite or a case, beside its name and body. */
export type TestOptions = Omit<Deno.TestStepDefinition, "name" | "fn"> & { only?: boolean };

interface Case {
  name: string;
  options: TestOptions;
  fn: (t: Deno.TestContext) => void | Promise<void>;
}

interface Suite {
  name: string;
  options: TestOptions;
  parent: Suite | undefined;
  items: (Suite | Case)[];
  beforeAll: Hook[];
  afterAll: Hook[];
  beforeEach: Hook[];
  afterEach: Hook[];
}

let current: Suite | undefined;
let started = false;

function newSuite(name: string, options: TestOptions): Suite {
  const hooks = { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
  return { name, options, parent: current, items: [], ...hooks };
}

const isSuite = (item: Suite | Case): item is Suite => "items" in item;

const hasOnly = (item: Suite | Case): boolean =>
  item.options.only || (isSuite(item) && item.items.some(hasOnly)) || false;

function definition(item: Suite | Case): Deno.TestDefinition {
  return { ...item.options, only: hasOnly(item), name: item.name, fn: (t) => run(item, t) };
}

async function run(item: Suite | Case, t: Deno.TestContext): Promise<void> {
  if (!isSuite(item)) return await item.fn(t);
  for (const hook of item.beforeAll) await hook();
  try {
    const only = item.items.some(hasOnly);
    for (const child of item.items) {
      if (only && !hasOnly(child)) continue;
      const { only: _only, ...step } = definition(child);
      await t.step(isSuite(child) ? step : { ...step, fn: (t) => runCase(child, item, t) });
    }
  } finally {
    for (const hook of item.afterAll) await hook();
  }
}

/** Runs a case inside the hooks of the suites around it, the outermost first. */
async function runCase(test: Case, suite: Suite | undefined, t: Deno.TestContext): Promise<void> {
  let body = async () => await test.fn(t);
  for (; suite; suite = suite.parent) {
    const { beforeEach, afterEach } = suite;
    const inner = body;
    body = async () => {
      for (const hook of beforeEach) await hook();
      try {
        await inner();
      } finally {
        for (const hook of afterEach) await hook();
      }
    };
  }
  await body();
}

function add(item: Suite | Case): void {
  started = true;
  if (current) current.items.push(item);
  else Deno.test(definition(item));
}

function addHook(name: "beforeAll" | "afterAll" | "beforeEach" | "afterEach", fn: Hook): void {
  if (!current) {
    if (started) throw new Error("Cannot add global hooks after a global test is registered");
    const suite = newSuite("global", {});
    add(suite);
    current = suite;
  }
  current[name].push(fn);
}

type DescribeArgs =
  | [name: string, fn: () => void]
  | [name: string, options: TestOptions, fn: () => void];

type ItArgs =
  | [name: string, fn: Case["fn"]]
  | [name: string, options: TestOptions, fn: Case["fn"]];

function addSuite(args: DescribeArgs, extra: TestOptions = {}): void {
  const [name, options, fn] = args.length === 2 ? [args[0], {}, args[1]] : args;
  const suite = newSuite(name, { ...options, ...extra });
  const outer = current;
  current = suite;
  try {
    if (!suite.options.ignore) fn();
  } finally {
    current = outer;
  }
  add(suite);
}

function addCase(args: ItArgs, extra: TestOptions = {}): void {
  const [name, options, fn] = args.length === 2 ? [args[0], {}, args[1]] : args;
  add({ name, options: { ...options, ...extra }, fn });
}

/** Registers a group of tests. */
export function describe(...args: DescribeArgs): void {
  addSuite(args);
}
/** Registers a group of tests, and runs no others. */
describe.only = (...args: DescribeArgs): void => addSuite(args, { only: true });
/** Registers a group of tests that is not run. */
describe.ignore = (...args: DescribeArgs): void => addSuite(args, { ignore: true });
/** Registers a group of tests that is not run. */
describe.skip = (...args: DescribeArgs): void => addSuite(args, { ignore: true });

/** Registers a test. */
export function it(...args: ItArgs): void {
  addCase(args);
}
/** Registers a test, and runs no others. */
it.only = (...args: ItArgs): void => addCase(args, { only: true });
/** Registers a test that is not run. */
it.ignore = (...args: ItArgs): void => addCase(args, { ignore: true });
/** Registers a test that is not run. */
it.skip = (...args: ItArgs): void => addCase(args, { ignore: true });

/** Runs once, before the first test of the group. */
export function beforeAll(fn: Hook): void {
  addHook("beforeAll", fn);
}

/** Runs once, after the last test of the group. */
export function afterAll(fn: Hook): void {
  addHook("afterAll", fn);
}

/** Runs before each test of the group, and of the groups inside it. */
export function beforeEach(fn: Hook): void {
  addHook("beforeEach", fn);
}

/** Runs after each test of the group, and of the groups inside it. */
export function afterEach(fn: Hook): void {
  addHook("afterEach", fn);
}
