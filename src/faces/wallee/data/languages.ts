/** The languages that letters are written in: IETF tag and the three letters of ISO 639-2/T; the first of a language leads it. */
export const languageCodes = `
  ar-AE:ara bg-BG:bul ca-ES:cat cs-CZ:ces da-DK:dan de-DE:deu de-AT:deu de-CH:deu de-LI:deu el-GR:ell en-US:eng en-GB:eng en-AU:eng en-CA:eng en-IE:eng en-IN:eng en-NZ:eng en-ZA:eng es-ES:spa
  es-AR:spa es-CL:spa es-CO:spa es-MX:spa es-PE:spa et-EE:est fi-FI:fin fr-FR:fra fr-BE:fra fr-CA:fra fr-CH:fra fr-LU:fra ga-IE:gle he-IL:heb hi-IN:hin hr-HR:hrv hu-HU:hun id-ID:ind is-IS:isl
  it-IT:ita it-CH:ita ja-JP:jpn ko-KR:kor lb-LU:ltz lt-LT:lit lv-LV:lav mk-MK:mkd mt-MT:mlt nb-NO:nob nl-NL:nld nl-BE:nld pl-PL:pol pt-PT:por pt-BR:por rm-CH:roh ro-RO:ron ru-RU:rus sk-SK:slk
  sl-SI:slv sq-AL:sqi sr-RS:srp sv-SE:swe th-TH:tha tr-TR:tur uk-UA:ukr vi-VN:vie zh-CN:zho zh-HK:zho zh-TW:zho`
