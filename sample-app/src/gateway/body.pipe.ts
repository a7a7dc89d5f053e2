import { BadRequestException, type PipeTransform } from '@nestjs/common';
import type { Field } from './fields.js';

type Fields<Body> = { readonly [Name in keyof Body]-?: Field<NonNullable<Body[Name]>> };

/** Makes a body of known, checked fields, or a 400 that lists everything that is wrong with it. */
export class BodyPipe<Body extends object> implements PipeTransform<unknown, Body> {
  constructor(
    private readonly fields: Fields<Body>,
    private readonly optional: readonly (keyof Body & string)[] = [],
  ) {}

  transform(body: unknown): Body {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new BadRequestException('The body must be a JSON object');
    }
    const names = Object.keys(this.fields) as (keyof Body & string)[];
    const given = body as Partial<Record<string, unknown>>;
    const problems = Object.keys(given)
      .filter((name) => !(names as string[]).includes(name))
      .map((name) => `${name} is not known here`);
    const result: Partial<Body> = {};
    for (const name of names) {
      if (given[name] === undefined && this.optional.includes(name)) continue;
      try {
        result[name] = this.fields[name](given[name]);
      } catch (problem) {
        problems.push(`${name} ${(problem as Error).message}`);
      }
    }
    if (Object.keys(given).length === 0) problems.unshift('The body is empty');
    if (problems.length > 0) throw new BadRequestException(problems);
    return result as Body;
  }
}
