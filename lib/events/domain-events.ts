import type { DiscoveryService } from '@nestjs/core';
import type { EventReceiver } from './event-receiver.js';
import { domainEventRulesOf, type DomainEventRule } from './invalidate-on.decorator.js';
import type { ReceivedMessage } from './received-message.js';

type Pattern = DomainEventRule['pattern'];

/** What the classes of an application say of domain events. */
export class DomainEvents {
  readonly #rules: readonly (DomainEventRule & { readonly where: string })[];

  constructor(
    discovery: DiscoveryService,
    private readonly receiver: EventReceiver,
  ) {
    const seen = new Set<DomainEventRule>();
    this.#rules = [...discovery.getProviders(), ...discovery.getControllers()].flatMap((wrapper) => {
      const type = typeOf(wrapper);
      if (type === undefined) return [];
      return domainEventRulesOf(type).flatMap((rule) => {
        if (seen.has(rule)) return [];
        seen.add(rule);
        const member = rule.member === undefined ? '' : `.${rule.member}`;
        return [{ ...rule, where: `${type.name}${member} @InvalidateOn(${textOf(rule.pattern)})` }];
      });
    });
  }

  get patterns(): readonly Pattern[] {
    return [...new Map(this.#rules.map(({ pattern }) => [textOf(pattern), pattern])).values()];
  }

  async receive(pattern: Pattern, message: ReceivedMessage): Promise<void> {
    const text = textOf(pattern);
    await Promise.all(
      this.#rules
        .filter((rule) => textOf(rule.pattern) === text)
        .map(({ where, map, id }) =>
          this.receiver.receiveDomain({
            where,
            id: idOf(id as ((event: unknown) => string | number | undefined) | undefined, message),
            target: () => (map as (event: unknown) => unknown)(message.data),
          }),
        ),
    );
  }
}

function idOf(
  id: ((event: unknown) => string | number | undefined) | undefined,
  { data, id: position }: ReceivedMessage,
): string | undefined {
  if (id === undefined) return position;
  try {
    const found = id(data);
    return found === undefined ? undefined : String(found);
  } catch {
    // the mapper will say what is wrong with it
    return undefined;
  }
}

/** Patterns are compared as Nest does: objects by what is in them. */
function textOf(pattern: Pattern): string {
  if (typeof pattern === 'string') return `'${pattern}'`;
  return pattern instanceof RegExp ? String(pattern) : JSON.stringify(pattern);
}

interface Wrapper {
  readonly metatype?: unknown;
  readonly inject?: unknown;
  readonly instance?: unknown;
}

/** The class of a provider: instances aren't there yet, but for values. */
function typeOf({ metatype, inject, instance }: Wrapper): { readonly name: string } | undefined {
  // of a factory the metatype is the factory
  if (typeof metatype === 'function' && (inject === null || inject === undefined)) return metatype;
  if (typeof instance !== 'object' || instance === null) return undefined;
  const { constructor } = instance as { constructor?: unknown };
  return typeof constructor === 'function' && constructor !== Object ? constructor : undefined;
}
