/**
 * Measures some rows of one suite in a process of its own and prints the results as one line of
 * JSON; see lib/run.mjs, which starts it.
 */
import { writeSync } from 'node:fs';
import { loadSuite } from './lib/suites.mjs';

const [name, options] = process.argv.slice(2);
const suite = await loadSuite(name);
const results = Buffer.from(`\n${JSON.stringify(await suite.run(JSON.parse(options)))}\n`);
// All of it, before the process ends and takes its workers along.
for (let at = 0; at < results.length; ) at += writeSync(1, results, at);
process.exit(0);
