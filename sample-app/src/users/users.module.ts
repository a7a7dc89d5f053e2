import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [DatabaseModule.forFeature()],
  controllers: [UsersController],
  providers: [UsersService],
})
export class UsersModule {}
