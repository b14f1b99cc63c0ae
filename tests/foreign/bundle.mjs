// Checks every signature in an evidence bundle with npm `jose`, and shares no code with the dam.
//
//   node bundle.mjs BUNDLE      BUNDLE: the folder
//
// Keys are taken from the statements that bring them, other dams' from what these statements carry; each is known by its
// RFC 7638 thumbprint. Every signature of every statement and receipt must hold under such a key, and every statement of
// a dam bears one of its own. In which order keys came and went is for the log's other checkers. Prints a line for each
// dam; exits 1 with a reason at the first thing that does not hold.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { calculateJwkThumbprint, decodeProtectedHeader, flattenedVerify, importJWK } from "jose";
import { dams, files, refuse, statements } from "./folder.mjs";

const BY_OTHERS = new Set(
  "manifest withdrawal key recovery objection comment cap commitment showing showing-consent".split(" "),
);

// Every statement that another one carries, and itself.
function* carried({ envelope, body }) {
  yield { envelope, body };
  const within = [...(body.lineage ?? []), ...(body.via ?? []), ...(body.envelope ? [body.envelope] : [])];
  for (const one of within) {
    yield { envelope: one, body: JSON.parse(Buffer.from(one.payload, "base64url").toString("utf8")) };
  }
}

async function learn(keys, { body }) {
  if (body.key && typeof body.key === "object") {
    const kid = await calculateJwkThumbprint(body.key);
    const own = ["dam", "rotation"].includes(body.kind) && body.use !== "log";
    keys.set(kid, { key: await importJWK(body.key, "Ed25519"), own: own || keys.get(kid)?.own === true });
  }
  if (body.kind === "dam") {
    const raw = Buffer.from(body.log.split("+").slice(2).join("+"), "base64").subarray(1);
    const jwk = { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") };
    keys.set(await calculateJwkThumbprint(jwk), { key: await importJWK(jwk, "Ed25519"), own: false });
  }
}

// How many signatures a statement has; all of them hold.
async function signatures(envelope, keys, what) {
  let own = 0;
  for (const { protected: header, signature } of envelope.signatures) {
    const { kid } = decodeProtectedHeader({ protected: header });
    const known = keys.get(kid);
    if (!known) {
      refuse(`${what}: signed by a key that no statement brings: ${kid}`);
    }
    try {
      const one = { payload: envelope.payload, protected: header, signature };
      await flattenedVerify(one, known.key, { algorithms: ["Ed25519"] });
    } catch (error) {
      refuse(`${what}: ${error.code ?? error.name}: ${error.message}`);
    }
    own += known.own ? 1 : 0;
  }
  return own;
}

for (const dam of dams(process.argv[2])) {
  const held = statements(dam);
  const keys = new Map();
  const receipts = files(join(dam, "receipts")).map((path) => [path, JSON.parse(readFileSync(path, "utf8"))]);
  const proven = receipts.flatMap(([path, { statement, keys: chain }]) =>
    [{ statement }, ...chain].map((one) => ({ path, envelope: one.statement })),
  );
  const inReceipts = proven.map(({ path, envelope }) => {
    const body = JSON.parse(Buffer.from(envelope.payload, "base64url").toString("utf8"));
    return { path, envelope, body };
  });
  for (const one of [...held.values(), ...inReceipts]) {
    for (const each of carried(one)) {
      await learn(keys, each);
    }
  }
  let count = 0;
  for (const [id, one] of held) {
    const [first, ...rest] = carried(one);
    const own = await signatures(first.envelope, keys, `statement ${id}`);
    if (own === 0 && !BY_OTHERS.has(one.body.kind)) {
      refuse(`statement ${id}: not signed by its dam`);
    }
    for (const each of rest) {
      await signatures(each.envelope, keys, `statement ${id}, in what it carries`);
    }
    count += one.envelope.signatures.length;
  }
  for (const { path, envelope } of inReceipts) {
    await signatures(envelope, keys, `receipt ${basename(path)}`);
  }
  process.stdout.write(`${basename(dam)}: ${held.size} statements, ${count} signatures, ${receipts.length} receipts\n`);
}
