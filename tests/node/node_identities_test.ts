import { assert, assertEquals } from "@std/assert";
import { spawn } from "../../mod.ts";
import { RemotePid, RemoteRef } from "../../lib/kernel/distribution.ts";
import { nodeName, Ref, setNodeName } from "../../lib/kernel/term.ts";
import { NodeIdentities } from "../../lib/node/node_identities.ts";

/** Runs `body` as the node `d@h` in its life number 5. */
function identitiesTest(title: string, body: (identities: NodeIdentities) => void): void {
  Deno.test(title, () => {
    const previous = nodeName();
    setNodeName("d@h");
    try {
      const identities = new NodeIdentities();
      identities.creation = 5;
      body(identities);
    } finally {
      setNodeName(previous);
    }
  });
}

identitiesTest("NodeIdentities give a pid back that has been away", (identities) => {
  const pid = spawn(() => {});
  const identity = identities.identityOfPid(pid);
  assertEquals([identity.node, identity.creation], ["d@h", 5]);
  assert(identities.pid(identity) === pid);
  assert(identities.pid({ ...identity, creation: 0 }) === pid, "0 stands for any life");
});

identitiesTest("NodeIdentities treat a pid of an earlier life as another process", (identities) => {
  const identity = identities.identityOfPid(spawn(() => {}));
  const earlier = identities.pid({ ...identity, creation: 4 });
  assert(earlier instanceof RemotePid);
  assertEquals(earlier.process, null);
});

identitiesTest("NodeIdentities give a reference back that has been away", (identities) => {
  const ref = new Ref();
  const identity = identities.identityOfRef(ref);
  assert(identities.ref(identity) === ref);
  assert(identities.ref({ ...identity, creation: 4 }) instanceof RemoteRef);
});

identitiesTest("NodeIdentities have one object for one process of another node", (identities) => {
  const identity = { node: "e@h", id: 70_000, serial: 3, creation: 9 };
  const pid = identities.pid(identity);
  assert(identities.pid({ ...identity }) === pid);
  const others = [{ node: "f@h" }, { id: 1 }, { serial: 4 }, { creation: 8 }];
  for (const other of others) assert(identities.pid({ ...identity, ...other }) !== pid);
  const { node, id, serial, creation } = identities.identityOfPid(pid);
  assertEquals({ node, id, serial, creation }, identity);
  const reference = { node: "e@h", creation: 9, words: [1, 2, 3] };
  const ref = identities.ref(reference);
  assert(identities.ref({ ...reference, words: [1, 2, 3] }) === ref);
  assert(identities.ref({ ...reference, words: [1, 2, 4] }) !== ref);
  assert(identities.port("e@h", 1n, 9) === identities.port("e@h", 1n, 9));
  assert(identities.port("e@h", 1n, 9) !== identities.port("e@h", 1n, 8));
});
