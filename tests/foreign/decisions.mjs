// Decides everything in an evidence bundle again with npm `@cedar-policy/cedar-wasm`, and shares no code with the dam.
//
//   node decisions.mjs BUNDLE      BUNDLE: the folder
//
// For each decision that an offer's policy made: the policy is the one that the signed decision names, by SHA-256; what
// is asked says of asker, reservoir, action and circumstances what the signed facts say; Cedar answers as the decision
// does, on the very rules that its reasons name. Prints a line for each dam; exits 1 with a reason at the first thing
// that does not hold.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { decide, prepare } from "./cedar.mjs";
import { dams, digest, files, refuse, statements } from "./folder.mjs";

const SAME = ["home", "kind", "known", "left", "suspended", "tier", "sensitivity", "jurisdiction", "purpose", "corridor"];
const LISTS = { credentials: "credentials", roles: "roles", orders: "ordered", frozen: "frozen", silent: "silent" };

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// What a request says that the signed facts do not; nothing, if it is theirs.
function differs({ principal, action, resource, context }, { member, standard, facts }) {
  const ids = [principal.id === member, resource.id === standard, action.id === facts.action];
  const plain = SAME.filter((name) => name in context && !same(context[name], facts[name]));
  const lists = Object.entries(LISTS).filter(
    ([ours, theirs]) => ours in context && !same([...context[ours]].sort(), [...(facts[theirs] ?? [])].sort()),
  );
  const now = context.now === Math.floor(Date.parse(facts.now) / 1000);
  const where = !("destination" in context) || [facts.destination, facts.agreed_destination].includes(context.destination);
  return [...plain, ...lists.map(([name]) => name), ...(ids.every(Boolean) && now && where ? [] : ["asker, deed or time"])];
}

for (const dam of dams(process.argv[2])) {
  const policies = {};
  let schema = "";
  for (const path of files(join(dam, "policies"))) {
    const text = readFileSync(path, "utf8");
    if (path.endsWith(".cedarschema")) {
      schema = text;
    } else {
      policies[basename(path, ".cedar")] = text;
      if (`${digest(text)}.cedar` !== basename(path)) {
        refuse(`policy: ${path} is another one`);
      }
    }
  }
  prepare(schema, policies);
  const asked = new Map(files(join(dam, "requests")).map((path) => [basename(path, ".json"), path]));
  const counts = { allow: 0, deny: 0 };
  for (const [id, { body }] of statements(dam)) {
    if (body.kind !== "decision" || body.offer === null) {
      continue;
    }
    if (!asked.has(id)) {
      refuse(`decision ${id}: nothing says what was asked`);
    }
    const { policy, request } = JSON.parse(readFileSync(asked.get(id), "utf8"));
    const wrong = differs(request, body);
    if (policy !== body.policy || !(policy in policies) || wrong.length > 0) {
      refuse(`decision ${id}: asked of another policy or with other facts: ${wrong.join(", ")}`);
    }
    const { decision, rules } = decide(policy, request, `decision ${id}`);
    const named = body.reasons.map((one) => one.facts.rule).sort();
    if ((decision === "allow") !== body.allowed || (decision === "deny" && !same(rules, named))) {
      refuse(`decision ${id}: Cedar says ${decision} on ${rules.join(", ")}`);
    }
    counts[decision] += 1;
  }
  process.stdout.write(`${basename(dam)}: ${counts.allow} yes, ${counts.deny} no, ${Object.keys(policies).length} policies\n`);
}
