/**
 * Runs one suite in a process of its own and prints its results as one line of JSON: what one suite
 * taught the engine about the library's methods must not help or hurt the next.
 */
const [name, options] = process.argv.slice(2);
const suite = await import(`./suites/${name}.mjs`);
const groups = await suite.run(JSON.parse(options));
process.stdout.write(`\n${JSON.stringify(groups)}\n`);
process.exit(0);
