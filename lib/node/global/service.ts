/**
 * Global names on all nodes: the server, the locker and the registrar, from the start of the node until it stops.
 *
 * Each is a process of its own, because other nodes monitor the processes that hold locks and answer requests. Their
 * code is in `server.ts`, `locker.ts` and `registrar.ts`; this file connects it to processes, signals and clocks.
 *
 * @module
 */

import * as Global from "../../../registries/global.ts";
import { Keeper } from "../../../registries/keeper.ts";
import {
  type Cluster,
  enterCluster,
  type KeyOf,
  locks,
  names,
  nameServer,
} from "../../../registries/name_server.ts";
import { isFrom } from "../../kernel/reply.ts";
import { call, reply } from "../../gen_server.ts";
import { distribution } from "../../kernel/distribution.ts";
import { reasonOf } from "../../kernel/exit.ts";
import { OwnedTimer, type Process } from "../../kernel/process.ts";
import { report } from "../../kernel/report.ts";
import { runAs } from "../../kernel/scheduler.ts";
import { onExit, terminate } from "../../kernel/signals.ts";
import { inspect } from "../../kernel/inspect.ts";
import { isPid, type NodeName, nodeName, type Pid, type Term } from "../../kernel/term.ts";
import { standIn } from "../../kernel/term_map.ts";
import { start as startTimer } from "../../kernel/timers.ts";
import { itemsOf, sizeOf } from "../../kernel/reader.ts";
import { exit, spawn } from "../../process.ts";
import * as Erpc from "../calls/erpc.ts";
import { exportFunctions, unexportFunctions } from "../calls/exports.ts";
import { atom } from "../terms.ts";
import { resolveAll, resolveIt, wireMethod, wireNames } from "./conflicts.ts";
import { exactly } from "./exactly.ts";
import { locker, type LockerMessage } from "./locker.ts";
import { deleteOn, setPatiently } from "./locking.ts";
import { GLOBAL, type Request, SERVER } from "./protocol.ts";
import { type Change, registrar } from "./registrar.ts";
import { Actor, type Answers, type Routine, type Stage } from "./routine.ts";
import { NO_ANSWER, Server, type Surroundings } from "./server.ts";

/** What global names need of a node. */
export interface GlobalServices {
  /** Calls the listener when a node comes up or goes down. Returns a function that removes it. */
  watchNodes(
    listener: { up(node: NodeName, isHidden: boolean): void; down(node: NodeName): void },
  ): () => void;
  /** The nodes that are connected and not hidden. */
  visibleNodes(): Iterable<NodeName>;
  /** Connects to a node, unless it is connected, and resolves with whether it is connected then. */
  connect(node: NodeName): Promise<boolean>;
  /** Closes the connection to a node. */
  disconnectNode(node: NodeName, reason: string): void;
  /** Makes a process use the exact mapping. */
  speakExactly(pid: Pid): void;
  /** The key of a term: equal for terms that are equal in Erlang. Throws a `TypeError` if it cannot be sent. */
  keyOf(term: Term): string;
  /** Compares two terms in Erlang's order. */
  compare(one: Term, other: Term): number;
  /** The creation of this node, which tells its lives apart. */
  creation(): number;
  /** Called when a process of this service has exited. */
  ended(service: string, reason: Term): void;
}

/** Options of global names. */
export interface GlobalOptions {
  /**
   * Whether nodes disconnect from those that other nodes have lost, so that no two partitions overlap. Must be
   * the same on all nodes. Default `true`. Mirrors OTP's `prevent_overlapping_partitions`.
   */
  readonly preventOverlappingPartitions?: boolean;
}

/** Creates the service, which runs from the start of the node until it stops. */
export function globalService(
  services: GlobalServices,
  options: GlobalOptions = {},
): { start(): void; stop(): void } {
  let running: GlobalNames | null = null;
  return {
    start: () => void (running = new GlobalNames(services, options)),
    stop() {
      running?.stop();
      running = null;
    },
  };
}

