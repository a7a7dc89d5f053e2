import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { ReviewsController } from './reviews.controller.js';
import { ReviewsService } from './reviews.service.js';

@Module({
  imports: [DatabaseModule.forFeature()],
  controllers: [ReviewsController],
  providers: [ReviewsService],
})
export class ReviewsModule {}
