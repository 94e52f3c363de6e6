import { cleanup, configure } from '@testing-library/svelte';
import { afterEach, beforeEach, vi } from 'vitest';
import { NOW } from '../src/dev/scenes';

configure({ asyncUtilTimeout: 10_000 });

// The scenes have their own day, and what is told of a time depends on whether it is today. Only the date stands still.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
afterEach(() => cleanup());
// What the page kept of itself.
afterEach(() => localStorage.clear());
afterEach(() => void vi.useRealTimers());
