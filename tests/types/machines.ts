/**
 * State and data of a GenStatem are one type each across its callbacks, and they return results.
 *
 * @module
 */

import { GenStatem, ok } from "@denotp/otp";

type Type = GenStatem.EventType;
const { keepState, keepStateAndData, nextState } = GenStatem;

// --- The functions for states

class Lock {
  static callbackMode() {
    return "state_functions";
  }
  static init(code: number) {
    return GenStatem.ok("locked", code);
  }
  static open(_type: Type, _content: unknown, code: number) {
    return keepState(code);
  }
}
class Right extends Lock {
  static locked(_type: Type, _content: unknown, code: number) {
    return nextState("open", code);
  }
  static terminate(_reason: unknown, _state: string, _code: number) {}
}
class OtherData extends Lock {
  static locked(_type: Type, _content: unknown, code: string) {
    return keepState(code);
  }
}
class OtherNextData extends Lock {
  static async locked(_type: Type, _content: unknown, code: number) {
    return nextState("open", await Promise.resolve([code]));
  }
}
class NoResult extends Lock {
  static locked(_type: Type, _content: unknown, code: number) {
    return code;
  }
}
class OtherTermination extends Lock {
  static terminate(_reason: unknown, _state: string, _code: string) {}
}

GenStatem.start(Right, 1234);
//! Argument of type 'typeof OtherData' is not assignable to parameter of type '"init returns data that locked does not take"'.
GenStatem.start(OtherData, 1234);

GenStatem.startLink(Right, 1234);
//! Argument of type 'typeof OtherNextData' is not assignable to parameter of type '"locked returns data that it does not take" | "locked returns data that open does not take"'.
GenStatem.startLink(OtherNextData, 1234);

GenStatem.startMonitor(Right, 1234);
//! Argument of type 'typeof NoResult' is not assignable to parameter of type '"locked returns something other than a result"'.
GenStatem.startMonitor(NoResult, 1234);

GenStatem.start(Right, 1234, {});
//! Argument of type 'typeof OtherTermination' is not assignable to parameter of type '"init returns data that terminate does not take"'.
GenStatem.start(OtherTermination, 1234, {});

// --- handleEvent()

class Switch {
  static callbackMode() {
    return "handle_event_function";
  }
  static init(state: "on" | "off") {
    return GenStatem.ok(state, 0);
  }
}
class RightSwitch extends Switch {
  static handleEvent(_type: Type, _content: unknown, _state: "on" | "off", count: number) {
    return nextState("off", count + 1);
  }
}
class OtherCount extends Switch {
  static handleEvent(_type: Type, _content: unknown, _state: "on" | "off", count: string) {
    return keepState(count);
  }
}
class OtherState extends Switch {
  static handleEvent(_type: Type, _content: unknown, _state: "on") {
    return keepStateAndData();
  }
}
class OtherNextState extends Switch {
  static handleEvent(_type: Type, _content: unknown, _state: "on" | "off", count: number) {
    return nextState("of", count);
  }
}
class NoEventResult extends Switch {
  static handleEvent() {
    return ok(0);
  }
}

GenStatem.start(RightSwitch, "on");
//! Argument of type 'typeof OtherCount' is not assignable to parameter of type '"init returns data that handleEvent does not take"'.
GenStatem.start(OtherCount, "on");

GenStatem.startLink(RightSwitch, "on");
//! Argument of type 'typeof OtherState' is not assignable to parameter of type '"init returns a state that handleEvent does not take"'.
GenStatem.startLink(OtherState, "on");

GenStatem.startMonitor(RightSwitch, "on");
//! Argument of type 'typeof OtherNextState' is not assignable to parameter of type '"handleEvent returns a state that it does not take"'.
GenStatem.startMonitor(OtherNextState, "on");

GenStatem.start(RightSwitch, "on", {});
//! Argument of type 'typeof NoEventResult' is not assignable to parameter of type '"handleEvent returns something other than a result"'.
GenStatem.start(NoEventResult, "on", {});
