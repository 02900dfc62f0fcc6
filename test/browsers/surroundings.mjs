/**
 * Takes away what the address says, `?without=waitAsync`, before the library is loaded: imported
 * first by the page and by its workers, so that both are engines without it.
 */
export const without = new URLSearchParams(location.search).get('without');

if (without !== null) {
  const had = delete Atomics[without];
  if (!had || Atomics[without] !== undefined) throw new Error(`Atomics.${without} is still there`);
}
