/** Squares what comes, until the page closes the channel. */
import { FramePool } from 'frameslab';

let pool;

async function square() {
  for await (const frame of pool.channel('there')) {
    const [n] = frame.view(Float64Array);
    frame.write(Float64Array.of(n * n));
    await pool.channel('back').send(frame);
  }
}

addEventListener('message', ({ data }) => {
  if (data === 'close') {
    pool.close();
    postMessage('closed');
  } else {
    pool = FramePool.attach(data);
    square().catch((fault) => {
      setTimeout(() => {
        throw fault;
      });
    });
  }
});
