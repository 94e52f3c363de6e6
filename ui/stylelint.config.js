// tokens.css is the only file with a raw colour, size or duration; everything else names them.
export default {
  overrides: [
    { files: ['**/*.svelte'], customSyntax: 'postcss-html' },
    {
      files: ['src/lib/css/tokens.css'],
      rules: { 'unit-disallowed-list': null, 'color-no-hex': null, 'function-disallowed-list': null, 'color-named': null },
    },
  ],
  rules: {
    'color-no-hex': true,
    'color-named': ['never', { ignore: ['inside-function'] }],
    'function-disallowed-list': ['rgb', 'rgba', 'hsl', 'hsla', 'hwb', 'lab', 'lch', 'oklch'],
    'unit-disallowed-list': [
      ['px', 'rem', 'pt', 'ms', 's'],
      // A media query can't read a token; a grid may say how small a column gets.
      {
        ignoreMediaFeatureNames: { px: ['max-width', 'min-width'] },
        ignoreFunctions: [],
        ignoreProperties: { px: ['grid-template-columns', '--columns', 'flex'] },
      },
    ],
    // What is blurred is blurred anew whenever anything under it is painted: docs/decisions/0017.
    'declaration-property-value-disallowed-list': {
      '/^(box-shadow|--shadow-.*)$/': [/(^|,)\s*(inset\s+)?\S+\s+\S+\s+(?!0(px)?(\s|,|$))[\d.]+/],
      '/^(backdrop-)?filter$/': [/blur|drop-shadow/],
    },
    'declaration-block-no-duplicate-properties': true,
    'no-duplicate-selectors': true,
    'property-no-unknown': true,
  },
};
