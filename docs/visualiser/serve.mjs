#!/usr/bin/env node
/**
 * Serves the visualiser to this machine alone, cross-origin isolated, and prints its address:
 *
 *   node docs/visualiser/serve.mjs [--port 8642] [--demo]
 *
 * With `--demo` the page shows the pool of this very process, whose workers are Node's, by
 * Server-Sent Events from `/events`.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = new URL('../../', import.meta.url);
const folders = ['/docs/visualiser/', '/dist/'];
const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
};
const PAGE = '/docs/visualiser/index.html';

/** Serves on this port of the loopback address; `events(response)`: who asks for `/events`. */
export async function serve({ port = 0, events } = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/') return response.writeHead(302, { Location: PAGE }).end();
    if (pathname === '/events' && events !== undefined) return events(response);
    const type = types[extname(pathname)];
    try {
      if (type === undefined || !folders.some((folder) => pathname.startsWith(folder))) throw 404;
      const content = await readFile(new URL(`.${pathname}`, root));
      const headers = {
        'Content-Type': type,
        'Cache-Control': 'no-store',
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      };
      response.writeHead(200, headers).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8642' },
      demo: { type: 'boolean', default: false },
    },
  });
  await import('../../scripts/build-if-stale.mjs');
  if (process.exitCode) return;
  const demo = values.demo ? await (await import('./node-demo.mjs')).startDemo() : undefined;
  try {
    const { address } = await serve({ port: Number(values.port), events: demo?.events });
    console.log(`${address}${PAGE}${values.demo ? '?feed=/events' : ''}`);
  } catch (fault) {
    console.error(`port ${values.port} cannot be used (${fault.code}): try another with --port`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
