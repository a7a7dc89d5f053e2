import { throwError } from 'rxjs';
import { boundProperty, DEFAULT_REGISTRATION } from '../cache.constants.js';
import { CacheConfigurationError } from '../cache.errors.js';
import { currentScope } from '../flow/scope.js';
import type { HostBindings } from './binding-registry.js';
import { askForBindings } from './host-bindings.js';
import { copyMetadata, planOf, setPlan } from './metadata.accessor.js';
import { DECORATOR_NAMES, MethodPlan, type AnyFunction, type Operation } from './method-plan.js';

/** Adds what a decorator asks for to a method, wrapping it if none of ours has. */
export function decorateMethod(
  target: object,
  propertyKey: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  operation: Operation,
): void {
  const method: unknown = descriptor?.value;
  if (descriptor === undefined || typeof method !== 'function' || typeof target === 'function') {
    const what =
      typeof target === 'function' ? 'static methods have no instance to get the cache from' : 'it is for methods';
    const where = `${DECORATOR_NAMES[operation.kind]} on ${String(propertyKey)}`;
    throw new CacheConfigurationError([{ where, problem: `${what}; decorate a method of a provider` }]);
  }
  const registration = operation.settings.registration ?? DEFAULT_REGISTRATION;
  const plan = planOf(method);
  // a wrapper of somebody else's around ours may carry our metadata; only ours itself takes another operation in
  if (plan?.target === target && plan.registration === registration && wrappers.has(method)) {
    plan.operations.push(operation);
    return;
  }
  const own = new MethodPlan(target, propertyKey, method as AnyFunction, registration);
  own.operations.push(operation);
  descriptor.value = wrap(own);
  askForBindings(target, registration);
}

const wrappers = new WeakSet<object>();

function wrap(plan: MethodPlan): AnyFunction {
  const { index, propertyKey } = plan;
  const original = plan.original as (...args: unknown[]) => unknown;
  const property = boundProperty(plan.registration);

  // A plain function, not an async one: a hit returns the stored promise and makes none.
  const wrapper = function (this: Record<symbol, HostBindings | undefined> | undefined): unknown {
    const host = this?.[property];
    // eslint-disable-next-line prefer-rest-params -- a rest parameter is an array for every call
    const args = arguments;
    if (host === undefined) return original.apply(this, args as unknown as unknown[]);
    const binding = host.list[index];
    if (binding?.sampler !== undefined && --binding.sampler.left <= 0) binding.sampler.take(args);
    if (binding?.hotDesk !== undefined && currentScope() === undefined) {
      const key = binding.guessKey(args);
      if (key !== undefined) {
        const entry = binding.hotDesk.hot(key);
        if (entry !== undefined) return binding.hotDesk.open(entry);
        return binding.joinOrInvoke(key, { self: this, args: [...args] as unknown[], original });
      }
    }
    const call = { self: this, args: [...args] as unknown[], original };
    if (binding?.strongDesk !== undefined && currentScope() === undefined) {
      const key = binding.guessKey(args);
      if (key !== undefined) return binding.lookOrInvoke(binding.strongDesk, key, call);
    }
    return invoke(host, plan, call);
  };
  Object.defineProperty(wrapper, 'name', { value: String(propertyKey), configurable: true });
  Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
  copyMetadata(original, wrapper);
  setPlan(wrapper, plan);
  wrappers.add(wrapper);
  return wrapper;
}

function invoke(
  host: HostBindings,
  plan: MethodPlan,
  call: { self: unknown; args: unknown[]; original: (...args: unknown[]) => unknown },
): unknown {
  try {
    return (host.list[plan.index] ?? host.bind(plan)).invoke(call);
  } catch (error) {
    const returnsObservable = plan.find('read')?.settings.returns === 'observable';
    return returnsObservable ? throwError(() => error) : Promise.reject(error);
  }
}
