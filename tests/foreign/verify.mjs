// Checks a statement's signatures with npm `jose`, and shares no code with the dam.
//
//   node verify.mjs FILE      FILE: {"envelope": a JWS in general JSON serialisation, "keys": [JWK, …]}
//
// `generalVerify` is content with one good signature, so it is asked once per party. Prints the payload's text;
// exits 1 with a reason if the signature of any party is missing or wrong.
import { readFileSync } from "node:fs";
import { generalVerify, importJWK } from "jose";

const { envelope, keys } = JSON.parse(readFileSync(process.argv[2], "utf8"));
try {
  let payload;
  for (const jwk of keys) {
    const key = await importJWK(jwk, "Ed25519");
    ({ payload } = await generalVerify(envelope, key, { algorithms: ["Ed25519"] }));
  }
  process.stdout.write(new TextDecoder().decode(payload));
} catch (error) {
  process.stderr.write(`${error.code ?? error.name}: ${error.message}\n`);
  process.exit(1);
}
