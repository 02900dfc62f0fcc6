/**
 * The page's side of the browser tests: loads one file of laws, named by `?laws=`, and runs one of
 * them when it is asked to. Whoever drives the browser needs no more than these two functions.
 */
const file = new URLSearchParams(location.search).get('laws');
const loading = import(`./laws/${file}.mjs`);

/** The names of the laws in the file. */
globalThis.namesOfLaws = async () => Object.keys((await loading).laws);

/** Runs one law; answers '' if it holds, and else what was found instead. */
globalThis.checkLaw = async (name) => {
  const { laws } = await loading;
  try {
    await laws[name]();
    return '';
  } catch (fault) {
    return `${fault?.stack ?? fault}`;
  }
};
