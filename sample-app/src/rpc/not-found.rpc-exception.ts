import { HttpStatus } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';

/** What a service refuses: the gateway turns it into an HTTP answer of the same status. */
export interface Refusal {
  status: HttpStatus;
  message: string;
}

export class NotFoundRpcException extends RpcException {
  constructor(message: string) {
    super({ status: HttpStatus.NOT_FOUND, message } satisfies Refusal);
  }
}
