/**
 * What is to be drawn, made from looks at a pool: a cell per slot, a place per reference, rates.
 *
 * Knows nothing of canvases or of where the looks come from. `inspect()` says that a frame lies in a
 * lane, not in which: that is told from who held it last, and from the depths of the channels.
 */

/** The states of a cell. */
export const KIND = {
  free: 0,
  cached: 1,
  held: 2,
  shared: 3,
  lane: 4,
  flight: 5,
  old: 6,
  dead: 7,
};

/** What is held so long, in this picture, has been forgotten. */
export const OLD_MS = 8000;
const RATE_WINDOW_MS = 1000;

/** The picture of one pool. */
export class Picture {
  cells = [];
  /** Counts the looks taken in. */
  version = 0;
  /** Slot -> where its references are: `{ key, seat, dead }` or `{ key, channel, track, sender }`. */
  places = new Map();
  stats;
  rates = { frames: 0 };
  counts = {};
  topology = {};
  #history = [];

  /** Takes in one look: `slots` from `inspect`, `stats`, and the seats of the dead. */
  update({ slots, stats, topology = {} }, nowMs, dead = new Map()) {
    this.version += 1;
    this.stats = stats;
    this.topology = topology;
    this.names = new Map(stats.threads.map(({ seat, name }) => [seat, name]));
    this.#fitTo(stats.slots);
    const rows = new Map(slots.map((row) => [row.slot, row]));
    for (const cell of this.cells) setCell(cell, rows.get(cell.slot), nowMs, dead);
    for (const cell of this.cells) this.#note(cell);
    this.counts = {};
    for (const { kind } of this.cells) this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.#locate(dead);
    this.#measure(nowMs);
  }

  #fitTo(slots) {
    if (this.cells.length === slots) return;
    this.cells = Array.from({ length: slots }, (_, slot) => ({
      slot,
      kind: KIND.free,
      seat: -1,
      changedMs: -Infinity,
      sender: -1,
      seen: new Set(),
      laneSinceMs: 0,
    }));
    this.places.clear();
    this.#history = [];
  }

  /** Remembers who was seen with this frame since it was acquired, and who of them can send. */
  #note(cell) {
    if (cell.row === undefined) return;
    for (const { seat } of cell.row.holders) {
      const name = this.names.get(seat);
      cell.seen.add(name);
      const sends = Object.values(this.topology).some(({ from }) => from.includes(name));
      if (sends || Object.keys(this.topology).length === 0) cell.sender = seat;
    }
  }

  /** Says of each reference where it is: with a thread, or in which lane. */
  #locate(dead) {
    this.places.clear();
    const inLanes = [];
    for (const cell of this.cells) {
      const { row } = cell;
      if (row === undefined || cell.kind === KIND.cached) continue;
      const places = row.holders.map(({ seat }) => {
        return { key: `seat ${seat}`, seat, dead: dead.has(seat) };
      });
      this.places.set(cell.slot, places);
      if (row.inLanes > 0) inLanes.push(cell);
    }
    inLanes.sort((a, b) => a.laneSinceMs - b.laneSinceMs);
    for (const cell of inLanes) cell.channel = this.#channelOf(cell);
    this.#correct(inLanes);
    for (const cell of inLanes) {
      if (cell.channel === undefined) continue;
      const places = this.places.get(cell.slot);
      for (const track of this.#tracksOf(cell)) {
        const key = `${cell.channel} ${track}`;
        places.push({ key, channel: cell.channel, track, sender: cell.sender });
      }
    }
  }

  /** The last channel that somebody who had this frame sends into, or is subscribed to. */
  #channelOf({ seen }) {
    const { channels } = this.stats;
    const found = channels.findLast(({ name, mode }) => {
      const { from = [], to = [] } = this.topology[name] ?? {};
      return (
        from.some((one) => seen.has(one)) ||
        (mode === 'broadcast' && to.some((one) => seen.has(one)))
      );
    });
    return (found ?? channels[0])?.name;
  }

  /** Between two looks a frame can pass a whole stage: the depths say when, the oldest did. */
  #correct(inLanes) {
    const { channels } = this.stats;
    for (let k = 0; k + 1 < channels.length; k++) {
      const { name, mode, depth } = channels[k];
      if (mode !== 'queue') continue;
      const here = inLanes.filter((cell) => cell.channel === name);
      for (const cell of here.slice(0, Math.max(0, here.length - depth))) {
        cell.channel = channels[k + 1].name;
      }
    }
  }

  /** Which lanes of its channel a frame lies in: its producer's, to each that has not had it. */
  #tracksOf({ channel, row, sender, seen, slot }) {
    const { mode } = this.stats.channels.find(({ name }) => name === channel);
    const { from, to } = this.topology[channel] ?? { from: [''], to: [''] };
    const known = from.indexOf(this.names.get(sender));
    const producer = known < 0 ? slot % from.length : known;
    if (mode === 'queue') return [`${producer}`];
    const waiting = to.map((_, k) => k).filter((k) => !seen.has(to[k]));
    return waiting.slice(0, row.inLanes).map((k) => `${k}.${producer}`);
  }

  /** Frames per second: what the first channel let through, over the last second. */
  #measure(nowMs) {
    const { channels, acquires, hits, misses } = this.stats;
    const sent = channels[0]?.sent ?? acquires;
    const history = this.#history;
    history.push({ nowMs, sent, acquires, hits, misses });
    while (history.length > 2 && nowMs - history[0].nowMs > RATE_WINDOW_MS) history.shift();
    const first = history[0];
    const seconds = (nowMs - first.nowMs) / 1000;
    this.rates.frames = seconds > 0.1 ? (sent - first.sent) / seconds : 0;
  }
}

/** What a row says of its slot, as a cell. */
function setCell(cell, row, nowMs, dead) {
  const before = `${cell.kind} ${cell.seat} ${cell.row?.generation}`;
  const wasInLane = (cell.row?.inLanes ?? 0) > 0;
  if (cell.row?.generation !== row?.generation) {
    cell.seen.clear();
    cell.sender = -1;
  }
  cell.row = row;
  cell.kind = kindOf(row, dead);
  cell.seat = row?.cachedBy ?? row?.holders[0]?.seat ?? -1;
  if (row !== undefined && row.inLanes > 0 && !wasInLane) cell.laneSinceMs = nowMs;
  if (before === `${cell.kind} ${cell.seat} ${row?.generation}`) return;
  cell.changedMs = nowMs;
}

function kindOf(row, dead) {
  if (row === undefined) return KIND.free;
  const { holders, messages, inLanes, cachedBy } = row;
  if (dead.has(cachedBy) || holders.some(({ seat }) => dead.has(seat))) return KIND.dead;
  if (cachedBy !== undefined) return KIND.cached;
  if (row.suspect) return KIND.dead;
  if (row.ageMs > OLD_MS && holders.length > 0) return KIND.old;
  if (holders.length === 1 && messages.length === 0 && inLanes === 0) return KIND.held;
  if (holders.length > 0) return KIND.shared;
  return inLanes > 0 ? KIND.lane : KIND.flight;
}
