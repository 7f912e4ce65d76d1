import fs from 'node:fs'
import path from 'node:path'

// Permissive licences only; nothing we ship may bind our users further.
const accepted =
  /^(MIT|MIT-0|ISC|0BSD|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|BlueOak-1\.0\.0|CC0-1\.0|CC-BY-3\.0|CC-BY-4\.0|Unlicense|Python-2\.0|PSF-2\.0|WTFPL|Zlib|PostgreSQL|Artistic-2\.0)$/
// Tools that run while we build and test; nothing of theirs is shipped.
const acceptedForDevelopment = /^(MPL-2\.0|Public Domain)$/
// Their licence is told by a file of theirs: MIT, that of Bitstream Vera and DejaVu, the Unlicense.
const knownFiles = new Set(['png-js', 'dejavu-fonts-ttf', 'levenshtein'])
// The same, of tools that are never shipped: MIT; Apache-2.0, as every other version of it says.
const knownForDevelopment = new Set(['starkbank-ecdsa', 'postfinancecheckout'])

/** Every installed package whose licence we could not pass on. */
export function licenceProblems(root) {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(lock.packages).flatMap(([place, entry]) => {
    if (place === '') return []
    const manifest = path.join(root, place, 'package.json')
    if (!fs.existsSync(manifest)) return []
    const { name, license, licenses } = JSON.parse(fs.readFileSync(manifest, 'utf8'))
    const isDevelopment = entry.dev === true
    if (knownFiles.has(name) || (isDevelopment && knownForDevelopment.has(name))) return []
    const stated = license ?? licenses
    return isAccepted(stated, isDevelopment) ? [] : [`${name}: licence ${JSON.stringify(stated)}`]
  })
}

function isAccepted(stated, isDevelopment) {
  if (Array.isArray(stated)) return stated.some((one) => isAccepted(one.type ?? one, isDevelopment))
  if (typeof stated === 'object' && stated !== null) return isAccepted(stated.type, isDevelopment)
  if (typeof stated !== 'string') return false
  const isGood = (name) =>
    accepted.test(name) || (isDevelopment && acceptedForDevelopment.test(name))
  const alternatives = stated.replace(/[()]/g, '').split(/ or /i)
  return alternatives.some((alternative) =>
    alternative.split(/ and /i).every((name) => isGood(name.trim())),
  )
}
