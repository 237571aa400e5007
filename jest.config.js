export default {
  testEnvironment: 'node',
  testMatch: ['**/__tests__/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/lib'],
  // Most tests wait for child processes and for the distances that GitHub asks for, not for a core.
  maxWorkers: 5,
  // What a process costs to start grows with the memory of the one that starts it.
  workerIdleMemoryLimit: '150MB',
  testTimeout: 180_000,
}
