/**
 * The server of a state machine: a behaviour (`gen/behaviour.ts`) that calls the state callbacks, and executes
 * what their results ask for. `../gen_statem.ts` starts it.
 *
 * @module
 */

import { loggedBy, nameOf } from "../gen/attributes.ts";
import { callbackOf, Gen } from "../gen/behaviour.ts";
import type { StartOptions } from "../gen/start.ts";
import { answer, isFrom } from "../kernel/reply.ts";
import { PendingCall } from "../kernel/calls.ts";
import { hasThen, isThenable, thenError } from "../kernel/awaitable.ts";
import { Exit, isOrderly, reasonOf, withStack } from "../kernel/exit.ts";
import { afterHostTurn } from "../kernel/host.ts";
import { type Kind, PLAIN } from "../kernel/mailbox.ts";
import { localNameOf } from "../kernel/names.ts";
import { HIBERNATING, type Process } from "../kernel/process.ts";
import { report } from "../kernel/report.ts";
import { isA, isArray, isTuple, itemOf, itemsOf } from "../kernel/reader.ts";
import { runAs, spend, suspendUntil, TURN_MESSAGES } from "../kernel/scheduler.ts";
import { inspect } from "../kernel/inspect.ts";
import { equal, isAtom, type Term } from "../kernel/term.ts";
import { reportCrash } from "../gen/crash.ts";
import { isInsertedType, isReply, isSingle, isTimeoutType, takeOrder } from "./action.ts";
import { isTimeout } from "../gen/timeout.ts";
import { isCall, type Module, type Status } from "./contract.ts";
import { type Event, StateMachine, type Step, TIMEOUT, type Timeout } from "./machine.ts";
import type { Actions, ReplyAction } from "./response.ts";
import { trace } from "./trace.ts";
import type { Status as ServerStatus } from "../gen/status.ts";

/** Options of {@linkcode enterLoop}. */
export type EnterLoopOptions = Pick<StartOptions, "debug" | "hibernateAfter">;

type Machine = StateMachine<GenStatem>;

/** The behaviour of the machines of one callback module. */
export class GenStatem extends Gen {
  readonly kind = "gen_statem";
  readonly #module: Module;
  readonly #init: ReturnType<typeof callbackOf>;
  readonly #handleEvent: ReturnType<typeof callbackOf>;
  readonly #terminate: ReturnType<typeof callbackOf>;
  /** The functions of the states, looked up on first use. */
  readonly #functions = new Map<Term, NonNullable<ReturnType<typeof callbackOf>>>();

  constructor(module: Module) {
    super(module);
    this.#module = module;
    this.#init = callbackOf(module, "init");
    this.#handleEvent = callbackOf(module, "handleEvent");
    this.#terminate = callbackOf(module, "terminate");
  }

  override describe(process: Process): { initialCall: Term; currentFunction: Term } {
    const described = super.describe(process);
    if ((process.flags & HIBERNATING) !== 0) return described;
    return { ...described, currentFunction: [this.kind, "loop_receive", 3] };
  }

  // --- Starting ---------------------------------------------------------------------------------

  protected init(_process: Process, argument: Term): unknown {
    return this.#init!(argument);
  }

  protected started(process: Process, outcome: unknown): void {
    if (outcome === "ignore") return this.ignore(process);
    if (isTuple(outcome, "stop", 2)) return this.refuse(process, itemOf(outcome, 1));
    const response = itemsOf(outcome, 3) ?? itemsOf(outcome, 4) ?? [];
    if (response[0] === "ok") {
      const [, state, data, actions] = response;
      const machine: Machine = new StateMachine(process, this, state, data);
      this.ready(process, machine);
      return this.#begin(process, machine, response.length === 4 ? actions : []);
    }
    const reason = ["bad_return_from_init", outcome];
    this.#report(process, reason, {});
    this.refuse(process, reason);
  }

  protected override initFailed(process: Process, thrown: unknown): void {
    const reason = reasonOf(thrown);
    this.#report(process, reason, {});
    // As in OTP, the start fails with the bare error; links and monitors also get the stack.
    this.refuse(process, reason, isA(thrown, Exit) ? thrown.reason : thrown);
  }

