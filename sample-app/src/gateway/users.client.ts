import { Injectable } from '@nestjs/common';
import { Cacheable, CacheTags } from 'nestjs-hybrid-cache';
import { RemoteService } from '../rpc/remote-service.js';
import { InjectService } from '../rpc/rpc.module.js';
import { tags } from '../tags.js';
import { USERS, type ChangedProfile, type Profile, type ProfileChange } from '../users/users.contract.js';

@Injectable()
export class UsersClient {
  constructor(@InjectService('users') private readonly users: RemoteService) {}

  @Cacheable({ cache: 'profiles', key: (id: number) => id })
  @CacheTags((id: number) => [tags.profile(id)])
  profile(id: number): Promise<Profile> {
    return this.users.ask(USERS.profile, { id });
  }

  update(id: number, change: ProfileChange): Promise<ChangedProfile> {
    return this.users.ask(USERS.update, { id, change });
  }
}
