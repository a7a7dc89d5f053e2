import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { CacheHealth } from 'nestjs-hybrid-cache/metrics';

/** What an orchestrator asks. A cache without its Redis goes on answering: that is said, and is no reason to restart it. */
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly cache: CacheHealth,
  ) {}

  /** Whether the process should live: 503 when its cache is closed. */
  @Get('health')
  @HealthCheck()
  alive(): Promise<HealthCheckResult> {
    return this.health.check([() => this.cache.check('cache', { degraded: 'degraded' })]);
  }

  /** Whether it should be asked: 503 until it is warm. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.cache.check('cache', { warm: true })]);
  }
}
