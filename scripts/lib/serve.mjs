/** A file server for the browser tests: to this machine alone, with or without isolation. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const types = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
};
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * Serves what lies in `folders` of `root`, for instance '/dist/'. Answers the address and how to
 * stop. With `isolated` its pages are cross-origin isolated. `special` may answer `{ headers, body }`
 * for an address that is not a file's.
 */
export async function serve(root, folders, isolated, special = () => undefined) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const { pathname } = url;
    const answer = special(url);
    if (answer !== undefined) {
      response.writeHead(200, answer.headers).end(answer.body);
      return;
    }
    const type = types[extname(pathname)];
    try {
      if (type === undefined || !folders.some((folder) => pathname.startsWith(folder))) throw 404;
      const content = await readFile(join(root, pathname));
      const headers = { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' };
      response.writeHead(200, isolated ? { ...headers, ...isolation } : headers).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `http://127.0.0.1:${server.address().port}`, stop };
}
