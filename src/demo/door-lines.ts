import type { CreatedTenant } from '../identity/index.ts'
import { liraAccount } from './doors.ts'

const json = `-H 'Content-Type: application/json'`

/** The credentials of the doors of other vendors, and a call of each that works as it is printed. */
export function doorLines(tenant: CreatedTenant, url: string, file: string): string[] {
  const { crmcom, payofin, wallee } = tenant
  return [
    `  CRM.COM         organisation ${crmcom.organisation}, user ${crmcom.username}, password ${crmcom.password}`,
    `  Payofin         ApiKey ${payofin.apiKey}, SecretKey ${payofin.secretKey}`,
    `  wallee          space ${wallee.spaceId}, user ${wallee.userId}, key ${wallee.authenticationKey}`,
    '',
    '  The same book through the other doors:',
    `    CRM=$(curl -s -X POST ${url}/crmapi/rest/v2/authentication/token ${json} -d '${JSON.stringify(crmcom)}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`,
    `    curl -s "${url}/crmapi/rest/v2/accounts_receivable/show?token=$CRM&accounts_receivable_identifier=number=DEMO-001"`,
    `    curl -s -X POST ${url}/invoices/invoicequery -H 'ApiKey: ${payofin.apiKey}' -H 'SecretKey: ${payofin.secretKey}' -d '${debtQuery}'`,
    `    ${walleeCall(wallee.spaceId, url, file)}`,
    '',
  ]
}

const debtQuery = JSON.stringify({
  sootCode: 1,
  subscriberNo: liraAccount,
  additionalNo: '',
  firmRefNo: '1',
})

/** Counts the cases of the space; version 1 signs each request anew, so the line brings its signer. */
function walleeCall(spaceId: number, url: string, file: string): string {
  const target = `/api/debt-collection-case/count?spaceId=${spaceId}`
  const sign = [
    `const {userId,authenticationKey}=require(${JSON.stringify(file)}).wallee`,
    `at=Math.floor(Date.now()/1000)`,
    `mac=require("crypto").createHmac("sha512",Buffer.from(authenticationKey,"base64"))` +
      `.update(["1",userId,at,"POST","${target}"].join("|")).digest("base64")`,
  ].join(',')
  const headers =
    '`-Hx-mac-version:1 -Hx-mac-userid:${userId} -Hx-mac-timestamp:${at} -Hx-mac-value:${mac}`'
  return `curl -s -X POST "${url}${target}" ${json} -d '{}' $(node -e '${sign};console.log(${headers})')`
}