  /** Makes a running coroutine a state machine. */
  enter(
    process: Process,
    options: EnterLoopOptions,
    [state, data]: readonly [Term, Term],
    name: Term,
    actions: Actions,
  ): void {
    const machine: Machine = new StateMachine(process, this, state, data);
    this.takeOver(process, options, machine, name);
    runAs(process, () => this.#begin(process, machine, actions));
  }

  /** Enters the first state, as a step with an event that no callback receives. */
  #begin(process: Process, machine: Machine, actions: unknown): void {
    const step = machine.begin(["internal", "init_state"]);
    if (!this.#useModules(process, machine, machine.modules, "enter")) return;
    step.willEnter = true;
    if (!this.#act(process, machine, actions)) return;
    step.postpones = false;
    if (this.#conclude(process, machine)) this.#drain(process, machine);
  }

  // --- Handling events --------------------------------------------------------------------------

  protected handle(process: Process, kind: Kind, payload: Term): void {
    const machine = process.state as Machine;
    const event = eventOf(machine, kind, payload);
    if (event === undefined) {
      // A timeout that was cancelled when it was already in the mailbox: ignored.
      if (machine.hibernates) process.flags |= HIBERNATING;
      return;
    }
    if (process.server !== null) trace(process, ["in", event, machine.state]);
    machine.inARow = 0;
    machine.begin(event);
    if (this.#proceed(process, machine)) this.#drain(process, machine);
  }

  /** A message is traced as an event, in {@linkcode GenStatem.handle}. */
  protected override traceMessage(): void {}

  protected handleIdleTimeout(): void {}

  /** Handles the events that come before the next message. */
  #drain(process: Process, machine: Machine): void {
    for (;;) {
      let event = machine.next();
      if (event === undefined) {
        event = machine.nextDue();
        if (event === undefined) break;
        if (process.server !== null) trace(process, ["in", event, machine.state]);
      }
      machine.begin(event);
      if (machine.inARow++ === TURN_MESSAGES) return this.#pause(process, machine);
      spend(process, 1);
      if (!this.#proceed(process, machine)) return;
    }
    if (machine.hibernates) process.flags |= HIBERNATING;
  }

  /** Lets other processes and the host run when a machine has handled many events of its own in a row. */
  #pause(process: Process, machine: Machine): void {
    machine.inARow = 0;
    const goOn = () => {
      if (this.#proceed(process, machine)) this.#drain(process, machine);
    };
    suspendUntil(process, new Promise<void>(afterHostTurn), goOn, goOn);
  }

  /**
   * Calls the callbacks for the event that is being handled. Returns whether the step is finished, so that the next
   * event can be handled; it is not if a callback is pending, or the machine exits.
   */
  #proceed(process: Process, machine: Machine): boolean {
    const step = machine.step!;
    do {
      if (step.willEnter) {
        step.isEntering = true;
        step.willEnter = false;
      }
      let result: unknown;
      try {
        result = machine.modules[0].#call(machine, step);
      } catch (thrown) {
        if (process.isDead) return false;
        if (isA(thrown, Error)) return this.#crash(process, machine, thrown);
        result = thrown;
      }
      if (process.isDead) return false;
      if (isThenable(result)) return this.#await(process, machine, result);
      if (!this.#take(process, machine, result)) return false;
      if (step.willEnter && machine.inARow++ === TURN_MESSAGES) {
        this.#pause(process, machine);
        return false;
      }
    } while (step.willEnter);
    this.#finish(process, machine);
    return true;
  }

  #await(process: Process, machine: Machine, promise: PromiseLike<unknown>): false {
    const settled = (result: unknown) => {
      if (!this.#take(process, machine, result)) return;
      if (this.#conclude(process, machine)) this.#drain(process, machine);
    };
    suspendUntil(process, promise, settled, (thrown) => {
      if (isA(thrown, Error)) this.#crash(process, machine, thrown);
      else settled(thrown);
    });
    return false;
  }

  /** Continues after a result: with the `"enter"` call, or by finishing the step. */
  #conclude(process: Process, machine: Machine): boolean {
    if (machine.step!.willEnter) return this.#proceed(process, machine);
    this.#finish(process, machine);
    return true;
  }

  #finish(process: Process, machine: Machine): void {
    if (process.server === null) return machine.finish(null);
    const { event, postpones, state } = machine.step!;
    trace(process, [postpones ? "postpone" : "consume", event, machine.state, state]);
    machine.finish(({ type, time, content, isAbsolute }) => {
      const order = [type, time, content, isAbsolute ? { abs: true } : {}];
      trace(process, ["start_timer", order, state]);
    });
  }

  /** Calls the state callback for the event, or the `"enter"` call that it has caused. */
  #call(machine: Machine, step: Step): unknown {
    const { state, data } = step;
    const type = step.isEntering ? "enter" : step.event[0];
    const content = step.isEntering ? machine.state : step.event[1];
    if (machine.hasStateFunctions) return this.#functionOf(state)(type, content, data);
    if (this.#handleEvent === undefined) {
      throw new TypeError(
        `Cannot handle ${inspect(content)}: the GenStatem module has no handleEvent callback`,
      );
    }
    return this.#handleEvent(type, content, state, data);
  }

  #functionOf(state: Term): NonNullable<ReturnType<typeof callbackOf>> {
    let callback = this.#functions.get(state);
    if (callback === undefined) {
      if (isAtom(state) && !OTHER_CALLBACKS.includes(state)) {
        callback = callbackOf(this.#module, state as string);
      }
      if (callback === undefined) throw noFunction(state);
      this.#functions.set(state, callback);
    }
    return callback;
  }

  // --- Results ----------------------------------------------------------------------------------

  /**
   * Applies a result; returns whether the machine continues. It does not if the result cannot be read, as if
   * the callback had thrown.
   */
  #take(process: Process, machine: Machine, result: unknown): boolean {
    try {
      return this.#follow(process, machine, result);
    } catch (thrown) {
      return process.isDead ? false : this.#crash(process, machine, thrown as Error);
    }
  }

  #follow(process: Process, machine: Machine, result: unknown): boolean {
    const step = machine.step!;
    if (result === "keep_state_and_data") return true;
    if (Array.isArray(result)) {
      const { length } = result;
      switch (result[0]) {
        case "next_state":
          if (length !== 3 && length !== 4) break;
          if (!equal(result[1], step.state)) {
            if (step.isEntering) {
              machine.become(step.state, step.data);
              return this.#fail(process, machine, [
                "bad_state_enter_return_from_state_function",
                result,
              ]);
            }
            step.willEnter = true;
          }
          step.state = result[1];
          step.data = result[2];
          return this.#act(process, machine, length === 4 ? result[3] : []);
        case "repeat_state":
        case "keep_state":
          if (length !== 2 && length !== 3) break;
          step.willEnter = result[0] === "repeat_state";
          step.data = result[1];
          return this.#act(process, machine, length === 3 ? result[2] : []);
        case "repeat_state_and_data":
        case "keep_state_and_data":
          if (length !== 2) break;
          step.willEnter = result[0] === "repeat_state_and_data";
          return this.#act(process, machine, result[1]);
        case "stop":
          if (length !== 2 && length !== 3) break;
          machine.become(step.state, length === 3 ? result[2] : step.data);
          return this.#end(process, result[1]);
        case "stop_and_reply":
          if (length !== 3 && length !== 4) break;
          machine.become(step.state, length === 4 ? result[3] : step.data);
          return this.#replyAndEnd(process, machine, result[1], result[2]);
      }
    } else if (result === "repeat_state_and_data") {
      step.willEnter = true;
      return this.#act(process, machine, []);
    }
    machine.become(step.state, step.data);
    if (result === "stop") return this.#end(process, "normal");
    return this.#fail(process, machine, ["bad_return_from_state_function", result]);
  }

  /** Executes the actions that need not wait for the end of the step, and records the others. */
  #act(process: Process, machine: Machine, actions: unknown): boolean {
    const step = machine.step!;
    if (Array.isArray(actions) && !isSingle(actions)) {
      for (const action of actions) if (!this.#do(process, machine, step, action)) return false;
    } else if (!this.#do(process, machine, step, actions)) {
      return false;
    }
    if (!machine.hasStateEnter) step.willEnter = false;
    return true;
  }

  #do(process: Process, machine: Machine, step: Step, action: unknown): boolean {
    if (typeof action === "number" && isTimeout(action)) {
      step.orders.push({ type: "timeout", time: action, content: action, isAbsolute: false });
      return true;
    }
    switch (action) {
      case "hibernate":
        step.hibernates = true;
        return true;
      case "postpone":
        if (step.isEntering) return this.#badAction(process, machine, action, ON_ENTER);
        step.postpones = true;
        return true;
      case "pop_callback_module": {
        const [, second, ...others] = machine.modules;
        if (second === undefined) break;
        if (step.isEntering) return this.#badAction(process, machine, action, ON_ENTER);
        return this.#useModules(process, machine, [second, ...others]);
      }
    }
    if (Array.isArray(action)) {
      const { length } = action;
      const [tag, second] = action;
      switch (tag) {
        case "reply":
          if (length !== 3 || !isFrom(second)) break;
          if (hasThen(action[2])) return this.#crash(process, machine, thenError("reply with"));
          send(process, action as unknown as ReplyAction);
          return true;
        case "hibernate":
          if (length !== 2 || typeof second !== "boolean") break;
          step.hibernates = second;
          return true;
        case "postpone":
          if (length !== 2 || typeof second !== "boolean" || (second && step.isEntering)) break;
          step.postpones = second;
          return true;
        case "next_event":
          if (length !== 3) break;
          if (step.isEntering) return this.#badAction(process, machine, action, ON_ENTER);
          if (!isInsertedType(second)) break;
          step.inserted.push([second, action[2]]);
          if (process.server !== null) trace(process, ["in", [second, action[2]], step.state]);
          return true;
        case "change_callback_module":
        case "push_callback_module":
          if (length !== 2 || !isModule(second)) break;
          if (step.isEntering) return this.#badAction(process, machine, action, ON_ENTER);
          return this.#changeModule(process, machine, tag, second);
        default:
          if (isTimeoutType(tag) && takeOrder(step, tag, action)) return true;
      }
    }
    return this.#badAction(process, machine, action);
  }

  #badAction(
    process: Process,
    machine: Machine,
    action: unknown,
    why: string = "bad_action_from_state_function",
  ): false {
    const { state, data } = machine.step!;
    machine.become(state, data);
    return this.#fail(process, machine, [why, action]);
  }

  #changeModule(process: Process, machine: Machine, how: string, module: object): boolean {
    const below = how === "push_callback_module" ? machine.modules : machine.modules.slice(1);
    let next: GenStatem;
    try {
      next = behaviourOf(module as Module);
    } catch (error) {
      const { state, data } = machine.step!;
      machine.become(state, data);
      return this.#crash(process, machine, error as Error);
    }
    return this.#useModules(process, machine, [next, ...below]);
  }

  /** Makes the first of `modules` the current callback module, in its callback mode. */
  #useModules(
    process: Process,
    machine: Machine,
    modules: Machine["modules"],
    event: "enter" | "module" = "module",
  ): boolean {
    const [{ module }] = modules;
    const { state, data } = machine.step!;
    try {
      const mode = modeOf(module as Module);
      if (process.isDead) return false;
      if (mode instanceof BadMode) {
        machine.become(state, data);
        return this.#fail(process, machine, mode.reason);
      }
      machine.modules = modules;
      machine.hasStateFunctions = mode.hasStateFunctions;
      machine.hasStateEnter = mode.hasStateEnter;
    } catch (thrown) {
      if (process.isDead) return false;
      machine.become(state, data);
      return this.#crash(process, machine, thrown as Error);
    }
    if (process.server !== null) trace(process, [event, module, state]);
    return true;
  }

  // --- Termination ------------------------------------------------------------------------------

  #replyAndEnd(process: Process, machine: Machine, reason: Term, replies: unknown): false {
    const isList = Array.isArray(replies) && replies[0] !== "reply";
    for (const action of isList ? replies : [replies]) {
      if (!isReply(action)) {
        return this.#fail(process, machine, ["bad_reply_action_from_state_function", action]);
      }
      if (hasThen(action[2])) return this.#crash(process, machine, thenError("reply with"));
      send(process, action);
    }
    return this.#end(process, reason);
  }

  #end(process: Process, reason: Term): false {
    this.stop(process, reason, PLAIN, undefined);
    return false;
  }

  /** Stops the machine after a callback threw. */
  #crash(process: Process, machine: Machine, error: Error): false {
    if (isA(error, Exit)) return this.#end(process, error.reason);
    return this.#fail(process, machine, error);
  }

  /** Stops the machine with an error: `terminate` gets the reason, links and monitors also the stack. */
  #fail(process: Process, machine: Machine, reason: Term): false {
    const exit = isA(reason, Error) ? withStack([reason, ""], reason) : [reason, ""];
    machine.crash = { reason, exit };
    return this.#end(process, exit);
  }

  protected runTerminate(process: Process, reason: Term): unknown {
    const { crash, modules, state, data } = process.state as Machine;
    const why = crash !== null && crash.exit === reason ? crash.reason : reason;
    return modules[0].#terminate?.(why, state, data);
  }

  protected override reportEnd(process: Process, reason: Term): void {
    const machine = process.state as Machine;
    if (isOrderly(reason)) {
      if (process.server !== null) trace(process, ["terminate", reason, machine.state]);
      return;
    }
    const [event] = machine.queue;
    const client = event !== undefined && isCall(event[0]) ? event[0][1][0] : undefined;
    this.#report(process, reason, {
      ...(client !== undefined && { client }),
      ...(client !== undefined && localNameOf(client) !== undefined &&
        { clientName: localNameOf(client)! }),
    });
    reportCrash(process, reason, nameOf(process));
  }

  /** Reports that a machine terminates, or has failed to start. */
  #report(process: Process, reason: Term, fields: object): void {
    const machine = process.state instanceof StateMachine ? process.state as Machine : null;
    const queue = (machine?.queue ?? []).map(shownEvent);
    const status: Status = this.shown(process, {
      ...this.statusOf(process),
      reason,
      queue,
    } as Status);
    report({
      level: "error",
      kind: this.kind,
      pid: process.pid,
      name: nameOf(process),
      reason: status.reason,
      lastMessage: isArray(status.queue) ? itemOf(status.queue, 0) ?? [] : status.queue,
      state: [status.state, status.data],
      ...fields,
      details: {
        module: this.module,
        modules: (machine?.modules ?? [this]).map(({ module }) => module),
        callbackMode: machine === null ? undefined : callbackModeOf(machine),
        queue: status.queue,
        postponed: status.postponed,
        timeouts: status.timeouts,
        log: status.log,
      },
    });
  }

  // --- System messages --------------------------------------------------------------------------

  override getState(process: Process): Term {
    const { state, data } = process.state as Machine;
    return [state, data];
  }

  override replaceState(process: Process, pair: Term): void {
    const items = itemsOf(pair, 2);
    if (items === undefined) {
      throw new TypeError(
        `Cannot replace the state of a machine: expected [state, data], found ${inspect(pair)}`,
      );
    }
    (process.state as Machine).become(items[0], items[1]);
  }

  protected override statusOf(process: Process): Status {
    const log = loggedBy(process);
    if (!(process.state instanceof StateMachine)) {
      return { state: undefined, data: undefined, postponed: [], timeouts: [], log };
    }
    const { state, data, postponed, timeouts } = process.state as Machine;
    return { state, data, postponed: postponed.map(shownEvent), timeouts, log };
  }

  protected override formatStatus(status: Status, process: Process): unknown {
    const machine = process.state instanceof StateMachine ? process.state as Machine : null;
    const module = machine === null ? this.#module : machine.modules[0].#module;
    return module.formatStatus === undefined ? status : module.formatStatus(status);
  }

  protected override describeStatus(
    process: Process,
    status: ServerStatus,
  ): Readonly<Record<string, Term>> {
    const { state, data, postponed, timeouts } = status as Status;
    const modules = (process.state as Machine).modules.map(({ module }) => module);
    return {
      ...super.describeStatus(process, status),
      module: modules[0],
      state: [state, data],
      modules,
      postponed,
      timeouts,
    };
  }

  override async changeCode(process: Process, oldVersion: Term, extra: Term): Promise<Term> {
    const machine = process.state as Machine;
    const module = machine.modules[0].#module;
    const codeChange = callbackOf(module, "codeChange");
    if (codeChange === undefined) return ["error", ["undef", "codeChange"]];
    let result: unknown;
    try {
      result = await codeChange(oldVersion, machine.state, machine.data, extra);
    } catch (thrown) {
      if (isA(thrown, Error)) throw thrown;
      result = thrown;
    }
    const changed = itemsOf(result, 3);
    if (changed === undefined || changed[0] !== "ok") return ["error", result];
    const mode = modeOf(module);
    if (mode instanceof BadMode) return ["error", mode.reason];
    machine.become(changed[1], changed[2]);
    machine.hasStateFunctions = mode.hasStateFunctions;
    machine.hasStateEnter = mode.hasStateEnter;
    return "ok";
  }
}

