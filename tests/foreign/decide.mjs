// Decides with npm `@cedar-policy/cedar-wasm`, and shares no code with the dam.
//
//   node decide.mjs FILE      FILE: {"schema": Cedar text, "policies": {name: Cedar text},
//                                    "asks": [{"policy": name, "request": {principal, action, resource, context}}]}
//
// Every policy is validated under the schema first. Prints a JSON list with one {decision, rules} for each ask, where
// `rules` are the @id of all policies that it rests on, sorted; exits 1 with a reason if anything cannot be evaluated.
import { readFileSync } from "node:fs";
import { decide, prepare } from "./cedar.mjs";

const { schema, policies, asks } = JSON.parse(readFileSync(process.argv[2], "utf8"));
prepare(schema, policies);
const answers = asks.map(({ policy, request }, number) => decide(policy, request, `ask ${number}`));
process.stdout.write(JSON.stringify(answers));