const keeper = new Keeper({
  module: Global,
  behaviour: "gen_server",
  initialCall: ["global", "init", 1],
});

/** The names and locks of one life of a node. */
export class GlobalNames implements Cluster, Surroundings {
  readonly node: NodeName = nodeName();
  readonly creation: number;
  readonly names = names;
  readonly locks = locks;
  readonly preventsOverlappingPartitions: boolean;
  readonly #services: GlobalServices;
  readonly #unwatch: () => void;
  /** Remove the exit hooks of the processes. */
  readonly #releases: readonly ((() => void) | undefined)[];
  readonly #connected = new Set<NodeName>();
  readonly #server: Server;
  readonly #lockerProcess = keeper.start(null, "locker");
  readonly #registrarProcess = keeper.start(null, "registrar");
  readonly #locker: Actor<never>;
  readonly #registrar: Actor<never>;
  /** The callers that wait for nodes to go down. */
  readonly #leaving = new Set<{ readonly nodes: Set<NodeName>; readonly done: () => void }>();

  /** The changes of names in progress: each is called with whether it was made. */
  readonly #changes = new Set<(isDone: boolean) => void>();
  #isOver = false;

  /** Starts the processes. */
  constructor(services: GlobalServices, { preventOverlappingPartitions = true }: GlobalOptions) {
    this.#services = services;
    this.creation = services.creation();
    this.preventsOverlappingPartitions = preventOverlappingPartitions;
    this.#releases = this.#processes().map(([service, { pid }]) => {
      services.speakExactly(pid);
      return onExit(pid, (reason) => services.ended(service, reason));
    });
    this.#server = new Server(this);
    const registrarSelf = {
      ...this.#locking(),
      requester: this.#registrarProcess.pid,
      known: () => this.#server.known,
    };
    this.#registrar = new Actor(registrar(registrarSelf), this.#stage(this.#registrarProcess));
    this.#locker = new Actor(locker(this.#lockerSelf()), this.#stage(this.#lockerProcess));
    enterCluster(this);
    exportFunctions(GLOBAL, { "resolve_it/4": this.#resolveIt });
    this.#unwatch = services.watchNodes({
      up: (node, isHidden) => isHidden || this.#up(node),
      down: (node) => this.#down(node),
    });
    for (const node of services.visibleNodes()) this.#up(node);
  }

  /** Stops the processes. Changes in progress are completed, on the nodes that are left then. */
  stop(): void {
    this.#unwatch();
    for (const release of this.#releases) release?.();
    unexportFunctions(GLOBAL);
    this.#locker.stop();
    this.#asServer(() => this.#server.stop());
    enterCluster(null);
    for (const { done } of this.#leaving) done();
    terminate(this.#lockerProcess, "shutdown");
    this.#isOver = true;
    if (this.#registrarProcess.isDead) { for (const done of this.#changes) done(false); }
    this.#endRegistrar();
  }

  #endRegistrar(): void {
    if (!this.#isOver || this.#changes.size > 0) return;
    this.#registrar.stop();
    terminate(this.#registrarProcess, "shutdown");
  }

  #processes(): readonly (readonly [service: string, Process])[] {
    return [
      ["global name server", nameServer],
      ["locker of global names", this.#lockerProcess],
      ["registrar of global names", this.#registrarProcess],
    ];
  }

  #asServer<T>(body: () => T): T {
    return runAs(nameServer, body);
  }

  // --- Nodes --------------------------------------------------------------------------------------

  #up(node: NodeName): void {
    if (this.#connected.has(node)) return;
    this.#connected.add(node);
    this.#asServer(() => this.#server.nodeUp(node));
  }

  #down(node: NodeName): void {
    if (!this.#connected.delete(node)) return;
    this.#asServer(() => this.#server.nodeDown(node));
    for (const leaving of this.#leaving) {
      if (!leaving.nodes.delete(node) || leaving.nodes.size > 0) continue;
      this.#leaving.delete(leaving);
      leaving.done();
    }
  }

  // --- Cluster: what registries/global.ts asks for --------------------------------------------------

  receive(received: Term): void {
    const message = itemsOf(received, sizeOf(received));
    if (message === undefined) return;
    const [tag, from, request] = message;
    try {
      if (tag === "$gen_call" && message.length === 3 && isFrom(from)) {
        const answer = this.#server.call(request, from[0]);
        if (answer !== NO_ANSWER) reply(from, answer);
      } else if (tag === "$gen_cast" && message.length === 2) this.#server.cast(from);
      else this.#server.info(message);
    } catch (thrown) {
      // An invalid message must not crash the server, which other nodes depend on.
      this.warn(`Global: ${inspect(message)} failed: ${inspect(reasonOf(thrown))}`);
    }
  }

  readonly keyOf: KeyOf = (term) => {
    try {
      return this.#services.keyOf(term);
    } catch {
      return standIn(term); // it cannot be sent, so it is a name on this node only
    }
  };

  nodes(): NodeName[] {
    return [this.node, ...this.#connected];
  }

  async register(
    name: Term,
    pid: Pid,
    method: Global.Resolve,
    mayBe: () => boolean,
  ): Promise<"yes" | "no"> {
    this.#services.keyOf(name);
    return await this.#change(["register", name, pid, method], mayBe) ? "yes" : "no";
  }

  async unregister(name: Term): Promise<"ok"> {
    this.#services.keyOf(name);
    await this.#change(["unregister", name], () => true);
    return "ok";
  }

  #change(request: Request, mayBe: () => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (isDone: boolean) => {
        this.#changes.delete(done);
        this.#endRegistrar();
        resolve(isDone);
      };
      this.#changes.add(done);
      this.#registrar.post({ request, mayBe, done } satisfies Change);
    });
  }

  async setLock(
    process: Process,
    id: Global.LockId,
    nodes: readonly NodeName[],
    retries: number,
  ): Promise<boolean> {
    return await this.#run(process, setPatiently(this.#locking(), id, nodes, retries));
  }

  async delLock(process: Process, id: Global.LockId, nodes: readonly NodeName[]): Promise<true> {
    await this.#run(process, deleteOn(id, nodes));
    return true;
  }

  #run<Result>(process: Process, routine: Routine<Result>): Promise<Result> {
    return new Promise((done) => void new Actor(routine, this.#stage(process, exactly), done));
  }

  sync(): Promise<"ok"> {
    return new Promise((done) => this.#server.whenSynced(this.#connected, () => done("ok")));
  }

  disconnect(): Promise<NodeName[]> {
    const nodes = [...this.#connected];
    return new Promise((resolve) => {
      if (nodes.length === 0) return resolve(nodes);
      this.#leaving.add({ nodes: new Set(nodes), done: () => resolve(nodes) });
      this.#asServer(() => this.#server.disconnect(nodes));
    });
  }

  // --- Routines -----------------------------------------------------------------------------------

  #locking() {
    return {
      node: this.node,
      canSet: (id: Global.LockId) => locks.canSet(id),
      random: Math.random,
    };
  }

  #lockerSelf() {
    return {
      ...this.#locking(),
      pid: this.#lockerProcess.pid,
      compare: this.#services.compare,
      isGlobalLocked: () => locks.isSet(GLOBAL),
      cast: (node: NodeName, message: readonly unknown[]) => this.cast(node, message),
      locked: (...what: Parameters<Server["locked"]>) =>
        this.#asServer(() => this.#server.locked(...what)),
      poll: (accepts: (message: LockerMessage) => boolean) =>
        this.#locker.poll(accepts as (message: Term) => boolean) as LockerMessage | undefined,
    };
  }

  /** The stage for the routine of a process. `prepare` makes the process use the exact mapping. */
  #stage(process: Process, prepare: (request: Term) => Term = (request) => request): Stage {
    return {
      ask: (nodes, request, then) => this.#ask(process, nodes, request, prepare, then),
      after: (ms, then) => after(process, ms, then),
    };
  }

  #ask(
    process: Process,
    nodes: readonly NodeName[],
    request: Term,
    prepare: (request: Term) => Term,
    then: (answers: Answers) => void,
  ): void {
    const answers = new Map<NodeName, Term>();
    let missing = nodes.length;
    const count = () => --missing === 0 && !process.isDead && runAs(process, () => then(answers));
    const answered = (node: NodeName, answer: Term) => {
      answers.set(node, answer);
      count();
    };
    const wired = prepare(wireRequest(request));
    for (const node of nodes) {
      if (node === this.node) answered(node, this.#server.call(request, process.pid));
      else {
        runAs(process, () => call([SERVER, node], wired, Infinity))
          .then((answer) => answered(node, answer), count);
      }
    }
  }

  // --- Surroundings: what the server asks for ---------------------------------------------------------

  get lockerPid(): Pid {
    return this.#lockerProcess.pid;
  }

  namesToSend() {
    return wireNames(names, (name) => typeof this.keyOf(name) === "string");
  }

  isConnected(node: NodeName): boolean {
    return this.#connected.has(node);
  }

  cast(node: NodeName, message: readonly unknown[]): void {
    this.#send(node, ["$gen_cast", message]);
  }

  tell(node: NodeName, message: readonly unknown[]): void {
    if (this.#connected.has(node)) this.#send(node, message);
  }

  #send(node: NodeName, message: Term): void {
    try {
      this.#asServer(() => distribution?.send([SERVER, node], message));
    } catch (thrown) {
      this.warn(`Global: cannot tell ${node} ${inspect(message)}: ${inspect(reasonOf(thrown))}`);
    }
  }

  tellLocker(message: LockerMessage): void {
    this.#locker.post(message);
  }

  resolve(...[node, theirNames, then]: Parameters<Surroundings["resolve"]>): () => void {
    const resolver = spawn(async () => {
      const resolution = await resolveAll(names, this.node, node, theirNames, (entry, otherPid) => {
        const args = [entry.method, entry.name, otherPid, entry.pid] as const;
        const where = entry.pid.node;
        return where === this.node ? this.#resolveIt(...args) : resolveOn(where, args);
      });
      this.#asServer(() => then(resolution));
    });
    return () => void exit(resolver, "kill");
  }

  readonly #resolveIt = async (method: Term, name: Term, otherPid: Term, ownPid: Term) => {
    if (!isPid(otherPid) || !isPid(ownPid)) {
      const found = `${inspect(otherPid)} and ${inspect(ownPid)}`;
      throw new TypeError(
        `Cannot resolve the name ${inspect(name)}: expected pids, found ${found}`,
      );
    }
    const said = await resolveIt(names, [method, name, otherPid, ownPid], resolveOn);
    return said === "none" ? atom("none") : said;
  };

  connect(node: NodeName, then: (isConnected: boolean) => void): void {
    if (this.#connected.has(node)) return then(true);
    this.#services.connect(node).catch(() => false).then((isConnected) =>
      this.#asServer(() => then(isConnected))
    );
  }

  disconnectNode(node: NodeName): void {
    this.#services.disconnectNode(node, "disconnect");
  }

  after(ms: number, then: () => void): () => void {
    return after(nameServer, ms, then);
  }

  random(): number {
    return Math.random();
  }

  warn(text: string): void {
    report({ level: "warning", kind: "message", pid: nameServer.pid, reason: text });
  }
}

function after(process: Process, ms: number, then: () => void): () => void {
  const timer = new OwnedTimer(process, () => runAs(process, then));
  startTimer(timer, ms);
  return () => timer.cancel();
}

/** Converts a request for other nodes, which cannot run functions of this one as methods. */
function wireRequest(request: Term): Term {
  if (!Array.isArray(request) || request[0] !== "register") return request;
  const [what, name, pid, method] = request;
  return [what, name, pid, wireMethod(method)];
}

/** Runs a method on another node. */
async function resolveOn(node: NodeName, [method, ...args]: readonly Term[]): Promise<Term> {
  return await Erpc.call(node, GLOBAL, "resolve_it", [wireMethod(method), ...args.map(exactly)]);
}