const ON_ENTER = "bad_state_enter_action_from_state_function";

/** Callbacks that are not state functions: on the BEAM their arity distinguishes them. */
const OTHER_CALLBACKS: readonly Term[] = [
  "callbackMode",
  "init",
  "handleEvent",
  "terminate",
  "codeChange",
  "formatStatus",
];

function noFunction(state: Term): TypeError {
  const why = !isAtom(state)
    ? "with the callback mode state_functions, a state must be an atom"
    : OTHER_CALLBACKS.includes(state)
    ? "a state cannot have the name of another callback"
    : "the GenStatem module has no function of that name";
  return new TypeError(`Cannot handle an event in the state ${inspect(state)}: ${why}`);
}

const behaviours = new WeakMap<object, GenStatem>();

/** The behaviour of a module. @throws {TypeError} If it is not a callback module. */
export function behaviourOf(module: Module): GenStatem {
  let behaviour = behaviours.get(module);
  if (behaviour !== undefined) return behaviour;
  if (!isModule(module)) {
    throw new TypeError(
      `Cannot run a GenStatem: expected a module with callbacks, found ${inspect(module)}`,
    );
  }
  if (typeof module.callbackMode !== "function") {
    throw new TypeError(
      `Cannot run a GenStatem: its module must have a callbackMode callback, found ${
        inspect(Object.keys(module))
      }`,
    );
  }
  behaviour = new GenStatem(module);
  behaviours.set(module, behaviour);
  return behaviour;
}

