/** How long to measure. `quick` is a smoke test: its numbers are rough. */
export const EFFORTS = {
  full: {
    inThread: { passes: 3, rounds: 10, batches: 5, warmups: 40 },
    acrossThreads: { rounds: 25, roundMs: 20, warmups: 6 },
    pings: 20_000,
    liveMs: 10_000,
  },
  quick: {
    inThread: { passes: 1, rounds: 4, batches: 3, warmups: 16 },
    acrossThreads: { rounds: 3, roundMs: 6, warmups: 5 },
    pings: 2_000,
    liveMs: 1_000,
  },
};
