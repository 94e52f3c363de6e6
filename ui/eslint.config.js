import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist', 'coverage', 'src/lib/contract'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
    rules: {
      // The compiler knows what a template reads.
      'no-undef': 'off',
      'prefer-const': 'off',
      // Maps here are replaced whole ($state.raw) or are no state at all.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ['src/**/*.{ts,svelte}'],
    ignores: ['src/lib/ipc/tauri.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ group: ['@tauri-apps/*'], message: 'Only lib/ipc/tauri.ts knows the program.' }] }],
    },
  },
  {
    files: ['src/lib/kit/**'],
    ignores: ['src/lib/kit/**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/queue/**', '**/ipc/**', '**/view/**', '**/screens/**', '**/contract/**'],
              message: 'The kit knows nothing of ours.',
              allowTypeImports: true,
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/screens/**'],
    ignores: ['src/screens/**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@tauri-apps/*'], message: 'Only lib/ipc/tauri.ts knows the program.' },
            { group: ['../*/*'], message: 'A screen imports no other screen; shared things live in lib.' },
            { group: ['**/dev/**'], message: 'The stand-in is for development.' },
          ],
        },
      ],
    },
  },
  {
    files: ['src/{app,lib}/**'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-console': 'error' },
  },
);