function isModule(value: unknown): value is object {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}

/** A valid result of `callbackMode`. */
interface Mode {
  readonly hasStateFunctions: boolean;
  readonly hasStateEnter: boolean;
}

/** An invalid result of `callbackMode`. */
class BadMode {
  readonly reason: Term;

  constructor(result: Term) {
    this.reason = ["bad_return_from_callback_mode", result];
  }
}

function modeOf(module: Module): Mode | BadMode {
  let result: unknown;
  try {
    result = module.callbackMode();
  } catch (thrown) {
    if (isA(thrown, Error)) throw thrown;
    result = thrown;
  }
  let mode: unknown;
  let hasStateEnter = false;
  for (const word of Array.isArray(result) ? result : [result]) {
    if (word === "state_functions" || word === "handle_event_function") mode = word;
    else if (word === "state_enter") hasStateEnter = true;
    else return new BadMode(result);
  }
  if (mode === undefined) return new BadMode(result);
  return { hasStateFunctions: mode === "state_functions", hasStateEnter };
}

function callbackModeOf({ hasStateFunctions, hasStateEnter }: Machine): Term {
  const mode = hasStateFunctions ? "state_functions" : "handle_event_function";
  return hasStateEnter ? [mode, "state_enter"] : mode;
}

/** A message as an event; `undefined` for a timeout that was cancelled. */
function eventOf(machine: Machine, kind: Kind, payload: Term): Event | undefined {
  if (kind instanceof PendingCall) return [["call", kind.from], payload];
  if (kind === TIMEOUT) return machine.take(payload as Timeout);
  if (kind !== PLAIN) return ["cast", payload];
  const tag = itemOf(payload, 0);
  if (tag === "$gen_cast" || tag === "$gen_call") {
    const items = itemsOf(payload, tag === "$gen_cast" ? 2 : 3);
    if (items?.length === 2) return ["cast", items[1]];
    if (items !== undefined && isFrom(items[1])) return [["call", items[1]], items[2]];
  }
  return ["info", payload];
}

/** An event as reports show it: of a call only the client, not the reference for the reply. */
function shownEvent([type, content]: Event): readonly [Term, Term] {
  return [isCall(type) ? ["call", type[1][0]] : type, content];
}

/** Executes a reply action. */
function send(process: Process, [, from, value]: ReplyAction): void {
  answer(from, value);
  if (process.server !== null) trace(process, ["out", value, from]);
}
