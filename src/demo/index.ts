export { seedCrmSamples } from './crm-samples.ts'
export { demoLines, seedDemo } from './seed-demo.ts'
export { demoAgency, friendlyDunning, strategyBundles } from './strategy.ts'
