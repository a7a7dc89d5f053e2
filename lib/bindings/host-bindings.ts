import { Inject, Optional } from '@nestjs/common';
import { bindingsToken, boundProperty, hostProperty } from '../cache.constants.js';
import type { BindingRegistry, HostBindings } from './binding-registry.js';

type Host = Record<symbol, unknown>;

// an instance that is frozen keeps its bindings beside itself
const frozenHosts = new WeakMap<object, Map<symbol, HostBindings>>();

/**
 * Has Nest hand the registry to every instance of a class, as an optional property: request-scoped, transient and
 * dynamically created instances included. The property is a setter, because Nest up to 11 assigns it once for each
 * decorated method, and up to 10 again to some instances; what it sets is the bindings of the instance's own class, out
 * of sight of spreads and serializers.
 */
export function askForBindings(target: object, registration: string): void {
  const asked = hostProperty(registration);
  const bound = boundProperty(registration);
  if (asked in target) return;
  Inject(bindingsToken(registration))(target, asked);
  Optional()(target, asked);
  Object.defineProperty(target, bound, {
    configurable: true,
    get(this: object): HostBindings | undefined {
      return frozenHosts.get(this)?.get(bound);
    },
  });
  Object.defineProperty(target, asked, {
    configurable: true,
    get(this: Host): unknown {
      return this[bound];
    },
    set(this: object, registry: BindingRegistry) {
      const host = registry.hostOf(this.constructor);
      if (Object.isExtensible(this)) Object.defineProperty(this, bound, { value: host, configurable: true });
      else frozenHosts.set(this, (frozenHosts.get(this) ?? new Map<symbol, HostBindings>()).set(bound, host));
    },
  });
}

/** Gives an instance its bindings that Nest didn't inject into. @returns whether it needed them */
export function giveBindings(instance: object, registry: BindingRegistry, registration: string): boolean {
  const asked = hostProperty(registration);
  if (!(asked in instance) || (instance as Host)[asked] !== undefined) return false;
  (instance as Host)[asked] = registry;
  return true;
}

/** Takes them back: a value outlives its application, and belongs to the next one then. */
export function takeBindings(instance: object, registration: string): void {
  const bound = boundProperty(registration);
  frozenHosts.get(instance)?.delete(bound);
  if (Object.isExtensible(instance)) Reflect.deleteProperty(instance, bound);
}
