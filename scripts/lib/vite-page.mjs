/** A page that Vite builds out of `test/browsers/vite` and the packed tarball. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npmPackages } from './fetch.mjs';
import { install, pack, root, run } from './package.mjs';

/** Builds it; answers the folder to serve, and how to remove it. */
export function buildVitePage() {
  const scratch = mkdtempSync(join(tmpdir(), 'frameslab-vite-'));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  try {
    const modules = npmPackages('vite', { vite: '8.3.8' });
    const project = join(scratch, 'page');
    install(pack(scratch).tarball, project);
    cpSync(`${root}test/browsers/vite`, project, { recursive: true });
    const vite = join(modules, 'vite', 'bin', 'vite.js');
    run(process.execPath, [vite, 'build', '--logLevel', 'warn'], project);
    return { folder: join(project, 'dist'), remove };
  } catch (fault) {
    remove();
    throw fault;
  }
}
