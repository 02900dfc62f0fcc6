/** Skips what a fault of this runtime forbids; the report says which. */
import { beforeEach } from 'vitest';
import { faultOf } from './faults.js';

declare module 'vitest' {
  interface TaskMeta {
    /** What forbids the test here. */
    notRunBecause?: string;
  }
}

beforeEach(({ task, skip }) => {
  const names = [task.name];
  for (let { suite } = task; suite !== undefined; suite = suite.suite) names.unshift(suite.name);
  const fault = faultOf(task.file.name, names.join(' > '));
  if (fault === undefined) return;
  task.meta.notRunBecause = fault.what;
  skip(fault.what);
});
