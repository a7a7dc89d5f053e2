import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import { tags } from '../../tags.js';
import type { Profile } from '../../users/users.contract.js';
import { UsersService } from '../../users/users.service.js';

/** The processes of the service share what they have loaded; `strong`, as in the catalogue. */
@Injectable()
export class SharedUsersService extends UsersService {
  @Cacheable({ cache: 'profiles', key: (id: number) => id, consistency: 'strong' })
  @CacheTags((id: number) => [tags.profile(id)])
  override profile(id: number): Promise<Profile> {
    return super.profile(id);
  }
}
