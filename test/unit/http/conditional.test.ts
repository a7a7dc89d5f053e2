import { describe, expect, it } from 'vitest';
import { evaluatePreconditions, notModifiedHeaders } from '../../../lib/http/conditional.js';
import type { RequestHeaders, ResponseHeaders } from '../../../lib/http/header-fields.js';

const NOW = Date.UTC(2026, 10, 20);
const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT';
const MODIFIED = 'Sun, 06 Nov 1994 08:49:37 GMT';
const AFTER = 'Sun, 06 Nov 1994 08:49:38 GMT';
const VALIDATORS = { etag: '"a"', 'last-modified': MODIFIED };

const evaluate = (request: RequestHeaders, headers: ResponseHeaders = VALIDATORS, status = 200) =>
  evaluatePreconditions(request, { status, headers }, NOW);

describe('a conditional request', () => {
  it.each<[string, RequestHeaders, string]>([
    ['no condition', {}, 'send'],
    ['If-None-Match that names it', { 'if-none-match': '"a"' }, 'not-modified'],
    ['If-None-Match that names it weakly', { 'if-none-match': 'W/"a"' }, 'not-modified'],
    ['If-None-Match that names it on another line', { 'if-none-match': ['"b"', '"a"'] }, 'not-modified'],
    ['If-None-Match for any', { 'if-none-match': '*' }, 'not-modified'],
    ['If-None-Match for another', { 'if-none-match': '"b"' }, 'send'],
    ['If-None-Match that is broken', { 'if-none-match': 'a' }, 'send'],
    ['If-Modified-Since before', { 'if-modified-since': BEFORE }, 'send'],
    ['If-Modified-Since at the very second', { 'if-modified-since': MODIFIED }, 'not-modified'],
    ['If-Modified-Since after', { 'if-modified-since': AFTER }, 'not-modified'],
    ['If-Modified-Since in an old form', { 'if-modified-since': 'Sunday, 06-Nov-94 08:49:37 GMT' }, 'not-modified'],
    ['If-Modified-Since that is no date', { 'if-modified-since': 'now' }, 'send'],
    ['If-Modified-Since twice', { 'if-modified-since': [AFTER, AFTER] }, 'send'],
    ['If-None-Match, which overrules the date', { 'if-none-match': '"b"', 'if-modified-since': AFTER }, 'send'],
    ['If-None-Match, broken, which overrules it too', { 'if-none-match': '', 'if-modified-since': AFTER }, 'send'],
    ['If-Match that names it', { 'if-match': '"b", "a"' }, 'send'],
    ['If-Match for any', { 'if-match': '*' }, 'send'],
    ['If-Match that names it weakly', { 'if-match': 'W/"a"' }, 'precondition-failed'],
    ['If-Match for another', { 'if-match': '"b"' }, 'precondition-failed'],
    ['If-Match that is broken', { 'if-match': 'a' }, 'precondition-failed'],
    ['If-Unmodified-Since before', { 'if-unmodified-since': BEFORE }, 'precondition-failed'],
    ['If-Unmodified-Since at the very second', { 'if-unmodified-since': MODIFIED }, 'send'],
    ['If-Unmodified-Since that is no date', { 'if-unmodified-since': 'now' }, 'send'],
    ['If-Match, which overrules the date', { 'if-match': '"a"', 'if-unmodified-since': BEFORE }, 'send'],
    ['If-Match and If-None-Match', { 'if-match': '"a"', 'if-none-match': '"a"' }, 'not-modified'],
    ['If-Match before If-None-Match', { 'if-match': '"b"', 'if-none-match': '"a"' }, 'precondition-failed'],
    [
      'If-Unmodified-Since before If-None-Match',
      { 'if-unmodified-since': BEFORE, 'if-none-match': '"a"' },
      'precondition-failed',
    ],
    [
      'If-Unmodified-Since and If-Modified-Since',
      { 'if-unmodified-since': AFTER, 'if-modified-since': AFTER },
      'not-modified',
    ],
  ])('with %s', (_what, request, expected) => {
    expect(evaluate(request)).toBe(expected);
  });

  it.each<[string, RequestHeaders, string]>([
    ['If-None-Match', { 'if-none-match': '"a"' }, 'send'],
    ['If-None-Match for any', { 'if-none-match': '*' }, 'not-modified'],
    ['If-Modified-Since', { 'if-modified-since': AFTER }, 'send'],
    ['If-Unmodified-Since', { 'if-unmodified-since': BEFORE }, 'send'],
    ['If-Match', { 'if-match': '"a"' }, 'precondition-failed'],
  ])('for what has no validators: %s', (_what, request, expected) => {
    expect(evaluate(request, {})).toBe(expected);
  });

  it.each([199, 301, 404, 500])('doesn’t count where the answer is %i anyway', (status) => {
    expect(evaluate({ 'if-none-match': '"a"' }, VALIDATORS, status)).toBe('send');
    expect(evaluate({ 'if-match': '"b"' }, VALIDATORS, status)).toBe('send');
  });

  it.each([204, 299])('counts for %i', (status) => {
    expect(evaluate({ 'if-none-match': '"a"' }, VALIDATORS, status)).toBe('not-modified');
  });
});

describe('a 304', () => {
  it('has what a cache goes on with, and nothing about content it doesn’t have', () => {
    expect(
      notModifiedHeaders({
        'cache-control': 'max-age=1',
        'content-location': '/a',
        date: MODIFIED,
        etag: '"a"',
        expires: MODIFIED,
        vary: 'accept',
        'cache-status': 'x; hit',
        'surrogate-key': 'a',
        'content-type': 'text/html',
        'content-length': 7,
        'content-encoding': 'gzip',
        'content-disposition': 'inline',
        'last-modified': MODIFIED,
      }),
    ).toEqual({
      'cache-control': 'max-age=1',
      'content-location': '/a',
      date: MODIFIED,
      etag: '"a"',
      expires: MODIFIED,
      vary: 'accept',
      'cache-status': 'x; hit',
      'surrogate-key': 'a',
    });
  });

  it('has the date where there is no tag', () => {
    expect(notModifiedHeaders({ 'last-modified': MODIFIED, etag: undefined })).toHaveProperty(
      'last-modified',
      MODIFIED,
    );
  });
});
