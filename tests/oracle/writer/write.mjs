// SPDX-License-Identifier: Apache-2.0
// write.mjs CASES.json FOLDER: has the reference implementation write packages, and
// stores them as FOLDER/NAME.webc. A case is {"name", "package"?, "volumes", "programs",
// "commands"}: package and commands as wasmer.toml has them, volumes by their guest path,
// each a tree of {"data": base64, "modified": seconds} for files and objects for
// directories. Nothing is asked of a network: what would be sent
// to a registry is what is stored.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { init, Wasmer } from '@wasmer/sdk/node';

const [casesFile, folder] = process.argv.slice(2);
await init({ registryUrl: 'https://registry.invalid', token: 'none' });
let sent = [];

const answer = (url, body, settings = {}) => {
  const response = new Response(body, { status: 200, ...settings });
  Object.defineProperty(response, 'url', { value: String(url) });
  return response;
};
const data = (url, value) =>
  answer(url, JSON.stringify({ data: value }), { headers: { 'content-type': 'application/json' } });

globalThis.fetch = async (input, options) => {
  const url = typeof input === 'string' ? input : (input.url ?? String(input));
  const method = options?.method ?? input.method;
  const body = options?.body ?? (typeof input === 'object' ? new Uint8Array(await input.arrayBuffer()) : '');
  if (method === 'PUT') {
    sent.push(Buffer.from(body));
    return answer(url, '');
  }
  if (url.includes('upload.invalid')) {
    return answer(url, '', { status: 201, headers: { location: 'https://upload.invalid/session' } });
  }
  const query = typeof body === 'string' ? body : new TextDecoder().decode(body);
  if (query.includes('getPackageRelease')) return data(url, { getPackageRelease: null });
  return data(url, { getSignedUrlForPackageUpload: { url: 'https://upload.invalid/start' } });
};

const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'));
const tree = (described) =>
  Object.fromEntries(
    Object.entries(described).map(([name, entry]) => [
      name,
      typeof entry.data === 'string' ? { data: bytes(entry.data), modified: entry.modified } : tree(entry),
    ]),
  );

for (const one of JSON.parse(readFileSync(casesFile, 'utf8'))) {
  const module = Object.entries(one.programs).map(([name, source]) => ({ name, abi: 'wasi', source: bytes(source) }));
  const described = { module, command: one.commands, fs: tree(one.volumes) };
  if (one.package) described.package = one.package;
  const made = await Wasmer.createPackage(described);
  sent = [];
  // It ends with a complaint about the namespace, after everything was sent.
  await Wasmer.publishPackage(made).catch(() => undefined);
  const whole = Buffer.concat(sent);
  if (whole.length === 0) throw new Error(`${one.name}: nothing was sent`);
  writeFileSync(join(folder, `${one.name}.webc`), whole);
}
process.exit(0);
