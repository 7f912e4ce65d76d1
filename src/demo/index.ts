export { seedCrmSamples } from './crm-samples.ts'
export { demoLines, seedDemo } from './seed-demo.ts'
export { friendlyDunning, strategyBundles } from './strategy.ts'
