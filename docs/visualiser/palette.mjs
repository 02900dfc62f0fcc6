/**
 * Colours, for a dark and a light ground. Threads that do the same are of one family: blue cameras,
 * green filters; people who see red and green alike tell all of them apart by lightness, and every
 * cell carries its seat's number as well.
 */
const SEATS = {
  dark: ['#98a3b0', '#6cc3f5', '#3b82d4', '#35c79a', '#0f8f6b', '#f2dd55', '#d58cc0', '#a99cf0'],
  light: ['#6b7682', '#3aa3dd', '#1f5fae', '#1fae82', '#04664b', '#cfae00', '#b4568f', '#6a5acd'],
};

const GROUNDS = {
  dark: {
    free: '#1d232c',
    freeEdge: '#29313c',
    track: '#161b22',
    wire: '#323b47',
    ink: '#e7ebf0',
    onSeat: '#0b0e12',
    old: '#ff6a2b',
    onOld: '#1a0700',
    flight: '#e7ebf0',
    dead: '#7d8793',
  },
  light: {
    free: '#eceae4',
    freeEdge: '#dedbd3',
    track: '#eeece6',
    wire: '#cfcbc1',
    ink: '#1c2127',
    onSeat: '#ffffff',
    old: '#d6460c',
    onOld: '#ffffff',
    flight: '#1c2127',
    dead: '#767b80',
  },
};

/** The colours of a ground, `'dark'` or `'light'`. */
export function paletteOf(ground) {
  const seats = SEATS[ground];
  return { ...GROUNDS[ground], seat: (seat) => seats[Math.max(0, seat) % seats.length] };
}
