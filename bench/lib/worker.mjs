/** A worker of a crew: see crew.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { passGate } from './crew.mjs';

const { gate } = workerData;
const { roles } = await import(workerData.module);
const run = await roles[workerData.role](workerData.setup, workerData.index);

parentPort.on('message', async ({ order, members }) => {
  parentPort.postMessage(await run(order, () => passGate(gate, members), members));
});
parentPort.postMessage('ready');
