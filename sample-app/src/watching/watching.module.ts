import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { CacheBoardModule } from 'nestjs-hybrid-cache/board';
import { CacheMetricsModule } from 'nestjs-hybrid-cache/metrics';
import { whoeverSitsHere } from './board-guests.js';
import { HealthController } from './health.controller.js';

/** `/metrics` for Prometheus, `/health` and `/ready` for an orchestrator, `/board` for people. */
@Module({
  imports: [
    CacheMetricsModule.forRoot(),
    CacheBoardModule.forRoot({ path: '/board', authorize: whoeverSitsHere, actions: true, showValues: true }),
    TerminusModule,
  ],
  controllers: [HealthController],
})
export class WatchingModule {}
