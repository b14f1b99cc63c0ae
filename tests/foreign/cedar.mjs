// Decides with npm `@cedar-policy/cedar-wasm`: what both checkers of decisions share.
import {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/nodejs";

export function must(answer, what) {
  const errors = [...(answer.errors ?? []), ...(answer.validationErrors ?? [])];
  if (answer.type !== "success" || errors.length > 0) {
    process.stderr.write(`${what}: ${JSON.stringify(errors)}\n`);
    process.exit(1);
  }
  return answer;
}

// Take up policies, each validated under the schema: {name: Cedar text}.
export function prepare(schema, policies) {
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
}

// {decision, rules} of an ask: `rules` are the @id of all policies that it rests on, sorted.
export function decide(policy, request, what) {
  const known = { preparsedSchemaName: "dam", validateRequest: true, preparsedPolicySetId: policy, entities: [] };
  const { decision, diagnostics } = must(statefulIsAuthorized({ ...request, ...known }), what).response;
  must({ type: "success", errors: diagnostics.errors }, what);
  return { decision, rules: diagnostics.reason.sort() };
}
