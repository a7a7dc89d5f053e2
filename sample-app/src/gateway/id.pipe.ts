import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

const LARGEST_INT4 = 2_147_483_647;

@Injectable()
export class IdPipe implements PipeTransform<string, number> {
  transform(text: string): number {
    const id = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : Number.NaN;
    if (id <= LARGEST_INT4) return id;
    throw new BadRequestException(`"${text}" is not an id: ids are whole numbers from 1 to ${LARGEST_INT4}`);
  }
}
