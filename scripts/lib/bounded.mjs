/** What `promise` resolves to, or after `ms` milliseconds a sentence that says so. Never hangs. */
export async function bounded(promise, ms) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms, `not done within ${ms} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
