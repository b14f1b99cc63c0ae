// Opens a verifiable credential (`application/vc+jwt`) with npm `jose`, and shares no code with the dam.
//
//   node credential.mjs FILE      FILE: {"token": a JWS in compact serialisation, "key": the issuer's JWK}
//
// Prints the credential; exits 1 with a reason if the signature, the method or the type is not as it must be.
import { readFileSync } from "node:fs";
import { compactVerify, importJWK } from "jose";

const { token, key } = JSON.parse(readFileSync(process.argv[2], "utf8"));
try {
  const options = { algorithms: ["Ed25519"] };
  const { payload, protectedHeader } = await compactVerify(token, await importJWK(key, "Ed25519"), options);
  if (protectedHeader.typ !== "vc+jwt" || protectedHeader.cty !== "vc") {
    throw new Error(`not a credential: ${JSON.stringify(protectedHeader)}`);
  }
  process.stdout.write(new TextDecoder().decode(payload));
} catch (error) {
  process.stderr.write(`${error.code ?? error.name}: ${error.message}\n`);
  process.exit(1);
}
