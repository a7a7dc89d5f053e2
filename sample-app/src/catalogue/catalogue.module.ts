import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { CatalogueController } from './catalogue.controller.js';
import { CatalogueService } from './catalogue.service.js';

@Module({
  imports: [DatabaseModule.forFeature()],
  controllers: [CatalogueController],
  providers: [CatalogueService],
})
export class CatalogueModule {}
