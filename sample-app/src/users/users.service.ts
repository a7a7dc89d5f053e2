import { Injectable } from '@nestjs/common';
import { CacheEvict } from 'nestjs-hybrid-cache';
import { Database } from '../database/database.js';
import { NotFoundRpcException } from '../rpc/not-found.rpc-exception.js';
import { tags } from '../tags.js';
import { tellsOthers } from '../tells-others.js';
import type { ChangedProfile, Profile, ProfileChange } from './users.contract.js';

@Injectable()
export class UsersService {
  constructor(private readonly database: Database) {}

  async profile(id: number): Promise<Profile> {
    const profile = await this.database.row<Profile>(
      `select u.id, u.version, u.name, u.email, u.member_since::text as "memberSince", u.newsletter,
         a.addresses, d.devices
       from users.users u
       cross join lateral (
         select json_agg(json_build_object('label', label, 'street', street, 'city', city) order by id) as addresses
         from users.addresses where user_id = u.id
       ) a
       cross join lateral (
         select json_agg(device) as devices
         from (
           select kind, last_seen as "lastSeen" from users.devices
           where user_id = u.id
           order by last_seen desc
           limit 3
         ) device
       ) d
       where u.id = $1`,
      id,
    );
    if (!profile) throw new NotFoundRpcException(`There is no account ${id}`);
    return profile;
  }

  @CacheEvict({ tags: (id: number) => [tags.profile(id)], emit: tellsOthers })
  async update(id: number, { name, newsletter }: ProfileChange): Promise<ChangedProfile> {
    const changed = await this.database.row<ChangedProfile>(
      `update users.users
       set name = coalesce($2, name), newsletter = coalesce($3, newsletter), version = version + 1
       where id = $1
       returning id, version, name, newsletter`,
      id,
      name,
      newsletter,
    );
    if (!changed) throw new NotFoundRpcException(`There is no account ${id}`);
    return changed;
  }
}
