import { assert, assertEquals } from "@std/assert";
import { isPid, Process, Sys, unwrap } from "../../mod.ts";
import { exportFunctions, unexportFunctions } from "../../lib/node/calls/exports.ts";
import { atom, Erpc, Node } from "../../lib/node/mod.ts";
import * as Pg from "../../lib/pg.ts";
import { collectReports } from "../helpers.ts";
import { clusterTest } from "./beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "./this_node.ts";

/** The scope of groups among them, which ends of unknown calls, as on the BEAM. */
const NAMES = ["net_kernel", "rex", "logger_proxy", "global_name_server", "pg"];

/** Whatever a process may be sent that knows some of these messages. */
const GARBAGE = `
  Deep = lists:foldl(fun(_, Inner) -> [Inner] end, [], lists:seq(1, 200)),
  Deepest = lists:foldl(fun(_, Inner) -> [Inner] end, [], lists:seq(1, 9900)),
  Terms = [
    garbage, <<"garbage">>, 7, 1.5, [], {}, #{}, self(), make_ref(), fun() -> ok end, fun lists:map/2,
    [a | b], <<1:3>>, Deep, #{'__proto__' => 1, constructor => 2}, {'__proto__', '__proto__'},
    hd(erlang:ports()), list_to_tuple(lists:seq(1, 300)), 1 bsl 400, {nodedown}, {'EXIT'}, {'DOWN'}
  ],
  Tags = [
    system, '$gen_call', '$gen_cast', log, discover, join, leave, sync, init_connect, init_connect_ack,
    exchange, exchange_ops, resolved, nodeup, nodedown, lost_connection, remove_connection, cancel_connect,
    in_sync, save_lock, save_unlock, async_del_name, async_del_lock, new_nodes, call, block_call, cast, is_auth,
    'DOWN', 'EXIT', io_request, high_level_trace_start, prepare_shutdown, alias
  ],
  Tuples = [list_to_tuple([Tag | Rest]) || Tag <- Tags, Size <- [1, 2, 3, 4], Term <- Terms,
    Rest <- [lists:duplicate(Size, Term)]],
  Asked = fun(Request) -> [{'$gen_call', {self(), make_ref()}, Request}, {'$gen_cast', Request},
    {system, {self(), make_ref()}, Request}, {self(), Request}, {discover, self(), Request},
    {join, self(), Request, self()}, {leave, self(), self(), Request},
    {log, error, Request, Request, #{pid => self()}}, {log, error, Request, #{pid => self()}}] end,
  Parts = [{set_lock, x}, {set_lock, {a, self()}}, {del_lock, x}, {register, x, y, z},
    {register, name, self(), garbage}, {unregister, []}, {call, a, b, [1 | 2], c}, {call, a, b, c, d},
    {block_call, '__proto__', constructor, [], x}, {call, constructor, toString, [], x},
    {is_auth, 1, 2}, {is_auth, "x"}, {sync, self(), garbage}, {sync, self(), [{a, b}]},
    Deepest, {set_lock, {Deepest, Deepest}}, {register, Deepest, self(), Deepest}, {unregister, Deepest},
    {call, a, b, [Deepest], c}, {sync, self(), [{Deepest, [self()]}]}, {sync, self(), [garbage]}, {sync, self(), [a | b]}, {sbcast, 1, 2}, {sbcast, "x", {}}]
`;

clusterTest(
  "Node's own processes survive whatever an authenticated node sends them",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      using _reports = collectReports();
      unwrap(await Pg.startLink());
      const before = NAMES.map((name) => [name, Process.whereis(name)]);
      assertEquals(before.filter(([, pid]) => pid === undefined), []);
      const leader = await Erpc.call(erl.node, "erlang", "group_leader", []);
      assert(isPid(leader) && Process.isAlive(leader));
      await Erpc.call(erl.node, "persistent_term", "put", [atom("leader"), leader]);
      await erl.eval(`${GARBAGE},
        All = Terms ++ Tuples ++ lists:flatmap(Asked, Terms ++ Parts),
        IsCall = fun(M) -> is_tuple(M) andalso tuple_size(M) =:= 3 andalso element(1, M) =:= '$gen_call' end,
        [{Name, '${THIS_NODE}'} ! Message || Name <- [${NAMES}], Message <- All,
          Name =/= pg orelse not IsCall(Message)],
        [persistent_term:get(leader) ! Message || Message <- All]`);
      assertEquals(await outcomeOf(erl, `net_adm:ping('${THIS_NODE}')`), "pong");
      for (const server of [...NAMES, leader]) await Sys.getState(server, Infinity);
      assertEquals(NAMES.map((name) => [name, Process.whereis(name)]), before);
      assertEquals(Node.list(), [erl.node]);

      exportFunctions("samples", { one: () => 1 });
      const rows = [
        [`rpc:call('${THIS_NODE}', samples, one, [])`, "1"],
        [`gen_server:call({rex, '${THIS_NODE}'}, {block_call, samples, one, [], user})`, "1"],
        [`pg:start_link(), pg:join(group, self())`, "ok"],
        ["global:register_name(still_there, self())", "yes"],
      ] as const;
      for (const [call, expected] of rows) assertEquals(await outcomeOf(erl, call), expected, call);
      unexportFunctions("samples");
    });
  },
);

/** System requests of the wrong form, and some of the right one. */
const SYSTEM_REQUESTS =
  `[debug, {debug}, {debug, 1}, {debug, 1, 2}, {debug, {trace, 5}}, {debug, {log, x}},
  {debug, {log, {true, -1}}}, {debug, {statistics, x}}, {debug, no_debug}, {debug, {trace, false}},
  replace_state, {replace_state}, {replace_state, 1, 2}, change_code, {change_code}, {change_code, 1},
  {change_code, 1, 2, 3}, terminate, {terminate, 1, 2}, {get_state}, {get_state, 1}, {get_status, 1},
  {suspend}, {resume, 1}, [1], [], {}, 5, 1.5, unknown, {unknown, 1}]`;

clusterTest(
  "Node's own processes answer wrong system requests as Erlang's do, and live on",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      using _reports = collectReports();
      unwrap(await Pg.startLink());
      const before = NAMES.map((name) => Process.whereis(name));
      assertEquals(await Node.ping(erl.node), "pong");
      await erl.eval(`Answer = fun(Server, Request) -> Tag = make_ref(),
        Server ! {system, {self(), Tag}, Request}, receive {Tag, A} -> A after 5000 -> none end end`);
      for (const name of NAMES) {
        // A keeper has no debug functions.
        const requests = name === "global_name_server"
          ? `[R || R <- ${SYSTEM_REQUESTS}, not (is_tuple(R) andalso size(R) =:= 2 andalso element(1, R) =:= debug)]`
          : SYSTEM_REQUESTS;
        const differing = await erl.eval(`[{R, There, Here} || R <- ${requests},
          There <- [Answer({${name}, '${THIS_NODE}'}, R)], Here <- [Answer(rex, R)], There =/= Here]`);
        assertEquals(differing, "[]", name);
      }
      assertEquals(NAMES.map((name) => Process.whereis(name)), before);
    });
  },
);
