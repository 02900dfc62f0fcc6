/** Y4M, the simplest film format: a line of text, then for each picture `FRAME` and its bytes. */
import { open } from 'node:fs/promises';

const MARK = Buffer.from('FRAME\n');

/** Writes a film of so many pictures; `draw(moment, bytes)` draws them. */
export async function writeY4m(path, { width, height, rate, pictures, draw }) {
  const file = await open(path, 'wx');
  const bytes = Buffer.alloc((width * height * 3) / 2);
  await file.write(`YUV4MPEG2 W${width} H${height} F${rate}:1 Ip A1:1 C420mpeg2\n`);
  for (let moment = 0; moment < pictures; moment++) {
    draw(moment, bytes);
    await file.writev([MARK, bytes]);
  }
  await file.close();
}

/** A film to read from. Only 4:2:0 with 8 bits is understood, and frames without parameters. */
export async function openY4m(path) {
  const file = await open(path);
  const head = Buffer.alloc(256);
  await file.read(head, 0, head.length, 0);
  const line = head.toString('latin1', 0, head.indexOf('\n'));
  const [magic, ...fields] = line.split(' ');
  if (magic !== 'YUV4MPEG2') throw new Error(`${path} is not a Y4M file`);
  const field = (letter) => fields.find((text) => text.startsWith(letter))?.slice(1);
  if (!/^420(jpeg|mpeg2|paldv)?$/.test(field('C') ?? '420')) {
    throw new Error(`${path} has the colour space ${field('C')}; only 420 is understood`);
  }
  const pictureBytes = (Number(field('W')) * Number(field('H')) * 3) / 2;
  const mark = Buffer.alloc(MARK.length);
  let position = line.length + 1;

  /** Reads the next picture straight into `into`; false at the end of the film. */
  async function read(into) {
    const { bytesRead } = await file.readv([mark, into.subarray(0, pictureBytes)], position);
    if (bytesRead === 0) return false;
    if (!mark.equals(MARK) || bytesRead !== MARK.length + pictureBytes) {
      throw new Error(`${path} is damaged at byte ${position}`);
    }
    position += bytesRead;
    return true;
  }
  return { pictureBytes, read, close: () => file.close() };
}
