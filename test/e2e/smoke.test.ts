import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { expect, it } from 'vitest';
import { Cacheable, CacheEvict, CacheModule, CacheService, CacheTags } from 'nestjs-hybrid-cache';

@Injectable()
class UserService {
  calls = 0;
  name = 'Ada';
  @Cacheable()
  @CacheTags((id: number) => [`user:${id}`])
  async findOne(id: number): Promise<{ id: number; name: string }> {
    this.calls++;
    return { id, name: this.name };
  }
  @CacheEvict({ tags: (id: number) => [`user:${id}`] })
  async rename(_id: number, name: string): Promise<void> {
    this.name = name;
  }
}
@Module({ imports: [CacheModule.forRoot()], providers: [UserService] })
class AppModule {}

it('caches', async () => {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const users = app.get(UserService);
  expect(await users.findOne(1)).toEqual({ id: 1, name: 'Ada' });
  expect(await users.findOne(1)).toEqual({ id: 1, name: 'Ada' });
  await Promise.all([users.findOne(2), users.findOne(2)]);
  expect(users.calls).toBe(2);
  await users.rename(1, 'Bob');
  expect(await users.findOne(1)).toEqual({ id: 1, name: 'Bob' });
  console.log(
    JSON.stringify(app.get(CacheService).status(), null, 1),
    await app.get(CacheService).explain('UserService.findOne', [1]),
  );
  await app.close();
});
