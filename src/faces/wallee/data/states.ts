/**
 * Subdivisions of the countries that write them in addresses, by their codes in ISO 3166-2 and their names at home. The
 * other countries have none here.
 */
export const countryStates: Readonly<Record<string, string>> = {
  AT: `1:Burgenland 2:Kärnten 3:Niederösterreich 4:Oberösterreich 5:Salzburg 6:Steiermark 7:Tirol 8:Vorarlberg 9:Wien`,
  AU: `ACT:Australian_Capital_Territory NSW:New_South_Wales NT:Northern_Territory QLD:Queensland SA:South_Australia
    TAS:Tasmania VIC:Victoria WA:Western_Australia`,
  CA: `AB:Alberta BC:British_Columbia MB:Manitoba NB:New_Brunswick NL:Newfoundland_and_Labrador NS:Nova_Scotia
    NT:Northwest_Territories NU:Nunavut ON:Ontario PE:Prince_Edward_Island QC:Québec SK:Saskatchewan YT:Yukon`,
  CH: `AG:Aargau AI:Appenzell_Innerrhoden AR:Appenzell_Ausserrhoden BE:Bern BL:Basel-Landschaft BS:Basel-Stadt FR:Fribourg
    GE:Genève GL:Glarus GR:Graubünden JU:Jura LU:Luzern NE:Neuchâtel NW:Nidwalden OW:Obwalden SG:St._Gallen
    SH:Schaffhausen SO:Solothurn SZ:Schwyz TG:Thurgau TI:Ticino UR:Uri VD:Vaud VS:Valais ZG:Zug ZH:Zürich`,
  DE: `BB:Brandenburg BE:Berlin BW:Baden-Württemberg BY:Bayern HB:Bremen HE:Hessen HH:Hamburg MV:Mecklenburg-Vorpommern
    NI:Niedersachsen NW:Nordrhein-Westfalen RP:Rheinland-Pfalz SH:Schleswig-Holstein SL:Saarland SN:Sachsen
    ST:Sachsen-Anhalt TH:Thüringen`,
  ES: `AN:Andalucía AR:Aragón AS:Asturias CB:Cantabria CE:Ceuta CL:Castilla_y_León CM:Castilla-La_Mancha CN:Canarias
    CT:Catalunya EX:Extremadura GA:Galicia IB:Illes_Balears MC:Murcia MD:Madrid ML:Melilla NC:Navarra PV:País_Vasco
    RI:La_Rioja VC:Valenciana`,
  IT: `21:Piemonte 23:Valle_d'Aosta 25:Lombardia 32:Trentino-Alto_Adige 34:Veneto 36:Friuli-Venezia_Giulia 42:Liguria
    45:Emilia-Romagna 52:Toscana 55:Umbria 57:Marche 62:Lazio 65:Abruzzo 67:Molise 72:Campania 75:Puglia 77:Basilicata
    78:Calabria 82:Sicilia 88:Sardegna`,
  NL: `DR:Drenthe FL:Flevoland FR:Fryslân GE:Gelderland GR:Groningen LI:Limburg NB:Noord-Brabant NH:Noord-Holland
    OV:Overijssel UT:Utrecht ZE:Zeeland ZH:Zuid-Holland`,
  US: `AK:Alaska AL:Alabama AR:Arkansas AZ:Arizona CA:California CO:Colorado CT:Connecticut DC:District_of_Columbia
    DE:Delaware FL:Florida GA:Georgia HI:Hawaii IA:Iowa ID:Idaho IL:Illinois IN:Indiana KS:Kansas KY:Kentucky
    LA:Louisiana MA:Massachusetts MD:Maryland ME:Maine MI:Michigan MN:Minnesota MO:Missouri MS:Mississippi MT:Montana
    NC:North_Carolina ND:North_Dakota NE:Nebraska NH:New_Hampshire NJ:New_Jersey NM:New_Mexico NV:Nevada NY:New_York
    OH:Ohio OK:Oklahoma OR:Oregon PA:Pennsylvania PR:Puerto_Rico RI:Rhode_Island SC:South_Carolina SD:South_Dakota
    TN:Tennessee TX:Texas UT:Utah VA:Virginia VT:Vermont WA:Washington WI:Wisconsin WV:West_Virginia WY:Wyoming`,
}
