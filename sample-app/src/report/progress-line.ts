const BAR = 30;
const QUARTERS = 4;

/** Shows how far something has come: a bar that moves on a terminal, a line each quarter elsewhere. */
export class ProgressLine {
  private shown = '';

  constructor(
    private readonly name: string,
    private readonly out: NodeJS.WriteStream = process.stdout,
  ) {}

  show(phase: string, done: number, total: number): void {
    const part = total === 0 ? 1 : done / total;
    const step = `${phase} ${Math.floor(part * QUARTERS)}`;
    if (this.out.isTTY) {
      const filled = Math.round(part * BAR);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
      this.out.write(`\r  ${this.name.padEnd(14)} ${bar} ${phase} ${done} of ${total}`);
    } else if (step !== this.shown) {
      this.out.write(`  ${this.name}: ${phase}, ${done} of ${total}\n`);
    }
    this.shown = step;
  }

  end(summary: string): void {
    this.out.write(`${this.out.isTTY ? '\r\u001b[K' : ''}  ${this.name.padEnd(14)} ${summary}\n`);
  }
}
