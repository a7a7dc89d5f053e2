import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { CatalogueController } from './catalogue.controller.js';
import { CatalogueService } from './catalogue.service.js';
import { ViewsController } from './views.controller.js';
import { ViewsService } from './views.service.js';

@Module({
  imports: [DatabaseModule.forFeature()],
  controllers: [CatalogueController, ViewsController],
  providers: [CatalogueService, ViewsService],
})
export class CatalogueModule {}
