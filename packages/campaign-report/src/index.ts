export { csvHeader, csvLine } from './csv.ts'
export { PAGE_POLICY, reportPage } from './page.ts'
