import { describe, expect, it } from 'vitest';
import { emptyForm, formOf, newDestination, type DestinationForm } from './form';

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
