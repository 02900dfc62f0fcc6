/**
 * The page's side of the browser tests: loads one file of laws, named by `?laws=`, and runs one of
 * them when it is asked to. Whoever drives the browser needs no more than these two functions.
 *
 * A law is a function, or `{ law, lacks }`, where `lacks()` names what it needs and is not there.
 */
import './surroundings.mjs';

const file = new URLSearchParams(location.search).get('laws');
const loading = import(`./laws/${file}.mjs`);

/** The laws in the file: their names, and what each one lacks here, or ''. */
globalThis.namesOfLaws = async () => {
  const { laws } = await loading;
  return Object.entries(laws).map(([name, law]) => ({ name, lacks: law.lacks?.() ?? '' }));
};

/** Runs one law; answers '' if it holds, and else what was found instead. */
globalThis.checkLaw = async (name) => {
  const { laws } = await loading;
  const law = laws[name].law ?? laws[name];
  try {
    await law();
    return '';
  } catch (fault) {
    return `${fault?.name}: ${fault?.message ?? fault}\n${fault?.stack ?? ''}`;
  }
};
