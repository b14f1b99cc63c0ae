"""Short names that systems give their fields, by what they mean: lines of the thesaurus, and readings of its words.

From general knowledge of ERP systems, statistics portals, threat feeds and the abbreviations that public bodies of
Korea must use; nothing was copied. What Japanese words sound like is here too: systems without kanji write them in
kana, and researchers in Latin letters.
"""

from typing import Final

FIELDS: Final = """
name: txt | text | namn | nama | lib | libelle | nmkor | kornm | engnm | name en | name ko
code: 키 | キー | cde | kode | kod | key | keys | zcd | cod
id: idnt | idntf | idntfr | brno | bizrno | bizrno no | crno | jurirno | bpnl | bpn l | duns number | dunsno | dun |
  lei code | taxid | tax id | vat id | vatid | vat no | vat number | vatno | taxno | tax no | tax number |
  tax registration | stcd2 | stcd3 | steuernummer | ustid | uid | siren | siret | cnpj | abn | gstin | uen | uscc |
  unified social credit code | business registration | edrpou | nif | cif no | ruc | rfc no | cage | cage code | gln |
  jastpro | jastpro code | 일괄납세번호 | 사업자등록no | 무역업고유번호 | 法人番号13桁 | 輸出入者コード |
  輸出入者符号 | fei no | osid | os id | opencorporates | permid | national number
supplier: 相手 | 相手側 | 向こう | あちら | 그 회사 | 그쪽 | 상대 회사 | 사오는 | 사는 곳 | 파는 | 파는 곳 |
  売ってくれる | 買っている | 買っている先 | 買う先 | 買い先 | they | their company | who sells | who we buy from |
  remit to | pay to | ordered from | order from | purchased from | sourced from | パートナー | partner company |
  partner firm | lifn2 | elifn | lfa1 | vendor no | vndr nm | sply | splr nm | spler | splyr | sply entrps | sup nm |
  vend id | po vendor | party name | approved supplier | fornecedor | fournisseur | lieferant | kreditor | proveedor |
  seller party | manufacturer partner | 매도자 | 매도국 | 起点 | 起点企業 | 発地 | sourcing partner |
  tier 2 supplier | tier 1 supplier | subtier | sub tier | child | child node | 공급업체명 | 해외거래처 | 해외공급자 |
  해외 거래처 | 국외거래처 | 송화인 | 수출거래처 | 외국거래처 | 판매업체 | 매입거래처 | 하도급 | 하도급업체 | 외주처 |
  구매거래처 | 납품기업 | 판매기업 | 仕出し人 | 輸出取引先 | 海外取引先 | 海外仕入先 | 供給会社 | 外注 | 協力企業 |
  下請会社 | 下請企業 | 調達元企業 | 購入先企業 | 仕入れ先企業
customer: oem | tier 1 | prime | prime contractor | head contractor | end customer | end manufacturer | assembler |
  org | our org | bu | business unit | legal entity | operating unit | org unit | cstmr | cust nm | buyr | ekorg |
  purchasing org | purchasing organization | purchasing organisation | ship to | entity legal | le | own entity |
  inv org | inventory org | receiving org | receiving entity | receiving site | buying | buying entity |
  buying company | buying firm | customer plant | reporting | reporter company | parent node | parent entity | kunde |
  client company | acheteur | うち | 弊 | 自分 | 我社 | 我が社 | こちら | 우리 | 우리쪽 | 우리측 | 저희 | dmnd |
  dmnd entrps | us | our side | 회사국가 | 회사국가키 | 회사사업자번호 | 회사법인번호 | 자사국가 | 매수자 | 매수국 |
  終点 | 着地 | 到着地 | 着 | 終点企業 | 신고업체 | 발주기업 | 수입신고인 | 도입업체 | 도입사 | 보고업체 | 보고기업 |
  제출업체 | 제출기업 | 소속회사 | 화주명 | 수요가 | 실수요자 | 최종수요자 | 申告者 | 報告企業 | 報告者企業 |
  提出企業 | 記入会社 | 当該企業 | 親会社 | 発注企業 | 購買企業 | 需要者企業
country: natn | ntn | ntn cd | ntnlty | nation cd | nat | cntry nm | ctry cd | cntr | land cd | lnd | natncd |
  country iso | iso country | iso alpha 3 | iso alpha 2 | alpha3 | alpha 3 | countrycode | geo | reporter |
  reporteriso | reporter iso | reporter desc | partner iso | cty | ctyname | cty code | nationcd | nation nm |
  statenm | area | area code | ref area | geo area name | location name | m49 | economy name | producing country |
  country or area | country region | 국가코드명 | 나라명 | 国籍コード | 国番号 | 地域名 | 国又は地域 | 国または地域 |
  国地域コード | 국가지역명 | 생산국가 | 대상국 | 대상국가 | 해당국 | 対象国 | 当該国 | 소재지 국가 | 所在地の国
host: asn | as number | as name | as org | isp | hosting | hosted | hoster | hosting provider | provider asn |
  registrar | geoip | geo ip | geolocation | ip geo | src ip | dst port | dport | sport | protocol | rdns | 호스팅 |
  유포국 | 유포국가 | 경유국가 | 유포 | rbac | rbac groups | host group | user group | asset group | device group |
  device groups | security group | ホスティング | 設置国 | 回線 | プロバイダ | 事業者asn
destination-net: 목적지 | 목적지국가 | 출발지 | 출발지국가 | 宛先国 | 送信元国 | 接続先国 | 通信先国 | src country |
  dst country | source ip country | attack source country | attacker country | origin asn | 공격국가 | 공격국 |
  공격지국가 | 攻撃元国 | 攻撃国 | 발원국 | 발신국 | 発信国
mineral: mnrl | mnrl nm | mnrl knd | mtrl | ore kind | ore nm | cmdt | commod | commodity name | commodity group |
  mineral group | metal product | mnr | product material | minr | bergbau | rohstoff | critical raw material | crm |
  raw material name | battery metal | 광물종류명 | 품종 | 품명 | 광산물명 | 광물품목 | 대상품목 | 품목구분 | 品目名 |
  鉱産物名 | 鉱種別 | 商品名 | 対象品目 | 原材料名 | 素材名 | 製品種 | 鉱物種類
item: prdlst | prdlst nm | item nm | item description | mtrl nm | maktx | txz01 | part nm | part description |
  material description | goods nm | goods description | 물품명 | 자재명 | 자재내역 | 부품명칭 | 품목설명 | 자재설명 |
  거래품명 | 모델규격 | 規格 | 규격 | 品名規格 | 部品名称 | 部品名 | 品目テキスト | 商品説明 | 材料名 | 資材名
hs: hs cd | hscd | hssgn | hsk no | hsk cd | hs sgn | hs kod | cmdcode | cmd code | commoditycode | hs tariff |
  hs classification | tariff no | tariffcode | hts number | hts no | hts code | hs6digit | hs6 digit | hs 6 digit |
  cn | cn 8 | eccn hs | ncm | hs8 | hs10 | hs 10 | hs 8 | stawn code | import tariff | taric code | customs number |
  세번10단위 | 세번6단위 | 품목세번 | 관세품목번호 | 품목세번부호 | 実行関税率表 | 輸入統計品目番号 | 統計品目コード |
  税表コード | 品番税番
stage: prcs | prcs nm | process nm | prcss | stg nm | stp | activity type | supply chain step | value chain stage |
  production step | level of processing | degree of processing | processing level | operation type |
  production route | type of ore | mine or smelter | mining refining | product category | production type code |
  생산공정 | 생산구분명 | 공정구분명 | 공급망 단계 | 생산품형태 | 제품형태 | 생산종류 | 제련구분 | 가공구분 |
  처리구분 | 鉱石地金別 | 製品形態 | 生産種別 | 生産物の形態 | 産出形態 | 鉱石地金 | 加工度合 | 加工区分 | 処理区分 |
  採掘製錬別 | 製品段階 | 段階区分
year: prd de | prdde | bsyy | base yy | yy | stdyy | stdr year | stdr yy | crtr yr | crtr yy | refyear | ref yr |
  refperiod | time | time code | timeperiod | period code | obs time | prod yr | prod year | data yr | ryear |
  fiscal | fiscal yr | fyear | fiscper | report yr | stat year | anio | ejercicio | rok | calyear | cal year |
  기준년 | 조사년도 | 실적년도 | 실적연도 | 생산년도 | 생산년 | 기준년도 | 수록시점 | 時間軸 | 時間軸年次 | 調査年度 |
  実績年 | 実績年度 | 年度区分 | 生産年度 | 対象年度 | 対象年次 | 暦年次
production: came out | how much came out | dug | dug out | got out | 나온 양 | 나온 | 나왔 | 나왔나 | 캔 양 | 캐낸 |
  採れた | 取れた | 出た量 | 作った量 | 만든 양 | supply | supplied | 공급량 | 供給量 | prdctn | prdctn qy |
  prdctn qty | prdn | prod qty | prod quantity | prod volume | prod vol | prod t | prdtn | prod mt | dt | data value |
  datavalue | obsvalue | obs val | figure value | gross weight | gross production | net production |
  production volume | production quantity | production amount | production tonnage | mine prodn | total mined |
  concentrate output | saleable production | payable production | refined metal output | payable metal | produksi |
  produccion | volume of production | actual output | 총생산 | 총생산량 | 생산계 | 생산합계 | 생산실적 합계 |
  생산고량 | 연산 | 조업실적 | 실적물량 | 실적량 | 순생산량 | 판매가능생산량 | 総生産 | 総生産量 | 生産計 | 生産合計 |
  生産数値 | 生産実績量 | 算出量 | 生産重量計 | 実績数量 | 実績量 | 出荷前生産 | 精鉱生産量 | 精鉱量 | 地金量 |
  電気銅生産量 | 粗鋼量
quantity: qy | cnt qty | vol qty | kwon | wgt | wght | wt | menge1 | qty t | kgs | net weight | netwgt | gross |
  순중량 | 총중량 | 正味重量
flag: obs flag | obsflag | obs status code | flag code | flags | fl | sttus flag | annotation | annotations |
  値の種別 | 値の区分 | 数値の区分 | data flag | data note | est flag | estimate flag | quality flag | figure type |
  data nature | data status code | source flag | e p r | r p e | status flag | confidentiality | conf status |
  value note | est actual | est act | actual estimate | 데이터 성격 | 데이터성격 | 데이터구분 | 자료성격구분 |
  값상태 | 수치상태 | 통계값구분 | 확정 여부 | 추정치여부 | 확정추정 | 추정표시 | 통계부호 | 통계기호 | 데이터유형 |
  수치유형 | データの性質 | データ性質 | データ性格 | 数値の性質 | 数値の性格 | 値の性質 | 推計表示 | 推計フラグ |
  推計マーク | 確定推計 | 確定推計の別 | 速報確報 | 速報確報別 | 実績推計別 | 推定区分 | 統計値区分 | 値の種類 |
  値種別 | データ確度 | 数字の種類 | 注記記号 | 記号
status: stts | sttus | sttus cd | stat cd | progrs | prgs
type: ty | typ cd | ty cd | tp | tp cd | se | se cd | se nm | knd | knd nm | clsf | clsfc | ctgry | sort cd
share: qp quota | quota pct | alloc pct | alloc | allocation pct | share pct | share percent | pct share |
  spend share | pct of spend | split pct | sourcing split | dependency pct | reliance pct | part pct | cnstp rt |
  wght rt | occupy rt | rlnc | dpnd | dpndnc rt | depend rt | prchs rt | purchase ratio | purchase pct | % of |
  % share | % spend | % of spend | percentage share | supply ratio | volume share | volume split | business share |
  sow | share of wallet | 물량비중 | 물량 비율 | 물량점유 | 구매물량비중 | 몇 % | 몇 프로 | 몇프로 | 퍼센트 |
  차지하는 비율 | 차지 | 비중구간 | 도입비중 | 수입의존도 | 수입 의존도 | 특정국 의존도 | 조달의존 | 구성비율 | 占率 |
  占有 | 構成 | 何% | 何パー | 何％ | パーセント | 依存比率 | 調達シェア | 購買構成比 | 比率区分 | 取引比率 |
  取引シェア | 発注比率 | 発注割合 | 仕入構成比 | 購買依存度 | 調達依存 | 輸入依存度 | 特定国依存 | 購買割合
money: per year usd | 1년에 얼마 | 얼마어치 | 얼마치 | いくら | 年にいくら | how much money | how many dollars |
  buy value | buys | amt | amount usd | amt usd | prchs amt | dlng amt | trde amt | trade amt | cntrct amt |
  spend amt | spnd | spend usd | annual amount | annual amt | po amount | invoiced | invoiced amount |
  invoiced value | invoice amount | dmbtr | wrbtr | netpr total | effwr | brtwr | cif value | cif price | cif | fob |
  fob value | customs val | declared val | entered value | line value | total value | total spend | ttm spend |
  ltm spend | spend last 12 months | 12m spend | annualised spend | annualized spend | budget | eur | krw | jpy |
  yen | won | m usd | usd m | musd | mn usd | keur | 연간금액 | 수입신고금액 | 결제금액 | 거래액수 | 송장금액 |
  연거래액 | 연구매액 | 매입실적 | 구매실적 | 거래실적 | 구매비 | 조달비용 | 연간지출 | 과세표준 | cif가격 | fob가격 |
  cif금액 | 年商 | 取引実績 | 購買実績 | 仕入実績 | 購入実績 | 年間支払額 | 支払額 | cif価格 | fob価格 | cif額 |
  申告金額 | 輸入金額 | インボイス金額 | 請求額 | 発注実績 | 取引金額規模 | 年間調達額 | 年間発注額 | 年間仕入額 |
  費消額 | 年間使用額
band: sctn | rng cd | grp | grad | grad cd | grd cd | grade cd | lvl | lvl cd | level cd | tranche
impact: criticality rating | criticality score | 중요등급 | crtclt | crit lvl | criticality cd | abc class | impt |
  imprt | ipcrt | impact cd | essntl | esntl yn | risk of stop | line impact cd | consequence level |
  severity of loss | business criticality | production stop | stopper | show stopper | showstopper | keystone |
  must have | 대체 불가 | 라인 섬 | 라인 영향 | 라인중단 | 없을 때 | 없으면 어떻게 | 끊기면 어떻게 | 조업영향 |
  조업 영향 | 생산영향 | 생산영향도 | 공급차질 | 공급차질영향 | 중단파급 | 중요성등급 | 업무영향 | 긴급중요도 |
  사업영향도 | 事業影響 | 事業影響度 | 操業影響 | 操業への影響 | 業務影響度 | ライン影響 | 生産影響 | 生産影響度 |
  欠品時影響 | 途絶影響 | 途絶時影響 | 無いと困る | 無くなると | なくなると | 切れると | 切れたら | 止まったら |
  困る度 | 必須品 | キー部品 | 基幹部品 | 重要資材
stop: dscntn | suspnd | stpg | 끊기면 | 끊길 때 | 단절시 | 단절 시 | 두절시 | 途絶したら | 供給断絶 | 供給停止リスク
alternates: others | others we could use | could use | who else | elsewhere | anyone else | 다른 곳 수 | 다른 업체 |
  대신할 곳 | 딴 데 | 他の会社 | 他の会社数 | 別の会社 | 代わりの会社数 | 他社数 | altrn | altn | alt src | alt sup |
  alt vendor | alt vendors | altsup | altsupp | no of alternates | second src | 2nd source | 2nd sources | 2nd src |
  second supplier | substitutes | substitute | substitutes validated | fallbacks | sources other |
  other vendor count | competitors | qualified others | 대체사 | 대체업체수 | 대체 업체 | 대체품 업체 | 2차벤더 |
  다른 데 | 다른 곳 | 대신할 | 대신 살 | 대체할 | 바꿀 데 | 바꿀 곳 | 세컨벤더 | 복수벤더 | 복수거래처 | 대체 가능 |
  代替社 | 代替社数 | 代替メーカ | 代わり | 代わりの会社 | 代わりになる | 他に買える | 他から | ほかから |
  二社目候補 | 代替候補 | 代替候補数 | 複数調達 | 複数社購買 | 第二供給者 | 二番手 | 予備の
qualified: qlfc | qlfd | apprv | aprv | aprvd | aprv yn | qual | apprvd | asl | validated | certf | homologated |
  ppap
lead: to get it | days to get | to get | get it | to arrive | days to arrive | until it comes | until it arrives |
  오기까지 | 올 때까지 | 받는 데 | 받을 때까지 | 届くまでの日数 | 手に入るまで | 入るまで | 来るまでの日数 |
  plifz days | ld tm d | leadtm | lead tm | lead t | lt d | lt day | lt days | lt wk | leadtime d | dlvgds | dlvy |
  dlvry | dlvry tm | dlv time | delivery lt | total lt | total lead time | total lead | full lead time |
  full lead time days | cumulative lead time | tot lt | procure lt | supply lt | order lt | planned delivery time |
  plan deliv | days to ship | days to receive | avg delivery | std lead time | standard lead time |
  contract lead time | door to dock | 납기소요 | 납기기간 | 발주 후 | 주문 후 | 주문하면 | 시키면 | 오는 데 |
  며칠 걸리 | 며칠 걸 | 얼마나 걸 | 표준납기 | 구매납기 | 계약납기 | 평균납기 | 납품리드타임 | 조달기일 | 도입기간 |
  도입소요 | 調達納期 | 標準リードタイム | 平均納期 | 発注lt | 調達lt | 購買lt | 納品日数 | 納入所要 | 頼んでから |
  頼んで | 何日かかる | 何日で来る | 来るまで | 注文してから | 発注してから | 納期回答 | 通常納期 | 所要納期 |
  入荷日数
stock: can last | we can last | could last | we last | stock lasts | lasts | will last | days we can last |
  on the shelf | shelf | keep going | can keep going | keep running | 얼마나 버티 | 버틸 수 | 견디 | 며칠 가 |
  持ちこたえられる | 耐えられる | 何日いける | invntry | invt | invntry days | stck days | stk | stk days | stkd |
  inv days | dsi | dih | dsoh | days inv | days inventory | cover days | coverage days | doc days | bnfr | stock d |
  stock in days | inventory coverage | range of cover | range in days | stock range | on hand days | onhand |
  reserve stock | days of coverage | 재고회전일 | 며칠 버 | 며칠 버티 | 며칠치 | 며칠분 | 몇 일치 | 재고 며칠 |
  버티나 | 버티는 날 | 재고커버일 | 재고소진 | 재고소진일 | 재고유지일 | 보유일수 | 재고보유일수 | 비축분 |
  비축량일수 | 재고 커버리지 | 何日もつ | 何日持つ | 何日分 | 日持ち | 在庫は何日 | 在庫何日 | 在庫持続 |
  在庫カバレッジ | 手持在庫 | 手持ち在庫日数 | 在庫月 | 備蓄量日数 | 在庫余力 | 在庫回転日数 | カバー日数 |
  持ちこたえる
as-of: report date | reporting date | 보고일 | 보고기준일 | 報告日 | 報告年月日 | position at | position on |
  correct at | correct as of | situation at | situation as of | figures date | crtr | crtr ymd | crtr de | stdr de |
  stdr ymd | base ymd | base de | bas de | std dt | stdde | basedt | refdt | asofdt | as of dt | eff dt |
  valid as at | data as at | as at dt | position dt | snap dt | snapdt | extract as of | observed on |
  observation date | state date | stand | stichtag datum | reporting as at | report as of | status as of |
  status as at | info date | last assessed | assessed on | assessment date | 언제 | 언제 기준 | 어느 시점 |
  기준일자명 | 현황기준일 | 데이터일자 | 작성기준일자 | 평가기준일 | 조사기준시점 | いつの | いつの話 | いつ現在 |
  いつ | 何日現在 | 現在年月日 | 情報基準日 | 集計時点日 | 評価基準日 | 記準日 | データ年月日 | 情報時点 |
  時点年月日
date: ymd | de | yymmdd | yyyymmdd | dttm | dtm | dtime | tm | tmstmp | tstamp | tstmp | epoch | tmst | data | fecha |
  datum | 일시분 | 연월일 | 年月日時 | 日時分
days: dcnt | daycnt | day cnt | dcnt days | daynum | 며칠 | 何日
cve: cveid | cve num | cve list | cvelist | cveno | cve identifiers | vulnerability identifier | vulnerability ids |
  vulnerability no | vulnerability number | vulnerability code | vln no | vulno | wkpt no | wkpt id | 취약점 id |
  脆弱性 id | jvn cve | cve項番 | cveリスト
maker: equipment vendor | equipment maker | builder | editor | software editor | 회사 | 회사명 | 어느 회사 | mfr nm |
  mnfctr | mnfctrr | mnfctur | mfg | mfgr | mfctr | mnf | manuf | makr | makr nm | dvlpr | dvlpmt | vendorproject |
  vendor product maker | oem name | supplier of product | sw vendor | sw maker | whose product | 어디 제품 | 어디꺼 |
  어디 거 | 어디 | 어느 회사 제품 | 만든데 | 만든 회사 | 제작 | 개발처 | 공급회사명 | 제조공급사 | 솔루션사 | どこの |
  どこ製 | どこの会社の | メーカー側 | 製造会社名 | 開発企業 | ソフト会社 | 提供ベンダ | 製造ベンダ | 開発メーカー |
  メーカ名
product: equipment | equipment name | equipment model | machine model | ics product | 기기 | 설비 | 장비명 | 機材 |
  設備 | 装置名 | 機器型番 | package name | library name | prdct | prdct nm | prd nm | prdnm | prod nm | prodname |
  sw nm | sftwr | sw name | product title | asset product | vulnerable product | vulnerable software |
  vulnerable component | impacted product | impacted software | cpe | cpe product | technology name | app | app name |
  service | services | module | firmware name | 대상 sw | 대상sw | sw명 | 소프트웨어 명 | 제품 명 | 품목명 |
  대상제품명 | 해당제품명 | 취약제품 | 취약 제품 | 영향 소프트웨어 | 적용대상 | 무슨 | 무슨 제품 | 뭐 | 대상 솔루션 |
  何の | 何のソフト | どのソフト | どの製品 | 対象製品名 | 該当製品名 | 脆弱な製品 | 影響ソフト | 対象システム |
  対象機器名 | 影響対象 | 製品サービス | 製品シリーズ | ソフト名 | アプリ名 | サービス名
vulnerability: vln | vln nm | vuln nm | wkpt | wkpt nm | weakpoint | vulnerability nm | flaw name | bug name |
  issue name | vuln title | vuln description | finding name | finding title | plugin name | detection title |
  detected item | hole | holes | security hole | 구멍 | 무슨 구멍 | 취약점 개요 | 취약점개요 | 취약점 설명 |
  취약점제목 | 약점명 | 점검항목명 | 탐지항목 | 진단명칭 | 보안결함 | 보안허점 | 穴 | どんな穴 | 脆弱性の名前 |
  脆弱性の内容 | 脆弱性タイトル | 脆弱性件名 | 検出項目 | 検査項目 | 検知項目 | 検出内容 | 指摘事項 | 診断項目 |
  不備 | 欠陥名 | セキュリティホール | 問題点 | 脆弱点
title: サマリ | サマリー | 要旨説明 | 見だし | 한줄요약 | 한 줄 요약 | 개요 설명 | gist | in brief | brief |
  what happens | what it does | 何が起きる | 무슨 일 | short desc | shrt desc | ttl | sj | subjct | cn | dc | dscrp |
  rm desc | longdesc | abstract
added: exploitation confirmed | exploitation confirmed on | exploited since | confirmed exploited |
  exploitation date | exploitation reported | first exploited | date exploited | 악용 확인일 | 악용 확인 일자 |
  악용확인 | 악용 확인된 날 | 悪用確認日 | 悪用が確認された日 | 悪用判明日 | 悪用公表日 | on kev | on kev since |
  in kev | kev since | since kev | kev entry | kev list date | regist | rgs | rgsde | reg ymd | reg de | reg dt |
  regdt | regdate | registered | registered on | frst reg | reg date | rgtr | rgst | add dt | add de | adde | inclsn |
  lst | list add | listed on | listing date | kev date | kev added | kev added date | kev date added | added on |
  added to kev | added to list | added to catalog | date added to kev | dateadded | cisa date added | cisa added |
  catalog added | in kev since | exploit added | catalog entry date | 목록 추가 | 목록추가일 | 목록 등재 | 목록에 |
  목록에 오른 | 리스트 추가 | 리스트등재 | 등재된 날 | 카탈로그 등재 | 카탈로그 추가 | kev등재 | kev 등재 | kev 추가 |
  kev추가일 | 악용목록등재 | 기재 | 기재일 | 추가된 날 | 올라온 날 | リスト追加 | リスト追加日 | リスト登録 |
  リスト登載 | リストに載った | リストに入った | 一覧掲載 | 一覧掲載日 | 一覧に載った | kev追加 | kev追加日 |
  kev登録 | kev掲載 | カタログ追加 | カタログ掲載 | カタログ登録 | カタログ追加日 | 追記 | 追記日 | 収載年月日 |
  登録された日 | 掲載された日 | 載った
due: act by | must act by | to act by | to patch by | to fix by | fix required by | required by date |
  compliance date | compliance deadline | comply by | resolve before | close by | to close by | 이행요구일 |
  이행 요구 기한 | 요구 기한 | 준수 기한 | 遵守期限 | 要対応期限 | 実施すべき日 | actn term | actn de | term |
  term ymd | tmlmt | tmlmt de | ddln | dedln | clos de | closde | dueymd | duede | due dt | duedt | due ymd |
  remed due | remdtn | fix by date | patch date due | patch by date | mitigation deadline | mitigation date |
  remediation date | remediation by | remediate until | required action date | required remediation date | cisa due |
  cisa due date | kev due date | kev due | kev deadline | sla date | sla due | sla due date | target fix date |
  target remediation | deadline date | 언제까지 | 조치완료기한 | 조치예정일 | 패치예정일 | 패치 기한 | 패치완료기한 |
  조치기한일 | 보완 기한 | 이행시한 | 완료 기한 | 끝내야 | 끝낼 날 | 마감기한 | 마감 기한 | sla기한 | sla 기한 |
  いつまで対応 | 対応の期限 | 対応期日 | 修正期日 | 是正期日 | 適用期限日 | パッチ適用期限 | 更新期限 | 処置期日 |
  対策期日 | 実施期日 | 期限年月日 | 〆切 | しめきり | 納期限 | までに直す
ransomware: rnsmwr | ransmwr | rw | rnsm | rsw | ransomware yn | ransomware flag | ransomware campaign | randsomware |
  ランサム有無 | 랜섬
use: yn | y n | tf | flag yn | usg | abuse | abused | misuse | misused | weaponized | weaponised | 있나 | 있는지 |
  썼는지 | 쓰였 | 악용됨 | 使われ | 使われた | 悪用有無 | 使用有無
cwe: cwe ids | cweid | cwe list | cwe code | cwe number | cweno | weakness id | weakness ids | weakness type |
  weakness enumeration | problem type | problemtype | 약점 id | 弱点id | cwe番号
indicator: ioc val | iocval | iocs value | ioc vl | indctr | idctr | indicator vl | ioc data | ioc content |
  ioc string | observable data | artifact value | artefact value | attribute value | pattern value |
  indicator pattern | stix pattern | url id value | malicious url | malicious ip | malicious domain | bad ip |
  bad url | phishing url | phish url | c2 address | c2 server | c2 ip | ioc text | matched | match value |
  detected value | blocklist entry | blocked value | blocked item | denylist entry | block value | block target |
  dns query | queried name | host or ip | 차단정보 | 차단 ip | 차단ip | 차단 url | 차단 도메인 | 악성 ip |
  악성 도메인 | 공격 ip | 유해 ip | 유해ip | 유해 url | 침해지표값 | 관측된 값 | 지표내용 | 지표정보 | 탐지 ip |
  ioc값 | ioc 값 | 뭘 막 | 막을 것 | 막을 | 위협정보값 | 피싱 url | 피싱사이트 | 피싱주소 | 유해사이트 | 악성사이트 |
  의심주소 | ioc内容 | ioc値 | 悪性url | 悪性ip | 悪性ドメイン | 不正url | 不正ip | 不正通信先 | 不審ip |
  不審な通信先 | 遮断ip | 遮断url | 遮断対象値 | ブロック対象 | ブロックリスト | 検知値 | 怪しい | 怪しいもの |
  フィッシングurl | フィッシングサイト | 止めるもの | 危ない | 痕跡値 | 検体ハッシュ
first: frst | begin de | bgnde | bgn | bgng | bgng dt | bgng ymd | strt | fst | 1st | fs | fobs | first dt | min |
  첫날 | 처음 본 | 初めて見た | 初認 | 初報 | 初見日 | 最初に見た | 始まり
seen: sn | obsrv | obs dt | obsrvn | dtct | dtctn | detct | detected on | detected at | detection time |
  detection date | obsvd | sight | observed at | observed date | date observed | event time | event date |
  capture date | sightingdate | 관측된 | 탐지된 | 본 날 | 발견된 | 認めた | 認 | 見つけた | 見かけた | 見つかった |
  観測された | 検知された
last: lst dt | lastdt | ltst | lat | rcnt | recnt | last dt | ls | lobs | endde | end de | end dt | end ymd | fnl |
  2nd | max | 끝으로 | 마지막 본 | 終認 | 最後に見た | 終報 | 最新日
expires: 기한 | 시한 | 차단기한 | 차단 기한 | 유효기한일 | 遮断期日 | 掲載期限 | expry | expr | expr de | expry de |
  vld | vldt | valid to dt | valid unt | exp dt | expdt | exp ymd | vu | ttl days | vld ymd | valid end |
  validity end | block expires | expire at | expires at | expire time | expiration time | expirationdatetime |
  expiration date time | revoke after | purge | purge date | purge on | delete after | deletion date | removal date |
  unblock | unblock date | unblock on | unblocked on | valid period | 차단 만료 | 차단해제일 | 유효 종료 |
  유효종료일 | 유효기간종료 | 만료 예정 | 폐기예정 | 삭제예정 | 삭제예정일 | 보존기간 | 유지기간 | 언제까지 차단 |
  언제까지 유효 | いつまで有効 | いつまで止める | 有効期間終了 | 有効終期 | 遮断解除 | 遮断解除日 | ブロック解除 |
  ブロック解除日 | 削除日 | 削除予定日 | 満了日 | 失効期限 | 期限終了 | 保存期間
confidence: cnfdnc | cfdnc | rlblty | relblty | conf lvl | confidence level | confidence score | conf score |
  confidence pct | confidence value | indicator confidence | ioc confidence | certainty level | certainty pct |
  reliability score | trust score | fidelity score | veracity | sureness level | 신뢰 점수 | 신뢰도점수 | 신뢰 수준 |
  믿을만 | 믿을 만 | 얼마나 믿 | 확실 정도 | 신뢰율 | 정탐률 | 信頼点 | 信頼度数 | 信頼ランク | どれくらい確か |
  どのくらい確か | 確かさ | 信ぴょう性 | 信憑度 | 自信の度合い | 確信率 | 信頼率
tlp: tlp cd | tlpcd | tlp lvl | tlp color | tlp colour | tlp level | tlp marking | tlp label | tlp designation |
  shrng | shr scope | sharing tlp | sharing scope | share scope | share range | sharing policy | marking definition |
  object marking | object marking refs | marking refs | classification tlp | tlp: | distribution level | 공유 범위 |
  공유가능 | 공유해도 | 공유 등급 | tlp등급 | tlp 등급 | 배포 등급 | 공유허용 | 공유허용범위 | 누구까지 | tlp区分 |
  tlp色 | tlpレベル | 見せてよい | 見せていい | 共有してよい | 共有可否 | 共有可能 | 開示可能範囲 | 誰まで | 共有先 |
  公開可否 | 情報共有レベル | 取扱レベル
pap: pap cd | pap level | pap marking | pap colour | pap color | 대응 허용 | 対応可能範囲
malware: mlwr | malwr | mlwr nm | malware nm | malfam | malware fam | mal fam | fam | mw family | malware alias |
  malware printable | malware label | malware name printable | threat label | threat nm | av label | av name |
  sig name | signature name | signature | family name | ransomware family | ransomware name | tool name |
  software used | 악성코드 이름 | 악성코드 명 | 악성 코드 | 어떤 악성코드 | 멀웨어명 | 랜섬웨어명 | 계열명 | 변종 |
  변종명 | 패밀리명 | マルウェアの名前 | マルウェア種 | マルウェア名称 | ウイルス種 | ウィルス名 | ウィルス |
  ファミリー名 | ファミリ名 | 亜種 | 亜種名 | どのマルウェア | 使われたマルウェア | 不正プログラム名 | 検体種別
actor: atckr | atckr nm | atckr grp | atckr grp nm | attkr | atkr | tactor | thrt actor | ta | ta name | actor nm |
  actor group | apt group | apt name | apt no | intrusion group | threat group name | adversary name |
  attributed actor | attribution group | suspected actor | who | 누구 | 누가 | 누구 소행 | 누구 짓 | 공격조직 |
  공격 조직 | 공격 그룹 | 위협 그룹 | 위협 행위자 | 배후 조직 | 배후 그룹 | 공격자그룹 | 해킹 조직 | 조직명 | 그룹명 |
  誰 | 誰が | 誰がやった | だれ | 犯人 | 攻撃者グループ | 攻撃アクター | 脅威グループ | グループ名 | 組織名 |
  攻撃組織名 | 疑われる主体 | 想定攻撃者 | 攻撃元グループ
technique: tchnq | tech id | technique code | technique no | attack no | mitre technique | mitre attack | mitre tid |
  mitre ttp | tid | ttp code | ttp id | attack technique id | attack technique code | attack tid | 공격 기법 |
  기법 id | 기법id | mitre기법 | 어택기법 | att&ck | att&ck id | att&ck기법 | att&ck手法 | attack手法 | 攻撃手口 |
  攻撃テクニック | 手口id | 手法id | どんな手口 | 戦術技術
kill-chain: kcp | kc phase | kcphase | kill chain phases | kill chain step | kill chain stage | kc | kchain | ckc |
  ckc phase | attack phases | stage of attack | 공격 단계 | 킬체인단계 | 침해 단계 | 攻撃の段階 | kc段階 | ckc段階
method: 手法 | 検知手法 | 収集手法 | 観測手法 | 탐지기법 | 수집기법 | cltn mthd | clct mthd | clct | clctn | cltn |
  mthd | collect method | collection source | collection type | collected from | src method | src type | source kind |
  intel source | intel type | detection type | discovery type | acquisition method | acquired by | acquired from |
  obtained from | gathered | gathered by | how collected | how detected | how it was found | how known | where from |
  어떻게 | 어떻게 알 | 어디서 | 어디서 알 | 어디서 났 | 수집 방법 | 수집 경로 | 수집처구분 | 탐지 방법 | 탐지 경로 |
  수집구분 | 출처구분 | 정보출처구분 | 입수처 | 입수 방법 | 확보처 | 획득경로구분 | 수집유형 | どうやって |
  どうやって知った | どこで | どこから | どこで知った | 知った方法 | 入手元区分 | 入手区分 | 取得区分 | 収集区分 |
  収集種別 | 検知区分 | 検知種別 | 検知ソース | 情報入手先 | 情報源区分 | 情報の出所 | 入手先 | 取得先 | 観測方法 |
  観測手段 | 観測元 | 捕捉方法
victim: vctm | vctm nm | victm | targeted org | tgt sector | tgt | damage | 피해 기관 | 피해 기업 | 피해기업 |
  피해사 | 누가 당 | 당한 곳 | 被害企業 | 被害会社 | 被害先企業 | 狙われた業界 | やられた | 標的組織 |
  ターゲット業種 | ターゲット国
sector: induty | induty cd | induty nm | indst | indstr | indus | industry cd | sectr | biz type | bizcnd | tpbiz |
  business sector | industry sector | target industry | industry vertical | isic code | isic section | isic div |
  vertical name | 어떤 업종 | 어느 업종 | 업종구분 | 분야명 | 피해분야 | 産業区分 | 業種分類 | 業種コード | どの業界 |
  どの業種 | 業界分類
licence: lcns | licns | license id | license name | license type | spdx id | spdx license | use terms | data licence |
  data license | rights statement | use condition | 라이선스명 | 이용 조건 | 사용 조건 | 써도 되나 | 저작권 표시 |
  使っていい条件 | ライセンス名 | 利用許諾条件 | 使用許諾条件 | 権利表示
price: netpr | stprs | verpr | peinh | unit prc | untpc | untprc | uprice | unitprice | cost per unit | 단위가격 |
  계약단가 | 구매단가 | 購買単価 | 契約単価
sales: vkorg | sales volume | sales qty | 내수 | 내수판매 | 国内販売 | 出荷額 | 販売数量
imports: m value | import quantity | import volume | import qty | 수입물량 | 輸入数量
exports: x value | export quantity | export volume | export qty | 수출물량 | 輸出数量
completed: 対応した | 対処した | 直した | 修正した | 適用した | 済んだ | 済 | 終わった | 조치한 | 패치한 | 고친 |
  처리한 | 끝낸 | 적용한 | 완료한 | fixed | we fixed | mitigated on | patch applied | applied on | date patched |
  patch installed | installed on | date closed | date completed | date resolved | remediation completed |
  completion date | 조치완료일자 | 패치적용일 | 적용완료일 | 적용일자 | 対応済 | 対応済み | 対応済日 | 対処日付 |
  適用完了 | 適用完了日 | パッチ適用日 | 修正完了日 | 実施年月日
remark: rmrk | rm | bigo | etc | misc | memo txt | free text | freetext | cmt | cmnt | ref | refs | references |
  external references | more info | further info | context | 적요 | 특기사항 | 비고란 | 참고사항 | 참고정보 | 메모란 |
  備考欄 | 特記 | 補記 | メモ欄 | 参考url | 参考リンク | 追加情報
person: mngr | chrg | charger | charger nm | picnm | rgtr nm | mdfr | writer | wrter | registrant | ernam | aenam |
  buyer name | planner | dispo | created by | modified by | last changed by | changed by | uploaded by | sme | poc |
  접수자 | 등록인 | 작성인 | 수정자 | 구매담당 | 구매담당자 | 바이어 | 起票者 | 登録者名 | 更新者 | バイヤー |
  購買担当 | 購買担当者 | 窓口
department: dept cd | dept nm | deptcd | dptm | instt | instt nm | instt cd | orgnm | werk | cost center |
  cost centre | costctr | reporting agency | lead agency | csirt | cert | 담당 부서 | 담당기관 | 주관기관 | 관할 |
  관할부서 | 소관 | 所管 | 所轄 | 担当部署 | 担当課 | 主管 | 部署名
ticket: ebeln | ebelp | banfn | infnr | mblnr | vbeln | po line | pr no | pr number | info record | inforecord |
  info rec | mgt no | mng no | mngno | mgmt no | rcpt no | rcept no | docno | event uuid | event no | case no |
  file no | broker file | broker file no | our ref | our file | entry number | entry no | jira | jira key |
  issue key | key jira | change no | change request | cr no | rfc | 구매정보레코드 | 구매오더 | 구매문서 | 구매요청 |
  신고 번호 | 수입신고번호 | 관리 번호 | 접수 번호 | 사건 번호 | 이벤트번호 | 이벤트 id | 購買情報 | 購買伝票 |
  購買発注 | 購買情報記録 | 情報レコード | 申告no | 管理no | 受付no | 発注no | 案件no | 事案番号 | イベントid
row-number: rn | rownum | row num | rnum | seqno | seq no | posnr | pos | lp | lfd nr | itm | line item | linenum |
  순 | 항목번호 | 行no | 項 | 連番号 | №
score: epss score | cvss3 | cvss31 | cvssv3 | cvss v31 | cvss rating | cvss severity | risk score | riskscore |
  risk index | threat score value | prob | probability of | p disruption | p failure | likelihood of disruption |
  disruption probability | supplier score | supplier rating | performance score | otif | esg score | esg |
  esg rating | financial health | 확률 | 중단확률 | 위험지수 | 리스크점수 | 평가점수 | 공급사평점 | 확률값 | 確率 |
  途絶確率 | リスク指数 | リスク評価 | リスクスコア | 評価点 | 供給者評価 | 総合点
file: filesize | fsize | fname | filetype | file type | mimetype | imphash | ssdeep | tlsh | 파일종류 | ファイル種別
updated: updde | upd de | upddt | upd dt | updt | updt de | mdfcn | mdfcn dt | mdfcn ymd | lastupdt | last updt |
  last upd | chg dt | chgdt | modify date | modified date | modified on | modifiedtime | last update date |
  last modified date | last change date | change date | changed at | updated on | updated date | 변경일시 | 변경일자 |
  갱신일자 | 수정일자 | 최종 수정 | 최종 갱신 | 最終変更 | 最終変更日 | 変更日時 | 更新年月日 | データ更新日
created: generated | time generated | timegenerated | generated at | generated on | crt dt | crtdt | creat |
  creat de | credt | cre dt | entry date | entered on | record created | date created | creation time |
  creation date | created date | frst regist | first registered | frst rgs | wrt de | wrtde | rcept de | rcpt de |
  dclr | report dt | reported date | date reported | load dt | loaddt | etl dt | etl date | ingested at |
  processed at | downloaded | downloaded on | download date | retrieved | retrieved on | retrieval date |
  imported on | issued | issued on | issue date | 일괄등록일 | 접수일자 | 신고일자 | 작성 일자 | 수입신고일 | 수리일 |
  申告日 | 申告年月日 | 許可日 | 作成年月日 | 起票日 | 受付年月日 | 取得年月日 | ダウンロード日
published: pblnt | pblnt ymd | pblnt de | pblc | pblc de | rls | rls dt | pubdate | pub date | pub dt | pubdt |
  nvd published | nvd date | published date | date published | publication date | published on | date public |
  datepublic | disclosed on | 公表年月 | 공개 일자 | 공개일시 | 발행일 | 발행일자 | nvd공개일 | nvd 공개일 |
  公開日時 | nvd公開日 | 発行日付 | 発行年月日
version: affected ver | ver range | ver info | ver nm | vrsn | fix ver | patch ver | patched ver | patched version |
  버전정보 | 버전 범위 | バージョン情報 | 版数
action: actn cn | actn | rqrd action | required actions | mitigations | remedy | remedies | solution desc |
  recommended fix | fix | notes on fix | 조치 내용 | 조치방안 | 조치 방법 | 対応方針 | 対処内容 | 必要な対応 |
  要求対応 | 対応事項
rank: rnk | ordr | prirty | 우선순 | 순위명 | 順番位
region: rgn | rgn nm | ctprvn | sido | state province | subregion | sub region | world region | region name |
  un region | 시도 | 지방명 | 지역명 | 광역 | 地方名 | 州 | 地域区分 | 大州
address: addr | adres | adrs | zipcd | ort01 | stras | pstlz | locality | email address | mail | tel no | telno |
  phone no | fax | 주소지 | 소재지주소 | 전화번호 | 메일 | 住所地 | 電話番号 | メールアドレス | 所在地住所
company: entrps | entrps nm | corp nm | cmpny | cmpny nm | conm | coname | bplc | bplc nm | project name | project |
  mine operator | deposit name | deposit | site name | asset name | smelter name | refinery name | plant | facility |
  facility name | 광산이름 | 사업장명 | 제련소 | 제련소명 | 사업명 | 프로젝트 | 프로젝트명 | 제련사 | 製錬所 |
  製錬所名 | 鉱床 | 鉱床名 | プロジェクト | プロジェクト名 | 工場名 | 事業所名 | 施設名
part-number: matnr no | idnlf | mfrpn | mpn | manufacturer part number | supplier part | vendor part | item num |
  item cd | itemcd | itemnum | item id | partnum | partno | part num | prdlst cd | product no | product number |
  자재 번호 | 부품 번호 | 품목코드 | 업체품번 | 공급사품번 | 品目no | 品目cd | 部品no | 仕入先品番 | メーカー品番 |
  メーカー型番 | 図面番号
language: langu | spras | lng
currency: curr | crncy | ccy | hwaer | curr code | 통화코드 | 通貨コード
measure-unit: unit nm | unitnm | unit cd | unitcd | unit name | bstme | bprme | msehi | unit desc | unitmult |
  unit multiplier | 단위명 | 단위코드 | 単位名 | 単位コード | 数量単位コード
tags: tag list | label | labels | category tags | 라벨 | 표시 | ラベル
frequency-of-data: freq | frequency code | prd se | prdse | 수록주기 | 주기 | 周期 | 期間種別
table: table name | tblnm | tbl nm | tbl id | tblid | stat id | stat cd | dataset id | dataset | dataflow |
  structure | indicator code | series | series code | serieskey | itm id | itm nm | itmid | itmnm | itm | 통계표id |
  통계표명 | 항목id | 統計表 | 統計表id | 表章項目
transport: incoterm | inco1 | inco2 | inco terms | shipment mode | port of loading | port of discharge |
  port of entry | loading port | customs office | customs cd | 적출국 | 적출항 | 선적국 | 선적항 | 양륙항 | 도착항 |
  세관 | 세관명 | 세관코드 | 경유국 | 積出国 | 積出地 | 船積国 | 船積港 | 積地 | 積港 | 揚地 | 揚港 | 仕出港 | 税関 |
  税関名 | 官署 | country of dispatch | country of consignment | country of loading | transit country | via country
part-of-lead: processing lt | pre processing lt | preprocessing lt | postprocessing lt | post processing lt |
  preprocessing | postprocessing | pre processing | post processing | processing lead time | in transit days |
  transit days | transit time | gr processing | wzeit | webaz | shipping days | customs days |
  manufacturing lead time | 생산 리드타임 | 운송 리드타임 | 통관 소요 | 통관일수 | 검사일수 | 製造リードタイム |
  輸送リードタイム | 検査日数
safety: eisbe | safety stock qty | safety stock quantity | minbe | reorder point | rop | moq | min order |
  minimum order | bstrf | 안전재고량 | 재주문점 | 최소발주 | 최소주문 | 안전재고수량 | 安全在庫量 | 安全在庫数 |
  発注点 | 最小発注 | 最低発注 | 最小ロット
site-number: bpns | bpna | site id | site code | address id | plant id | plant code | 사업장코드 | 工場コード
"""
"""As the thesaurus' own lines: a meaning, and field names for it."""

