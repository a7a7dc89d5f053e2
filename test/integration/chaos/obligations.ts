/** From a moment on a state of a row, or a later one, has to be seen. */
export interface Obligation {
  readonly from: number;
  /** Which state, counted from 0. */
  readonly place: number;
  readonly because: string;
}

/** Obligations of one kind concerning one row. */
export class Obligations {
  readonly #all: Obligation[] = [];
  /** In the order of time, and only those that ask for more than all before them. */
  #steps: readonly Obligation[] | undefined;

  add(obligation: Obligation): void {
    this.#all.push(obligation);
    this.#steps = undefined;
  }

  /** The first one that the sight of this state breaks, whenever that is. */
  firstAbove(place: number): Obligation | undefined {
    const steps = (this.#steps ??= this.#climb());
    let [low, high] = [0, steps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle]!.place > place) high = middle;
      else low = middle + 1;
    }
    return steps[low];
  }

  #climb(): Obligation[] {
    const steps: Obligation[] = [];
    for (const each of this.#all.sort((a, b) => a.from - b.from)) {
      if (Number.isFinite(each.from) && each.place > (steps.at(-1)?.place ?? -1)) steps.push(each);
    }
    return steps;
  }
}
