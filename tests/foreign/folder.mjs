// Reads an evidence bundle's folder: what the checkers in Node share.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export function refuse(what) {
  process.stderr.write(`${what}\n`);
  process.exit(1);
}

export const digest = (data) => createHash("sha256").update(data).digest("hex");

// The paths of all files in a folder that may not be there.
export function files(folder) {
  if (!existsSync(folder)) {
    return [];
  }
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath ?? one.path, one.name)).sort();
}

// Each dam's folder.
export function dams(bundle) {
  return readdirSync(join(bundle, "dams")).sort().map((name) => join(bundle, "dams", name));
}

// Every statement that lies in a dam's folder, by its id: {envelope, payload, body}; one under another id is refused.
export function statements(dam) {
  const found = new Map();
  for (const path of files(join(dam, "bodies"))) {
    const envelope = JSON.parse(readFileSync(path, "utf8"));
    const payload = Buffer.from(envelope.payload, "base64url");
    const id = digest(payload);
    if (!path.endsWith(`${id}.json`)) {
      refuse(`statement: ${path} is another one`);
    }
    found.set(id, { envelope, payload, body: JSON.parse(payload.toString("utf8")) });
  }
  return found;
}
