import tseslint from 'typescript-eslint'

/** Forbids the imports that would turn the direction of flow around. */
function room(files, patterns, message) {
  return {
    files,
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: patterns, message }] }] },
  }
}

export default tseslint.config(
  { ignores: ['dist/', 'lib/', 'coverage/', 'node_modules/', '.moto/', '.sops-bin/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  room(
    ['src/model/*.ts'],
    '^(?!\\./|yaml$|re2js$).*$',
    'model is pure: it imports only model, and the libraries that read YAML and RE2.',
  ),
  room(
    ['src/model/*/**'],
    '^(?!\\./|\\.\\./(?:[\\w-]+/)?[^./]+\\.ts$|yaml$|re2js$).*$',
    'model is pure: it imports only model, and the libraries that read YAML and RE2.',
  ),
  room(['src/tools/**'], '^\\.\\./(stages|rekey|inputs|input-values|pull-request-inputs|contradictions|outputs)', 'tools know only the model.'),
  room(['src/stages/**'], '^(?:\\.\\./)+(rekey|inputs|input-values|pull-request-inputs|contradictions|outputs|index)', 'stages know the model and the tools.'),
  { files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
  { files: ['demo/**', 'bench/**', 'scripts/**', '__tests__/**'], rules: { 'no-console': 'off' } },
)
