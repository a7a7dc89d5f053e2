import { Controller, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ReplyInterceptor } from '../rpc/reply.interceptor.js';
import { USERS, type ChangedProfile, type Profile, type ProfileChange } from './users.contract.js';
import { UsersService } from './users.service.js';

@Controller()
@UseInterceptors(ReplyInterceptor)
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @MessagePattern(USERS.profile)
  profile(@Payload('id') id: number): Promise<Profile> {
    return this.users.profile(id);
  }

  @MessagePattern(USERS.update)
  update(@Payload('id') id: number, @Payload('change') change: ProfileChange): Promise<ChangedProfile> {
    return this.users.update(id, change);
  }
}
