import { Transport } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { reachOf, transportOf } from '../../../lib/events/transport-reach.js';

describe('what a transport does with an event', () => {
  it.each([
    [Transport.TCP, 'tcp'],
    [Transport.REDIS, 'redis'],
    [Transport.NATS, 'nats'],
    [Transport.MQTT, 'mqtt'],
    [Transport.RMQ, 'rabbitmq'],
    [Transport.KAFKA, 'kafka'],
    [Transport.GRPC, 'custom'],
    [Symbol('mine'), 'custom'],
    [undefined, 'custom'],
  ])('is told by its number: %s is %s', (id, name) => {
    expect(transportOf(id)).toBe(name);
  });

  it.each([
    ['tcp', {}, 'one', 'nothing'],
    ['redis', {}, 'everyone', 'expire'],
    ['nats', {}, 'everyone', 'expire'],
    ['nats', { queue: 'catalogue' }, 'one', 'expire'],
    ['mqtt', {}, 'everyone', 'expire'],
    ['mqtt', { clean: false, subscribeOptions: { qos: 1 } }, 'everyone', 'nothing'],
    ['mqtt', { clean: false, subscribeOptions: { qos: 0 } }, 'everyone', 'expire'],
    ['mqtt', { clean: true, subscribeOptions: { qos: 2 } }, 'everyone', 'expire'],
    ['rabbitmq', { queue: 'catalogue' }, 'one', 'nothing'],
    ['rabbitmq', { queue: 'catalogue', queueOptions: { durable: false } }, 'one', 'expire'],
    ['rabbitmq', { queue: 'catalogue', queueOptions: { autoDelete: true } }, 'one', 'expire'],
    ['rabbitmq', { queue: '', exchangeType: 'fanout', exchange: 'events' }, 'everyone', 'expire'],
    ['rabbitmq', { queue: 'q', exchangeType: 'fanout', queueOptions: { exclusive: true } }, 'everyone', 'expire'],
    ['rabbitmq', { queue: 'catalogue', exchangeType: 'fanout' }, 'one', 'nothing'],
    ['kafka', {}, 'one', 'nothing'],
    ['custom', {}, 'everyone', 'expire'],
    ['redis-channel', {}, 'everyone', 'expire'],
    ['redis-stream', {}, 'one', 'nothing'],
  ] as const)('follows from its options: %s %o reaches %s, and a gap means %s', (transport, options, reach, onGap) => {
    expect(reachOf(transport, options)).toEqual({ transport, reach, onGap });
  });
});
