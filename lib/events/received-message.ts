import { KafkaContext, RmqContext } from '@nestjs/microservices';

/** What a transport brought. */
export interface ReceivedMessage {
  readonly data: unknown;
  /** What tells this message from every other, where the transport knows such a thing: it is the same when it comes again. */
  readonly id: string | undefined;
  /** Tells RabbitMQ that it needn't keep it any longer; of other transports nothing. */
  acknowledge(): void;
}

export function messageOf(data: unknown, context: unknown): ReceivedMessage {
  return { data, id: positionOf(context), acknowledge: () => acknowledge(context) };
}

/** A group that is given a message of Kafka again finds it where it was. */
function positionOf(context: unknown): string | undefined {
  if (!(context instanceof KafkaContext)) return undefined;
  return `${context.getTopic()}/${context.getPartition()}/${context.getMessage().offset}`;
}

interface RabbitChannel {
  ack(message: unknown): void;
}

function acknowledge(context: unknown): void {
  if (!(context instanceof RmqContext)) return;
  const channel = context.getChannelRef() as RabbitChannel;
  try {
    channel.ack(context.getMessage());
  } catch {
    // the channel was closed meanwhile, and the message comes again
  }
}
