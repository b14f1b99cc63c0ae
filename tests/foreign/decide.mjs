// Decides with npm `@cedar-policy/cedar-wasm`, and shares no code with the dam.
//
//   node decide.mjs FILE      FILE: {"schema": Cedar text, "policies": {name: Cedar text},
//                                    "asks": [{"policy": name, "request": {principal, action, resource, context}}]}
//
// Every policy is validated under the schema first. Prints a JSON list with one {decision, rules} for each ask, where
// `rules` are the @id of all policies that it rests on, sorted; exits 1 with a reason if anything cannot be evaluated.
import { readFileSync } from "node:fs";
import {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/nodejs";

const { schema, policies, asks } = JSON.parse(readFileSync(process.argv[2], "utf8"));

function must(answer, what) {
  const errors = [...(answer.errors ?? []), ...(answer.validationErrors ?? [])];
  if (answer.type !== "success" || errors.length > 0) {
    process.stderr.write(`${what}: ${JSON.stringify(errors)}\n`);
    process.exit(1);
  }
  return answer;
}

must(preparseSchema("dam", schema), "schema");
for (const [name, text] of Object.entries(policies)) {
  const parts = must(policySetTextToParts(text), `policy ${name}`).policies;
  const named = Object.fromEntries(parts.map((part) => [must(policyToJson(part), part).json.annotations.id, part]));
  if (Object.keys(named).length !== parts.length) {
    process.stderr.write(`policy ${name}: two rules have one id\n`);
    process.exit(1);
  }
  must(validate({ schema, policies: { staticPolicies: named } }), `policy ${name}`);
  must(preparsePolicySet(name, { staticPolicies: named }), `policy ${name}`);
}

const answers = asks.map(({ policy, request }, number) => {
  const known = { preparsedSchemaName: "dam", validateRequest: true, preparsedPolicySetId: policy, entities: [] };
  const { decision, diagnostics } = must(statefulIsAuthorized({ ...request, ...known }), `ask ${number}`).response;
  must({ type: "success", errors: diagnostics.errors }, `ask ${number}`);
  return { decision, rules: diagnostics.reason.sort() };
});
process.stdout.write(JSON.stringify(answers));
