// SPDX-License-Identifier: Apache-2.0
// read.mjs CASES.json: runs the command "list" of packages in the reference
// implementation and prints what each printed, as JSON: [{"name", "text"} or
// {"name", "error"}]. A case is {"name", "package", "arguments", "registry"}; the last
// has the packages it depends on: {"NAMESPACE/NAME": {"version", "file"}}. Nothing is
// asked of a network.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Wasmer } from '@wasmer/sdk/node';

const cases = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let registry = {};

const answer = (url, body, headers = {}) => {
  const response = new Response(body, { status: 200, headers });
  Object.defineProperty(response, 'url', { value: String(url) });
  return response;
};

/** What a registry tells of a package: all versions, each with where its file is. */
const describe = (name) => {
  const found = registry[name];
  if (found === undefined) return null;
  const bytes = readFileSync(found.file);
  const [namespace, packageName] = name.split('/');
  const v3 = {
    piritaDownloadUrl: `https://registry.invalid/${name}.webc`,
    piritaSha256Hash: createHash('sha256').update(bytes).digest('hex'),
    webcManifest: JSON.stringify(found.manifest),
    webcSize: bytes.length,
  };
  const version = { version: found.version, isArchived: false, v2: v3, v3 };
  return { packageName, namespace, versions: [version] };
};

globalThis.fetch = async (input, options) => {
  const url = typeof input === 'string' ? input : (input.url ?? String(input));
  const download = /registry\.invalid\/(.*)\.webc$/.exec(url);
  if (download !== null) return answer(url, readFileSync(registry[download[1]].file));
  const asked = options?.body ?? (typeof input === 'object' ? await input.text() : '');
  const text = typeof asked === 'string' ? asked : new TextDecoder().decode(asked);
  const name = /getPackage\(name: "([^"]*)"\)/.exec(JSON.parse(text).query)?.[1];
  const data = { getPackage: describe(name), info: { defaultFrontend: 'https://registry.invalid' } };
  return answer(url, JSON.stringify({ data }), { 'content-type': 'application/json' });
};

const run = async (wasmer, one) => {
  registry = one.registry;
  const loaded = await wasmer.packages.load(readFileSync(one.package));
  const sandbox = await wasmer.sandboxes.create({ packages: [loaded] });
  const done = await sandbox.command(loaded.command('list'), one.arguments).run({ check: false, timeoutMs: 60_000 });
  if (done.stdout.truncated) throw new Error('the listing is longer than the sandbox keeps');
  return done.stdout.text();
};

const results = [];
const wasmer = new Wasmer({ cache: false });
await wasmer.ready();
for (const one of cases) {
  try {
    results.push({ name: one.name, text: await run(wasmer, one) });
  } catch (error) {
    results.push({ name: one.name, error: String(error?.stack ?? error) });
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
