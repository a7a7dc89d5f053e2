/** A vitest reporter whose last line is plain: how many tests passed, and how many failed. Files that don't load count. */
export default class ClosingReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states) if (state in count) count[state]++;
      if (module.state() === 'failed' && !states.includes('failed')) count.failed++;
    }
    const skipped = count.skipped === 0 ? '' : `, ${count.skipped} skipped`;
    process.on('exit', () => process.stdout.write(`${count.passed} passed, ${count.failed} failed${skipped}\n`));
  }
}
