/** How often the page of a product was asked for: each one that was answered has to be counted, one that failed may be. */
export type Views = Record<number, { answered: number; failed: number }>;

export function countView(views: Views, productId: number, isAnswered: boolean): void {
  const { answered, failed } = views[productId] ?? { answered: 0, failed: 0 };
  views[productId] = isAnswered ? { answered: answered + 1, failed } : { answered, failed: failed + 1 };
}

export function allViews(first: Views, second: Views): Views {
  const all = { ...first };
  for (const [id, { answered, failed }] of Object.entries(second)) {
    const before = all[Number(id)] ?? { answered: 0, failed: 0 };
    all[Number(id)] = { answered: before.answered + answered, failed: before.failed + failed };
  }
  return all;
}

export interface ViewsCheck {
  /** Pages of products that the driver was answered. */
  answered: number;
  /** What the database says. */
  counted: number;
  /** What is missing, or too much, a sentence each. */
  wrong: string[];
}

/** Whether the database has counted what the driver was shown. */
export function checkViews(views: Views, counted: ReadonlyMap<number, number>): ViewsCheck {
  const wrong: string[] = [];
  const check: ViewsCheck = { answered: 0, counted: 0, wrong };
  for (const id of new Set([...Object.keys(views).map(Number), ...counted.keys()])) {
    const { answered, failed } = views[id] ?? { answered: 0, failed: 0 };
    const count = counted.get(id) ?? 0;
    check.answered += answered;
    check.counted += count;
    if (count < answered || count > answered + failed) {
      wrong.push(`product ${id} was shown ${answered} times, and ${count} are counted; ${failed} requests failed`);
    }
  }
  return check;
}
