import { describe, expect, it } from 'vitest';
import { emptyForm, formOf, isComplete, newDestination, type DestinationForm } from './form';

const bucket = (prefix: string, more: Partial<DestinationForm> = {}): DestinationForm => ({
  ...emptyForm(''),
  kind: 's3',
  endpoint: 'https://s3.example.com',
  bucket: 'raw',
  prefix,
  ...more,
});
const keysBegin = (form: DestinationForm) => newDestination(form, [], false).s3?.prefix;

describe('the folder in a bucket', () => {
  it('is a folder: what is put into it does not stick to its name', () => {
    expect(keysBegin(bucket('from the field'))).toBe('from the field/');
    expect(keysBegin(bucket(' a/b/ '))).toBe('a/b/');
    expect(keysBegin(bucket('/a'))).toBe('a/');
    expect(keysBegin(bucket('  '))).toBe('');
    expect(keysBegin(bucket('/'))).toBe('');
  });

  it('stays the beginning of keys that it was made as, elsewhere, until it is changed', () => {
    const known = newDestination(bucket(''), [], false);
    const s3 = known.s3 && { ...known.s3, prefix: 'take-' };
    const form = formOf({ ...known, s3 });
    expect(keysBegin(form)).toBe('take-');
    expect(keysBegin({ ...form, prefix: 'takes' })).toBe('takes/');
  });
});

// J-3
describe('the proxy of a destination', () => {
  const by = { mode: 'manual', address: ' http://proxy:1 ', user: 'ada', password: 'x', except: '' } as const;

  it('is none of its own at first, and stays as it is known', () => {
    expect(newDestination(bucket(''), [], false).proxy).toBeNull();
    const own = newDestination(bucket('', { proxy: by, keep: 'session' }), [], false);
    const choice = { mode: 'manual', address: 'http://proxy:1', user: 'ada', except: '' };
    expect(own.proxy).toEqual({ choice, password: 'x', keep_secret: 'session' });
    // The password is the person's, or the one that is kept.
    expect(formOf(own).proxy).toEqual({ ...by, address: 'http://proxy:1', password: '' });
    const none = newDestination(bucket('', { proxy: { ...by, mode: 'none' } }), [], false);
    expect(none.proxy).toEqual({ choice: { mode: 'none' }, password: '', keep_secret: 'keyring' });
  });

  it('is given whole, and a folder has none', () => {
    const whole = bucket('', { accessKey: 'a', secretKey: 'b', proxy: by });
    expect(isComplete(whole)).toBe(true);
    expect(isComplete({ ...whole, proxy: { ...by, address: ' ' } })).toBe(false);
    expect(newDestination({ ...whole, kind: 'folder', folder: '/a' }, [], false).proxy).toBeNull();
  });
});