READINGS: Final = """
supplier: キョウキュウシャ | キョウキュウ | キョウキュウモト | シイレサキ | トリヒキサキ | チョウタツサキ |
  コウニュウサキ | ハッチュウサキ | ウリテ | ハンバイモト | ノウニュウギョウシャ | ユシュツシャ | シダシニン |
  アイテサキ
customer: コキャク | トクイサキ | ノウニュウサキ | ジュヨウカ | ジュヨウシャ | ジシャ | トウシャ | コウニュウシャ |
  カイテ | ユニュウシャ | キャクサキ | ハンバイサキ | ニウケニン
country: クニ | コク | コクメイ | クニメイ | コクセキ | ショザイコク | ゲンサンコク | セイサンコク | サンシュツコク
origin: ゲンサンコク | ゲンサンチ | サンチ | セイゾウコク
id: バンゴウ | ホウジンバンゴウ | ホウジン | シキベツ | シキベツシ | トウロクバンゴウ | ジギョウシャバンゴウ
name: メイ | メイショウ | ナマエ | シャメイ | ギョウシャメイ
mineral: コウブツ | コウシュ | キンゾク | ヒンモク | ゲンリョウ | シゲン | コウセキ | ヒンシュ
stage: コウテイ | ダンカイ | カコウ | セイサンダンカイ
year: タイショウネンド | タイショウネン | キジュンネン | チョウサネン | ネン | ネンド | ネンジ | セイレキ | レキネン |
  トシ
production: セイサン | セイサンリョウ | サンシュツ | サンシュツリョウ | セイサンダカ | サイクツリョウ |
  セイサンジッセキ
quantity: スウリョウ | リョウ | ジュウリョウ
flag: データクブン | スウチクブン | データシュベツ | スイケイ | スイテイ | ソクホウ | カクテイ | ジッセキ | カクホウ
type: クブン | シュベツ | シュルイ | ブンルイ | ルイベツ | カタ
share: ヒリツ | ワリアイ | イゾンド | イゾン | ヒジュウ | コウセイヒ | センユウリツ
buying: コウニュウ | シイレ | チョウタツ | コウバイ
annual: ネンカン
money: キンガク | センエン | エン | マンエン | ヒャクマンエン | トリヒキガク | トリヒキダカ | コウニュウガク |
  シイレガク | チョウタツガク | ガク | トリヒキ
band: カイキュウ | トウキュウ | キボ
impact: ジュウヨウド | ジュウヨウ | エイキョウ | エイキョウド | ヒッス | ヒッスド | フカケツ
stop: テイシ | トゼツ
alternates: ダイタイ | ダイタイサキ
qualified: ニンテイ | ショウニン
lead: ノウキ | チョウタツニッスウ | ノウニュウ | ハッチュウ | チョウタツキカン
days: ニッスウ
stock: ザイコ | ビチク
as-of: キジュンビ | キジュン | ジテン | ゲンザイ
date: ヒヅケ | ネンガッピ | ニチジ | ビ
vulnerability: ゼイジャクセイ
maker: セイゾウモト | カイハツモト | セイゾウシャ
product: セイヒン | セイヒンメイ | キシュ
title: ガイヨウ | ケンメイ
added: ツイカ | ツイカビ | ケイサイ | ケイサイビ | トウロク | トウロクビ | シュウサイ
due: キゲン | キジツ | シメキリ | タイオウ | タイオウキゲン
use: アクヨウ | リヨウ | ウム
cwe: ジャクテン
indicator: シヒョウ | シンガイシヒョウ
value: アタイ | チ
first: ショカイ | サイショ | ハツ
seen: カンソク | ケンチ | カクニン | ケンシュツ
last: サイシュウ | サイゴ | サイシン
expires: ユウコウキゲン | ユウコウ | シッコウ | マンリョウ
confidence: シンライド | シンライ | カクド | カクシンド
tlp: キョウユウ | キョウユウハンイ
actor: コウゲキシャ | シュタイ
technique: シュホウ | ギジュツ | テグチ
kill-chain: コウゲキダンカイ
method: シュトク | ニュウシュ | ホウホウ | シュダン
victim: ヒガイ | ヒョウテキ
sector: ギョウシュ | サンギョウ | ギョウカイ
licence: リヨウジョウケン
hs: ゼイバン | トウケイヒンモク | カンゼイ
item: ヒンメイ | ブヒン | ブッピン
remark: ビコウ | テキヨウ
person: タントウ | タントウシャ
department: ブショ | ブモン
row-number: レンバン | コウバン
measure-unit: タンイ
reserves: マイゾウリョウ
exports: ユシュツ
imports: ユニュウ
price: タンカ | カカク
rank: ジュンイ
status: ジョウタイ | ジョウキョウ
updated: コウシン | コウシンビ
created: サクセイ | サクセイビ
total: ゴウケイ
region: チイキ
growth: ゾウゲン | ゼンネンヒ
part-number: ヒンバン
count: カイスウ | ケンスウ | スウ | カズ
"""
"""A meaning, and how Japanese words for it are read."""
