export { demoLines, seedDemo } from './seed-demo.ts'
