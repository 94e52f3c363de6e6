import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { outside } from './outside.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), outside()],
  base: './',
  clearScreen: false,
  resolve: {
    alias: {
      // The only switch between the program and the page's own stand-in: nothing of src/dev reaches a build.
      '#backend': at(mode === 'mock' || mode === 'test' ? './src/dev/backend.ts' : './src/lib/ipc/tauri.ts'),
      $lib: at('./src/lib'),
    },
    ...(mode === 'test' ? { conditions: ['browser'] } : {}),
  },
  server: { port: 1420, strictPort: true },
  build: {
    target: 'safari16',
    outDir: 'dist',
    emptyOutDir: true,
    // An inlined script or data: URL would need a wider CSP.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['./tests/setup.ts'],
    // For a machine much slower than this page was written on.
    testTimeout: 30_000,
    restoreMocks: true,
  },
}));
