import { Injectable } from '@nestjs/common';

/** How many SQL statements this process has sent. */
@Injectable()
export class QueryCounter {
  count = 0;
}
