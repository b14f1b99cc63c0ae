"""Words of headers in English, Korean and Japanese, by what they mean: for suggestions only, never for certainty.

A line is a meaning and the words for it, written from general knowledge of the trades. What a *column* is called stands
in its standard (synonyms); this list takes headers apart, so that `협력사 국적` and `seller's country` mean the same
two things. Words for what no packaged standard holds (reserves, exports, scores) are here too: they speak against.
"""

from collections.abc import Mapping
from typing import Final

from datadam.field_names import FIELDS, READINGS
from datadam.romanisation import romaja, romaji

_LINES: Final = """
supplier: vendor account | trading partner | 파트너 | creditor | sold by | supplied by | consigner | sending company |
  공급기관 | 송하인 | 제공사 | 판매사 | 仕出人 | 販売元 | 供給会社 | 販売業者 | supplier | suppliers | supp | suppl |
  splr | sup | vendor | vendors | vend | vndr | seller | exporter | shipper | consignor | lifnr | 공급자 | 공급사 |
  공급업체 | 공급업자 | 공급처 | 공급원 | 공급선 | 공급기업 | 공급 | 납품업체 | 납품사 | 협력사 | 협력업체 | 판매자 |
  매도인 | 매입처 | 거래처 | 거래선 | 상대업체 | 상대 | 수출자 | 수출업자 | 수출업체 | 수출상 | 해외공급사 | 벤더 |
  조달처 | 供給者 | 供給元 | 供給業者 | 供給企業 | 供給 | 仕入先 | 仕入れ先 | 調達先 | 取引先 | 相手先 |
  サプライヤー | サプライヤ | 納入業者 | 販売者 | 輸出者 | 輸出業者 | 荷送人 | 売主 | 納入元 | ベンダー | ベンダ |
  src | source firm | source company | source party | source entity | upstream | selling party | from company |
  from firm | provider | subcontractor | sub supplier | you buy | you buy from | buy from | bought from | delivering |
  deliverer | 공급측 | 하청 | 하청업체 | 외주 | 외주업체 | 협력 | 조달선 | 사 오는 | 供給側 | 売り手 | 協力会社 |
  外注先 | 下請 | 調達元 | 輸出国 | 수출국 | export country | country of export | exporting country | origin country |
  ship from | shipped from | 발송국 | 출하국 | 出荷元 | 出荷国 | source country | supplying | supplying country |
  공급국 | 供給国 | 수출사 | 輸出会社 | 상대방 | 상대국 | 購入先 | 購入元 | 購買先 | 発注先 | 委託先 | 仕入元 |
  買付先 | 供給メーカー | 納品元 | 輸出元 | 取引相手 | 卸 | 商社 | 卸元 | 구입처 | 매입선 | 구매선 | 발주선 | 납품자 |
  공급회사 | 납품원 | 수출원 | trader | distributor | vendor company | contractor | supply source | origin firm |
  供給会社名 | お取引先 | source id | source node | from id | from node | from country | from code | from party |
  origin id | origin node | src id | source | seller side | 川上 | 上流 | 상류 | 공급노드 | head | shiiresaki |
  kyokyusha | kyokyu | torihikisaki | chotatsusaki | konyusaki | hacchusaki | gonggeup | gonggeupsa
customer: own | own company | company code | bukrs | sold to pt | receiving plant | 수하인 | 자기회사 | your company |
  your firm | your organisation | respondent | sold to party | ship to party | bill to party | debtor | receiver |
  귀사 | 응답기업 | 응답업체 | 작성업체 | 신고인 | 수령자 | 인수자 | 貴社 | 御社 | 弊社 | 回答企業 | 回答者 |
  記入企業 | 受取人 | 受領者 | customer | customers | cust | buyer | purchaser | client | importer | consignee |
  importer of record | demander | sold to | ship to | kunnr | our entity | our company | our plant |
  receiving company | user company | 고객 | 고객사 | 구매자 | 구매사 | 구매처 | 수요자 | 수요처 | 수요기업 |
  수요업체 | 수요 | 수입자 | 수입업자 | 수입업체 | 매수인 | 발주처 | 발주사 | 납품처 | 납품선 | 당사 | 자사 | 매입자 |
  구매기업 | 구매업체 | 사용업체 | 顧客 | 得意先 | 買手 | 買い手 | 購入者 | 購買者 | 需要家 | 需要者 | 納入先 |
  供給先 | 輸入者 | 輸入業者 | 荷受人 | 買主 | 自社 | 当社 | 発注元 | 発注者 | 客先 | 販売先 | 需要企業 | 購入企業 |
  調達企業 | dst | dest | destination | receiving firm | receiving party | receiving | recipient | downstream |
  to company | end user | your | our | integrator | 원청 | 원청사 | 구매측 | 매출처 | 도착 | 도착국 | 수입국 |
  우리 회사 | 우리회사 | 본사 | 買い手側 | 調達側 | 購買側 | 元請 | 最終需要者 | 仕向地 | 仕向国 | 仕向先 | 輸入国 |
  import country | country of import | importing country | destination country | ship to country | 購入側 |
  ユーザー企業 | 発注側 | 発注会社 | 발주기업 | 수요사 | 사용자 | 사용기업 | 납세의무자 | 수입화주 | 화주 | 輸入者名 |
  納税義務者 | plant | factory | site | mill | 공장 | 사업장 | 工場 | 사용처 | 使用先 | 使用者 | 수입사 | 輸入会社 |
  用途先 | 納品先 | 卸先 | 出荷先 | 届け先 | 送り先 | 買付者 | 買受人 | 需要先 | ユーザー | エンドユーザー |
  クライアント | 購買会社 | 調達会社 | 自社工場 | 会員 | 会員企業 | 会員会社 | 판매처 | 매출선 | 납품업체 | 판매선 |
  수주처 | 수요기관 | 원청업체 | 회원사 | 회원 | 조사기업 | member | member company | member firm |
  reporting company | reporting firm | consuming | consumer | user firm | offtaker | purchasing | purchasing entity |
  purchasing company | 引取先 | 引取手 | 調達者 | target id | target node | target country | target | tgt | to id |
  to node | to country | to code | to party | dest id | sink | buyer side | 川下 | 下流 | 하류 | 수요노드 | tail |
  kokyaku | tokuisaki | nonyusaki | juyoka | jisha | konyusha | gogaek
country: country | countries | ctry | cntry | ctr | nation | nationality | economy | iso2 | iso3 | iso a3 | iso a2 |
  cc | land | land1 | landx | pays | pais | territory | jurisdiction | made in | domicile | origin | 국가 | 나라 |
  국 | 국명 | 국적 | 국가명 | 소재국 | 소재지국 | 소재 국가 | 원산지 | 원산국 | 산지 | 国 | 国名 | 国籍 | 国地域 |
  原産国 | 原産地 | 所在国 | 製造国 | 産地 | 수출국 | 수입국 | 輸出国 | 輸入国 | export country | country of export |
  exporting country | import country | country of import | importing country | origin country | destination country |
  ship to country | source country | supplying country | 출하국 | 발송국 | 도착국 | 仕向国 | 仕向地 | 出荷国 |
  공급국 | 供給国 | ref area | geo area | country of origin | located in | where located | 소속국가 | 생산국 |
  산출국 | 産出国 | 生産国 | 立地国 | 소재국가 | 원산지국 | 어느 나라 | どの国 | 国コード | 국가코드 | gukga | kuni |
  iso | 상대국 | 国地域名 | 生産国名 | 産国 | 原産 | 所在 | 所在地国 | 本社国 | 本国 | 国家 | 산지국 | 생산국명 |
  국가지역 | 소재 | 본사국가 | 국가별 | state | sovereign | located | based in | based | seat | registered in |
  domiciled | domiciled in | country name | from country | to country | target country | koku | kunimei | kokumei |
  gensankoku | gensanchi | seisankoku | gukka
id: account | acct | stcd1 | stceg | tin | ein | eori | kvk | crn | corporate number | company number |
  company registration | registered number | 납세번호 | 통관고유부호 | 통관번호 | id | ids | identifier |
  identification | number | no | nr | num | nbr | reg | registration | register no | reg no | key | lei | duns | brn |
  bpn | vat | tax | business | entity | party | ref | reference | 번호 | 식별자 | 식별번호 | 식별 | 등록번호 |
  고유번호 | 사업자번호 | 사업자등록번호 | 사업자 | 등록 번호 | 법인번호 | 법인등록번호 | 아이디 | 番号 | 識別子 |
  識別番号 | 識別 | 法人番号 | 登録番号 | 事業者番号 | 法人 | ナンバー | bizno | biz no | reg number | reg id |
  company id | firm id | entity id | party id | identifier code | 식별코드 | 기업코드 | 업체코드 | 기업식별 |
  기업번호 | 등록no | 会社コード | 企業コード | 企業番号 | 会社法人等番号 | 登記番号 | 등록부호 | 고유부호 | 부호 |
  企業識別番号 | 企業id | 事業者id | 登記 | 法人no | leiコード | 統一番号 | 企業識別 | 업체번호 | 회사번호 |
  사업자id | identity | legal entity identifier | legal entity id | registry number | registry no | registry |
  national id | bango | bangou | hojin | houjin | shikibetsu | beonho
code: code | codes | cd | 코드 | 부호 | コード | 符号
name: name | names | nm | name1 | nom | 이름 | 명 | 명칭 | 성명 | 상호 | 상호명 | 업체명 | 회사명 | 기업명 | 名 |
  名称 | 名前 | 氏名 | 商号 | 社名 | 企業名 | 会社名 | meisho | namae
mineral: mineral | minerals | metal | metals | commodity | commodities | cmdty | comm | comdty | material |
  raw material | ore | ores | element | substance | resource | 광물 | 광종 | 금속 | 원료 | 원자재 | 품목 | 자원 |
  광물명 | 물질 | 광석 | 생산물 | 원소 | 광산물 | 鉱物 | 鉱種 | 金属 | 原料 | 原材料 | 鉱石 | 資源 | 品目 | 素材 |
  鉱産物 | 品種 | 元素 | 鉱物名 | 鉱産品 | mineral commodity | metal type | ore type | critical mineral |
  mineral type | metal name | 핵심광물 | 광물종 | 광종명 | 금속명 | 광물자원 | 금속종류 | 광물종류 | 원광 | 重要鉱物 |
  金属名 | 鉱物種 | 鉱石種 | 金属種 | 対象鉱物 | メタル | レアメタル | kousyu | 鉱物品目 | 鉱石名 | 元素名 | 資源名 |
  鉱物資源 | 鉱物資源名 | 자원명 | 원소명 | 광물자원명 | 광석명 | 대상광물 | mineral product | metal or mineral |
  metals and minerals | ore mineral | substance name | kobutsu | koubutsu | koshu | koushu | kinzoku | hinmoku |
  genryo | shigen | gwangjong | gwangmul
hs: comm imp code | commodity import code | import code | commodity imp code | intrastat | export list number |
  hs2022 | nomenclature | commodity classification | customs tariff | 에이치에스 | 관세품목 | 통계품목번호 | ＨＳ |
  統番 | 輸出入統計品目 | hs | hs6 | hs 6 | hs code | hscode | hs no | hts | htsus | hts us | tariff | tariff line |
  tariff item | customs code | commodity code | goods code | harmonized system | harmonised system | harmonized |
  cn8 | taric | stawn | statistical code | 세번 | 세번부호 | 품목번호 | 품목분류 | 품목분류번호 | 품목 분류 | 관세 |
  관세번호 | 분류코드 | 품목코드 | 税番 | 税番号 | 統計品目番号 | 品目番号 | 品目分類 | 品目コード | 関税 | 分類番号 |
  税目 | schedule b | customs classification | tariff heading | subheading | harmonised code | harmonized code |
  customs heading | customs commodity | 관세율표 | 관세율표번호 | 호번호 | 통관품목 | 통계부호 | 統計番号 |
  輸出入統計品目番号 | 関税分類 | 関税番号 | 関税率表 | 関税コード | 関税品目 | 貿易分類 | 輸入統計品目 | 統計コード |
  税表 | 税表番号 | 税関コード | 商品分類 | 貿易コード | 品目分類コード | 관세코드 | 세관코드 | 무역코드 | 상품분류 |
  hsk | hsk코드 | 품목분류코드 | trade code | cn code | customs tariff code | tariff classification | product hs |
  関税分類番号 | zeiban
item: item | goods | part | article | 부품 | 물품 | 자재 | 部品 | 物品 | 部材 | 品名 | 품명 | matnr
stage: stage | stages | stg | step | process | processing | operation | operations | value chain |
  supply chain stage | form | mine smelter refinery | mine refinery | smelter | refinery | activity | facility type |
  단계 | 공정 | 공정단계 | 생산단계 | 생산구분 | 공정구분 | 가공단계 | 형태 | 작업 | 段階 | 工程 | 生産段階 |
  加工段階 | 工程区分 | 生産形態 | 形態 | 操業 | 加工 | processing stage | process stage | production stage |
  type of production | production type | production form | mine or refinery | supply stage | product form | 생산유형 |
  생산형태 | 제조단계 | 공급망단계 | 밸류체인 | 채굴제련 | 공급단계 | 工程段階 | 生産区分 | 製造工程 |
  バリューチェーン | サプライチェーン段階 | 生産方式 | 処理段階 | 공정명 | 工程名 | 処理 | 処理工程 | 生産の段階 |
  製造段階 | 生産プロセス | プロセス | ステージ | 加工度 | 처리단계 | 가공도 | 생산과정 | 과정 | 프로세스 |
  position in chain | chain position | chain stage | mining or refining | product stage | upstream or downstream |
  kotei | koutei | dankai | gongjeong
year: year | yr | fy | cy | period | calendar year | twelve months | reporting year | año | année | annee | ano |
  gjahr | time period | 연도 | 년도 | 년 | 해 | 회계연도 | 기준연도 | 생산연도 | 기준년도 | 시점 | 年 | 年度 | 年次 |
  暦年 | 西暦 | 対象年 | 調査年 | jahr | yyyy | data year | reference year | ref year | obs year |
  year of production | production year | 집계연도 | 조사연도 | 귀속연도 | 통계연도 | 회계년도 | 해당연도 | 대상연도 |
  年別 | 集計年 | 統計年 | 基準年 | 会計年度 | 報告年 | 生産年 | 年数値 | yeondo | nendo | 対象暦年 | when |
  which year | season | 統計年度 | 年報年 | 集計年度 | 生産年次 | 暦年度 | 통계년도 | 집계년 | 집계년도 | 대상년도 |
  대상년 | 역년 | observation year | vintage | calendar | year ending | yr ended | reported year | nen | rekinen |
  seireki
production: raised | mine production | refinery production | smelter production | produkt | 채광량 | 제련량 | 정련량 |
  生産数量 | 精錬量 | 製錬量 | 採掘 | 製錬 | production | output | produced | produce | prod | prodn | tonnage |
  mined | yield | mine output | recovered | won | extraction | 생산량 | 생산 | 산출량 | 산출 | 산출물량 | 출광량 |
  채굴량 | 산량 | 생산실적 | 생산물량 | 生産量 | 生産高 | 産出量 | 産出高 | 生産 | 産出 | 出鉱量 | 採掘量 | 生産実績 |
  出来高 | obs value | outturn | metal content | contained metal | ore mined | refined output | annual output |
  total output | volume produced | tonnes produced | quantity produced | amount produced | 생산고 | 산출고 |
  연간생산 | 연간생산량 | 추출량 | 광산생산 | 광산생산량 | 정광생산량 | 지금생산량 | 생산톤수 | 鉱山生産 |
  鉱山生産量 | 地金生産 | 地金生産量 | 抽出量 | 生産重量 | 生産トン数 | 産出トン | 年産 | 年産量 | 出鉱 | 年間生産 |
  年間生産量 | saengsanryang | seisanryo | 生産数 | 国内生産 | 国内生産量 | 生産実数 | 産額 | 生産規模 | 採取量 |
  採掘高 | 생산규모 | 생산수량 | 채취량 | 채굴 | 생산실적량 | mine prod | tonnes | quantity mined | metal produced |
  produced quantity | yearly output | amount mined | make | seisanryou | seisan | sanshutsu | seisandaka | saengsan
quantity: quantity | qty | amount | amt | menge | mass | weight | 수량 | 물량 | 양 | 량 | 数量 | 量 | 物量 | 重量 |
  중량 | pcs | ea | pieces | 개수 | 個数 | 個 | 本数 | 대수 | 台数 | how much | how many tonnes | suryo | suuryou
volume: volume | vol | 규모 | 規模
flag: reported estimated | basis | accuracy | reliability code | obs | 정확도 | 산출근거 | 구분코드 | 精度 | 根拠 |
  推計区分 | flag | mark | marker | data status | observation status | obs status | figure status | symbol |
  estimate | estimated | est | provisional | quality | footnote code | reported or estimated | r or e |
  final provisional estimate | figure | 수치구분 | 자료구분 | 통계구분 | 추정여부 | 추정 | 잠정 | 확정 | 실적 | 자료 |
  수치 | 통계 | 주석 | 推計 | 推定 | 実績 | 確定 | 速報 | 暫定 | 数値 | 数値区分 | 統計区分 | 区別 | 資料区分 |
  データ区分 | qualifier | revision status | value flag | value type | data quality | data type | preliminary |
  confirmed | prelim | 확정여부 | 확정구분 | 잠정여부 | 추정구분 | 값구분 | 데이터상태 | 통계상태 | 속보 | 추계 |
  추정치 | 잠정치 | 확정치 | 수치성격 | 자료성격 | 確報 | 速報区分 | 確定区分 | 値区分 | データ状態 | フラグ |
  推定値 | 推計値 | 実績値 | 数値種別 | 값유형 | 플래그 | 推計実績 | 実績推計 | 実績値区分 | データ種別 | データ種類 |
  数値の種類 | 推計の有無 | 자료유형 | 자료종류 | 통계유형 | 추정구분여부 | 수치종류 | 확정상태 | estimation status |
  estimation | nature of data | nature of figure | figure quality | final or provisional | reported or not |
  actual or estimate | kakutei | suikei | suitei | sokuho
status: status | state of | condition | 상태 | 현황 | 진행 | 状態 | 状況 | ステータス | 進捗 | jotai | joutai |
  jokyo
type: type | types | typ | kind | category | cat | class | classification | 유형 | 종류 | 구분 | 타입 | 분류 | 종별 |
  種別 | 種類 | タイプ | 類型 | 型 | 区分 | 分類 | 種 | genre | sort | 類別 | 분야구분 | 種別名 | タイプ別 |
  型式区分 | 유형구분 | 종류구분 | variety | form of | kubun | shubetsu | shurui
share: quota | quote | 쿼터 | what share | what percentage | what proportion | 몇 퍼센트 | 얼마 | 何割 |
  何パーセント | どれくらい | share | shr | portion | percent | pct | percentage | proportion | ratio | allocation |
  dependency | dependence | dependency rate | reliance | concentration | how much of | 비중 | 점유율 | 비율 | 의존도 |
  의존율 | 점유 | 점유비율 | 비중율 | 할당 | 割合 | 比率 | 比重 | 依存度 | 依存率 | 構成比 | シェア | 占有率 |
  占める割合 | 占有比率 | dependence rate | dependence ratio | wallet | weighting | percent of total | what part |
  구성비 | 몫 | 공급률 | 공급비율 | 점유도 | 집중도 | 편중도 | 편중 | 依存割合 | 占有 | 集中度 | 偏重 | 偏り |
  どの程度 | 어느 정도 | 얼마나 | rt | split | depend | dependent | 購買シェア | 調達構成 | 構成比率 | ウエイト |
  ウェイト | 割り当て | 配分 | 占有度 | 依存の割合 | 依存 | 의존 | 의존비율 | 배분 | 배분율 | 구매구성 | 웨이트 |
  점유구간 | weight in | part of | shares | how much we rely | reliance rate | dependency ratio | hiritsu | wariai |
  izondo | bijung
buying: purchase | purchases | purchasing | purchased | buy | buying | procurement | procured | sourcing | sourced |
  intake | 구매 | 매입 | 조달 | 구입 | 購入 | 仕入 | 仕入れ | 購買 | 調達 | 買付
annual: annual | annually | yearly | per year | p a | pa | 연간 | 연 | 年間 | 年額 | 年 | nenkan
money: netwr | net value | order value | po value | annual spend | value band | purchase value | transaction value |
  customs value | declared value | invoice value | 신고가격 | 과세가격 | 申告価格 | 課税価格 | 申告額 | value |
  turnover | spend | spending | worth | usd | us | dollars | 거래액 | 거래규모 | 거래금액 | 구매액 | 구매금액 |
  매입액 | 금액 | 액 | 거래 | 달러 | 수입액 | 取引額 | 取引規模 | 購入額 | 購入金額 | 金額 | 額 | 取引 | 取引金額 |
  調達額 | 仕入額 | 取引高 | ドル | 米ドル | 年間額 | contract value | trade volume | trade value |
  transaction volume | transaction amount | business volume | order volume | procurement value | procurement spend |
  purchase amount | purchase volume | 거래대금 | 거래물량 | 매입금액 | 구매규모 | 조달금액 | 조달액 | 조달규모 |
  수입금액 | 발주금액 | 발주액 | 계약금액 | 매입규모 | 구입액 | 구입금액 | 購買金額 | 購買額 | 調達金額 | 調達規模 |
  仕入金額 | 発注額 | 発注金額 | 契約金額 | 輸入金額 | 購買規模 | 購入規模 | 取引量 | 거래량 | 購買高 | 仕入高 |
  取扱高 | 取扱額 | 発注規模 | 契約額 | 支出 | 支出額 | 買付額 | 年間費用 | 매입고 | 지출 | 지출액 | 거래고 | 취급액 |
  구입비 | 연간비용 | expenditure | outlay | purchase turnover | business value | deal size | procurement volume |
  商流 | kingaku | torihikigaku
band: band | bands | bracket | range | bin | 구간 | 범위 | 등급 | 급 | 帯 | レンジ | 階級 | 等級 | 級 | ランク | 度 |
  tier range | interval | 구간대 | 区間 | 幅 | rng | grd | grade class | class | level | degree | extent | レベル |
  程度 | 度合い | 水準 | 정도 | 수준 | 레벨 | グレード | size class
impact: essential | essentiality | critical | criticality | crit | impact | importance | effect | consequence |
  key part | what happens | line stop | line down | 필수 | 필수성 | 필수도 | 중요도 | 중요 | 중요성 | 핵심 | 핵심도 |
  영향 | 영향도 | 영향등급 | 차질 | 생산차질 | 중단영향 | 必須 | 必須性 | 必須度 | 重要度 | 重要性 | 重要 | 影響 |
  影響度 | 必要度 | 不可欠 | 不可欠性 | business impact | production impact | supply impact | line impact | vital |
  strategic | necessity | 파급 | 파급도 | 파급효과 | 치명도 | 핵심여부 | 필수여부 | 필수등급 | 대체불가 | 致命度 |
  欠品影響 | 必須か | クリティカル | クリティカリティ | 重要部品 | 중요부품 | 필요도 | 타격 | would your production |
  귀사 생산은 | 생산에 | 生産への影響 | how bad | hurt | 얼마나 중요 | どれだけ重要 | 없으면 | ないと | 影響の大きさ |
  重要区分 | クリティカル度 | 代替困難度 | 代替困難 | 必需 | 必需度 | 影響レベル | 영향수준 | 영향정도 | 중요등급 |
  핵심등급 | 필수정도 | 긴요도 | 긴요 | 대체곤란 | 치명 | importance class | essentialness | indispensable |
  indispensability | key input | effect on | consequence class | dependency class | juyodo | juuyoudo | eikyo |
  eikyodo | hissu | hissudo
stop: stop | stops | stopped | stoppage | outage | disruption | interruption | shortage | if they stop |
  if supply stops | 중단 | 정지 | 단절 | 공급중단 | 라인정지 | 停止 | 途絶 | 停止時 | 供給停止 | 供給途絶 | 止まる |
  cut off | if supply ends | supply cut | supply stops | deliveries stopped | deliveries stop | if lost |
  loss of supply | supply loss | 끊기면 | 끊길 | 끊겼을 | 끊기 | 멈추면 | 멈추 | 멈출 | 중단시 | 중단되면 | 생산중단 |
  가동중단 | 결품 | 欠品 | 供給断 | 止まった | 止まると | 途絶えた | 途絶時 | 断絶 | 途切れ | 供給が止まる |
  停止リスク | 不足 | 不足時 | 供給が切れた | 止まったとき | 부족시 | 부족 | 두절 | 공급두절 | supply failure |
  failure | loss | absence | without it | halt | halted | 결손 | teishi | tozetsu
alternates: how many other | other sources | other vendors | 다른 | 다른업체 | 대신 | ほかに | 代わり | 代わりの |
  alternate | alternates | alternative | alternatives | alt | alts | second source | second sources | backup |
  back up | other suppliers | additional suppliers | 대체 | 대체처 | 대체선 | 대체업체 | 대체공급사 | 대체공급처 |
  대체 공급 | 예비 | 대안 | 이원화 | 다른 공급 | 代替 | 代替先 | 代替供給 | 予備 | 別の | 他の | 二社目 |
  other qualified | other approved | alt suppliers | alt sources | multi source | multisource | dual source |
  dual sourcing | backup suppliers | replacement | replacements | replacement suppliers | switch to | 복수 공급 |
  복수공급 | 복수업체 | 이원화업체 | 대체가능 | 예비업체 | 예비공급 | 다원화 | 2차 공급 | 타업체 | 바꿀 수 |
  代替可能 | 代替業者 | 代替メーカー | 代替供給源 | 代替供給元 | 代替調達先 | 代替供給先 | 複数購買 | 複数社 |
  二社購買 | 他社 | バックアップ | 他に | 切替先 | 切替可能 | 代替企業 | options | other options | fallback |
  fall back | plan b | 이원 | セカンドソース | 代替調達 | 調達先の数 | 併注先 | 二次ソース | 複線化 | 切り替え先 |
  乗り換え先 | 別の仕入先 | 別の供給 | 세컨드소스 | 대체조달 | 대체원 | 복수조달 | 전환 | 전환가능 | 공급대안 |
  대안업체 | 대체거래처 | alternate vendors | alternative vendors | second vendor | substitute suppliers |
  spare suppliers | alternatives count | daitai | daitaisaki
qualified: qualified | qualification | approved | certified | validated | released | 승인 | 승인된 | 인증 | 품질승인 |
  검증 | 검증된 | 적격 | 자격 | 사용가능 | 承認 | 承認済 | 承認済み | 認定 | 認定済 | 認定済み | 適格 | 認証 |
  usable | ready | vetted | 검증완료 | 승인완료 | 인증된 | 인정 | 적격업체 | 評価済 | 評価済み | 認証済 | 認証済み |
  使用可能 | shonin | nintei
lead: plnd deliv time | planned deliv time | plnd delivery | deliv time | delivery lead time | supply time |
  days to deliver | time to delivery | turnaround | how long does it take | time from order | order lead | 걸리는 |
  주문 | 배송 | 배송기간 | かかる | 注文 | 到着 | 配送 | 入荷 | lead time | lead times | leadtime | lead | lt | l t |
  ltime | delivery time | delivery period | delivery lead | replenishment | planned delivery | plifz |
  order to delivery | order to dock | wait time | time to deliver | 납기 | 납기일 | 납기일수 | 리드타임 | 조달기간 |
  조달 기간 | 조달소요 | 소요기간 | 소요일 | 소요일수 | 납품소요 | 발주 | 입고 | 인도 | 納期 | リードタイム |
  調達期間 | 発注から納入 | 発注後 | 発注 | 納入まで | 納入 | 所要日数 | 調達日数 | 納品 | 調達リードタイム |
  delivery days | days to delivery | time to supply | order cycle | procurement time | delivery duration |
  until delivery | arrive | arrives | goods arrive | takes to deliver | weeks to deliver | after ordering |
  after order | 발주후 | 주문후 | 입고까지 | 납품까지 | 조달일수 | 납품기간 | 납품일수 | 공급기간 | 배송일수 |
  입고소요 | 받기까지 | 도착까지 | 구매리드타임 | 발주리드타임 | 조달납기 | 所要期間 | 納入期間 | 発注リードタイム |
  購買リードタイム | 配送日数 | 入荷まで | 納期まで | 手配期間 | 標準納期 | 着荷 | 届くまで | 届く | 入手期間 |
  リード | ld tm | ldtm | ld time | wait | waiting | waiting time | how long | 대기 | 待ち | どのくらいで |
  order to receipt | receipt | goods receipt | 手番 | 手配日数 | 入手までの日数 | 入手日数 | 手配 | 納品まで |
  到着まで | 納入期間日数 | 受入まで | 확보기간 | 인도기간 | 공급소요 | 조달소요기간 | 납입 | 納入日数 |
  procurement days | supply days | delivery in days | time to receive | time to obtain | order fulfilment |
  fulfilment | fulfillment | door to door | noki | nouki | chotatsu | napgi
days: days | day | d | 일 | 일수 | 日 | 日数 | 일분 | 日分 | dd | dys | nissu | nissuu
stock: range of coverage | days supply | days coverage | stck | inventory days | stock days |
  how long would stock last | in stock | 버틸 | 재고량 | 보유량 | 持つ | 在庫量 | 持ちこたえ | stock | stocks |
  inventory | inv | cover | coverage | buffer | days of supply | days of stock | days on hand | dos | doh | doi |
  dio | on hand | safety stock | runs out | stockpile | 재고 | 재고일 | 재고일수 | 보유재고 | 보유일 | 비축 |
  비축일수 | 안전재고 | 在庫 | 在庫日数 | 備蓄 | 手持 | 手持ち | 安全在庫 | 保有日数 | 保有 | 보유 | reach |
  stock reach | range | runway | days cover | days remaining | days left | buffer days | stock on hand | days held |
  inventory held | supply on hand | held in stock | 재고기간 | 재고유지 | 소진 | 소진일 | 소진일수 | 버티는 | 견딜 |
  보유기간 | 가용재고 | 재고커버 | 在庫期間 | 在庫保有 | 在庫カバー | 何日分 | もつ | もちこたえ | 持続 | 持続日数 |
  備蓄期間 | 手元在庫 | 残日数 | 在庫月数 | ストック | スト | 在庫水準 | 備蓄日 | 保有日 | 操業可能 | 継続可能 |
  稼働可能 | 操業継続 | 持ち堪え | 手持ち在庫 | 재고수준 | 가동가능 | 조업가능 | 운영가능 | 재고여력 | 비축기간 |
  비축일 | 재고보유 | stock level | stock cover | autonomy | endurance | survive | operate without | days covered |
  zaiko | bichiku | jaego
as-of: as per | point in time | status date | data as of | figures for | 시점 | 현재시점 | 현재일 | 작성시점 |
  조사일 | 조사기준 | 基準年月 | 調査日 | 現在日 | 時点日 | 基準時 | as of | as at | asof | reference date |
  ref date | base date | snapshot | snapshot date | effective date | effective | valid on | record date | cut off |
  cutoff | key date | stichtag | position date | survey date | reporting date | current as | 기준일 | 기준일자 |
  기준시점 | 기준 시점 | 기준 | 조사시점 | 조사기준일 | 작성기준일 | 현재 | 마감기준 | 기준월 | 基準日 | 時点 | 現在 |
  基準 | 締め日 | 調査時点 | 基準時点 | 基準年月日 | 調査基準日 | keydate | key day | asofdate | reporting day |
  cutoff date | valuation date | answers refer | period end | refers to | date of record | figures date | 기준일시 |
  기준년월 | 기준년월일 | 집계일 | 집계기준 | 집계기준일 | 산출기준일 | 평가일 | 스냅샷 | 유효기준 | 기말 | 어느 날 |
  언제 기준 | 작성기준 | 集計日 | 集計基準日 | 評価日 | 締日 | データ時点 | 基準月 | スナップショット | 報告基準日 |
  対象時点 | 期末 | いつ時点 | いつの時点 | 集計時点 | 値の基準日 | answers refer to | refer to | to which date |
  データ日付 | 現況日 | 対象日 | 対象年月日 | 報告対象日 | 回答基準日 | 作成基準日 | 現在日付 | 現況 | 현황일 |
  현황기준 | 통계기준일 | 자료일자 | 대상일 | 조사일자 | 자료 기준 | information date | data as on | position as on |
  state as of | valid as of | figures at | figures of | stated as of | 기준날짜 | kijun | kijunbi | jiten | gijunil
date: bedat | budat | 날 | 년월일 | 期日 | date | dates | dt | datetime | time | timestamp | ts | when | at | on |
  utc | 일자 | 날짜 | 일시 | 시각 | 시간 | 시기 | 때 | 日付 | 日時 | 年月日 | 時刻 | 日付時刻 | dte | day of | ymd |
  일 | 日 | nichiji | hizuke | bi
cve: cve | cves | cve id | vulnerability id | vuln id | vuln ref | mitre no | 취약점번호 | 취약점아이디 | 취약점식별 |
  脆弱性番号 | 脆弱性識別 | 脆弱性id | mitre cve | cve ref | cve name | 취약점코드 | 脆弱性コード | 脆弱性管理番号 |
  공통취약점 | 共通脆弱性識別子
maker: manufacturer name | producer of | brand | 업체 | 업체명 | 会社 | 企業 | 메이커 | manufacturer | mfr | maker |
  developer | publisher | oem | vendor project | software vendor | vendor | supplier | 제조사 | 제조업체 | 제조자 |
  제조원 | 개발사 | 개발업체 | 개발자 | 개발 | 공급사 | 공급업체 | 벤더 | 벤더사 | 제작사 | メーカー | メーカ |
  製造元 | 製造者 | 製造業者 | 製造会社 | 開発元 | 開発者 | 開発会社 | 開発 | 提供元 | 販売元 | ベンダー | ベンダ |
  provider | project | 공급자 | 제공사 | 제공업체 | 제작업체 | 제작자 | 제조 | 배포사 | 판매사 | 提供者 | 提供会社 |
  製造販売元 | 製作元 | 発売元 | 事業者 | 製造 | 提供 | 作成元 | 配布元 | who makes | makes | made by | 만든 |
  만든 곳 | 作った | 어느 회사 | 어떤 회사 | どの会社 | どこの会社 | 製品提供元 | 開発主体 | 開発組織 | 개발기관 |
  개발주체 | 製品会社 | 제품사 | software maker | product maker | supplier of software | company behind | producer |
  software house | seizomoto | kaihatsumoto
product: product family | affected software | model | firmware | 모델 | 기종 | 펌웨어 | 製品名 | 機種 | モデル |
  ファームウェア | product | products | prd | software | sw | component | technology | tech | application | package |
  platform | system | solution | 제품 | 제품군 | 솔루션 | 소프트웨어 | 프로그램 | 시스템 | 대상시스템 | 製品 |
  製品群 | ソフト | ソフトウェア | ソフトウエア | プロダクト | 機器 | システム | 対象製品 | 品名 | product line |
  library | device | devices | appliance | os | 구성요소 | 패키지 | 플랫폼 | 응용프로그램 | 어플리케이션 |
  애플리케이션 | 장비명 | 장비 | 기기 | 기기명 | 対象機器 | アプリ | アプリケーション | パッケージ | コンポーネント |
  ライブラリ | プラットフォーム | 装置 | 機器名 | 제품모델 | what it is | 무엇 | 何の製品 | 影響製品名 | 対象ソフト |
  対象ソフトウェア名 | 제품및버전 | 영향제품명 | software name | affected component | target product |
  product or component | what is affected | seihin | seihinmei
affected: affected | impacted | vulnerable | 영향받는 | 영향 | 대상 | 해당 | 対象 | 影響 | 該当 | 影響を受ける
vulnerability: advisory | weakness name | 취약점명 | 脆弱性名 | 脆弱性名称 | 보안취약점 | vulnerability |
  vulnerabilities | vuln | flaw | bug | issue | defect | 취약점 | 취약성 | 결함 | 脆弱性 | 欠陥 | 不具合 | 検出名 |
  진단항목 | 検知名 | check name | finding | 점검항목 | nutshell | 脆弱性内容 | 脆弱性概要 | 취약점요약 | 취약점내용 |
  security issue | security flaw | weakness description | exposure | zeijakusei
title: title | titles | summary | description | desc | short description | headline | common name | known as |
  short name | 제목 | 요약 | 요약명 | 개요 | 내용 | 설명 | 명칭 | タイトル | 件名 | 題名 | 概要 | 要約 | 説明 | 名称 |
  標題 | 内容 | 通称 | subject | label | headline text | overview | 개요설명 | 한줄 | 見出し | 要旨 | 표제
added: put on list | placed on | 오른 | 올린 | 올라간 | 편입 | 포함 | 지정 | 지정일 | 加えた | 載せた | 載った |
  指定 | 収載日 | 登載日 | added | add | listed | listing | catalogued | cataloged | entered | inclusion | included |
  date listed | entry | 등재 | 등재일 | 추가 | 추가일 | 등록일 | 등록 | 수록 | 게시 | 수록일 | 追加 | 追加日 | 登録 |
  登録日 | 掲載 | 掲載日 | 収載 | 登載 | 収録 | 記載 | catalog date | date catalogued | on list since | listed since |
  put on | came on | onboarded | 게재 | 게재일 | 수재 | 반영일 | 반영 | 편입일 | 포함일 | 등록년월일 | 등재년월일 |
  등재일자 | 추가일자 | 올린날 | 掲載年月日 | 追加年月日 | 登録年月日 | 収録日 | 記載日 | 反映日 | 反映 | リスト入り |
  掲載開始 | 掲載開始日 | 追加日時 | 入った日 | 올랐 | 올라 | 載った日 | 加わった | 一覧登録日 | リスト掲載 |
  一覧追加 | 悪用確認日 | 목록등록일 | 리스트등록 | 악용확인일 | 수록일자 | confirmed exploited on | exploited since |
  in catalogue since | date of addition | included on | entry into list | catalogue entry | tsuika | tsuikabi |
  keisai | keisaibi | toroku | torokubi
listed: list | catalog | catalogue | kev | exploited | exploitation | exploit | known exploited | in the wild | 목록 |
  리스트 | 카탈로그 | 악용 | 악용목록 | 악용 확인 | リスト | 一覧 | カタログ | 悪用 | 悪用確認 | 悪用リスト
due: mitigate by | complete by | no later than | 고쳐야 | 해결기한 | 처리기한 | 보완기한 | 완료기한 | 요구일 |
  直すべき | 完了期限 | 改修期限 | 対応完了 | 実施期限 | due | deadline | due by | fix by | remediate by |
  remediation due | remediation | remediated | mend by | patch by | patch deadline | action by | resolve by | to be |
  required by | sla | target date | 기한 | 마감 | 마감일 | 시한 | 조치기한 | 만기 | 이행기한 | 이행 | 조치 |
  완료요구 | 조치마감 | 패치기한 | 期限 | 期日 | 締切 | 締め切り | 対応期限 | 対処期限 | 是正期限 | 修正期限 |
  適用期限 | 対処 | 是正 | 修正 | 措置 | 対応 | action due | must fix | must patch | patch before | fix before |
  mitigation due | response deadline | time limit | latest by | patch due | 조치요구일 | 조치필요일 | 대응기한 |
  패치마감 | 수정기한 | 목표일 | 완료목표 | 완료목표일 | 이행마감 | 고칠 기한 | 처리시한 | 대응시한 | 보완시한 |
  対策期限 | 対応締切 | 対応目標 | 目標日 | 修正目標 | パッチ期限 | 適用締切 | 処置期限 | 措置期限 | 完了目標 | 対策 |
  処理期限 | 実施目標 | までに | remedied by | to be remedied | remedied | to be remedied by | patch until |
  fix until | by when | mend | 언제까지 조치 | いつまでに | 対応すべき日 | 適用期日 | 修正すべき日 | 完了予定期限 |
  要対応日 | 조치해야 | 완료일자요구 | 시정기한 | 시정 | 의무기한 | deadline for fix | due for fix |
  remediation target | required date | required completion | patching deadline | fix due | must be fixed | kigen |
  kijitsu | shimekiri
ransomware: ransomware | ransom | extortion | 랜섬웨어 | 랜섬 | ランサムウェア | ランサムウエア | ランサム | 身代金 |
  身代金型
use: use | used | usage | known use | known | campaign | campaigns | involved | 사용 | 여부 | 이용 | 연계 | 유무 |
  利用 | 使用 | 有無 | 関与 | 悪用 | flag | yn | y n | フラグ | あり | 있음 | 해당여부 | 악용여부 | 該当 | 연루 |
  연관 | umu | akuyo | riyo
cwe: cwe | cwes | cwe id | weakness | weaknesses | weakness class | 약점 | 약점유형 | 약점번호 | 弱点 |
  共通脆弱性タイプ | 脆弱性タイプ | 脆弱性種別 | 共通脆弱性 | weakness category | cwe name | 보안약점 | 弱点分類 |
  弱点番号 | 弱点種別 | 脆弱性分類 | 취약점유형 | 취약점분류 | cwe no | 약점코드 | 弱点コード | 약점분류 | jakuten
indicator: ip src | destination ip | url full | file hash | threat indicator | sample | network ip | dns |
  domain name | 샘플 | 検体 | indicator | indicators | ioc | iocs | ind | observable | artifact | artefact |
  indicator value | observable value | ioc value | block this | 지표 | 지표값 | 침해지표 | 관측값 | 관측대상 |
  지시자 | 차단대상 | 차단 대상 | 탐지대상 | 탐지값 | 指標 | インジケータ | インジケーター | 観測対象 | 観測値 |
  侵害指標 | 検知対象 | 遮断対象 | 痕跡 | 指標値 | md5 | sha1 | sha 1 | sha256 | sha 256 | sha512 | sha 512 | hash |
  hashes | checksum | digest | hash value | 해시 | 해시값 | 해쉬 | 해쉬값 | ハッシュ | ハッシュ値 | url | urls |
  fqdn | domain | domains | ip | ipv4 | ipv6 | ip addr | dst ip | dest ip | c2 | cnc | 도메인 | ドメイン |
  ドメイン名 | 악성주소 | 차단주소 | 악성url | 유포지 | 경유지 | blocked | block | deny | denied | 차단값 | 悪性 |
  遮断値 | 接続先 | 通信先 | 遮断先 | 탐지지표 | 위협지표 | 脅威指標 | アイオーシー | 침해사고지표 | selector |
  atomic | observed value | observed object | 관측 값 | 악성 | ip 주소 | bad | 指標タイプ | 観測された | 痕跡情報 |
  遮断候補 | 不審 | 不正 | 攻撃元 | 攻撃元ip | 차단대상값 | 의심 | 공격지 | 공격지ip | suspicious | threat data |
  threat object | trace | traces | footprint | stix value | shihyo
value: entity | object | subject | 대상값 | 객체 | 対象値 | value | values | val | content | pattern | data | 값 |
  데이터 | 값내용 | 値 | 内容 | 本体 | データ | atai
first: first | earliest | initial | 최초 | 첫 | 처음 | 초기 | 初 | 初回 | 最初 | 初めて | 初見 | 初検知 | 初観測 |
  開始 | first time | begin | start | started | since | 시작 | 시작일 | 初確認 | 初検出 | 発生 | 検知開始 | 発見 |
  최초로 | 初めの | はじめて | 첫번째 | valid from | onset | outset | from when | 初出 | 당초 | 開始時 | 시작시각 |
  initially | first time seen | earliest seen | shokai | saisho
seen: sightings | hit | hits | activity | active | 포착 | 출현 | 활동 | 初出 | 活動 | ヒット | seen | observed |
  observation | sighting | sighted | detected | detection | found | spotted | appearance | noticed | 관측 | 탐지 |
  발견 | 확인 | 목격 | 감지 | 식별됨 | 수집 | 観測 | 検知 | 検出 | 確認 | 発見 | 見た | 把握 | 出現 | captured |
  collected | logged | submission | occurrence | spotting | contact time | 수집일 | 수집일시 | 탐지일 | 탐지일시 |
  발견일 | 확인일 | 관측일 | 관측일시 | 접속 | 収集日 | 収集日時 | 検知日 | 検知日時 | 検出日 | 発見日 | 確認日 |
  観測日 | 観測日時 | 入手日 | 取得日 | 採取 | 採取日 | 接続 | 通信 | 본 | 目撃 | 見られた | 포착일 | valid from |
  noted | onset | outset | 観測時 | 観測時刻 | 検知時刻 | 検知時 | 発見時 | 관측시각 | 탐지시각 | 발견시각 | 인지일 |
  認知 | 認知日 | encounter | encountered | noticed on | visible | kansoku | kenchi | kakunin
last: last | latest | most recent | recent | final | 최근 | 최종 | 마지막 | 최신 | 最終 | 最後 | 最新 | 直近 | end |
  ended | most recently | newest | 최후 | 마지막으로 | 最近 | 最後に | 直近の | いちばん新しい | 종료 | 終了 |
  still active | still seen | 終わり | 直近時 | 최종시각 | 末 | final time | latest seen | saigo | saishu
expires: expires | expire | expiry | expiration | exp | valid until | valid to | valid thru | validity |
  end of validity | block until | until | ttl | stale | 만료 | 만료일 | 만료일시 | 유효기간 | 유효기한 | 유효 |
  종료일 | 차단해제 | 해제 | 有効期限 | 失効 | 失効日 | 満了 | 有効 | 遮断期限 | 期限切れ | 期限 | retire |
  retire on | retirement | sunset | age out | aging | remove on | remove after | good until | valid till |
  valid through | review by | end date | block end | drop after | drop on | until when | 차단종료 | 차단만료 |
  차단기간 | 유효종료 | 폐기 | 폐기일 | 해제일 | 해제예정 | 해제예정일 | 만료예정 | 만료시각 | 언제까지 | 保存期限 |
  遮断終了 | ブロック期限 | 解除 | 解除日 | 解除予定 | 解除予定日 | 終了日 | 有効終了 | 無効化 | 無効化日 | 削除予定 |
  有効期間 | 失効日時 | いつまで | forget | forget after | retention | keep until | 보존기한 | 보관기한 | 보관 |
  保管期限 | 保持期限 | till | through | good through | block till | keep blocking | retain | 유지 기한 | 차단유지 |
  유지 | 失効予定 | 失効予定日 | 有効期日 | 期限日時 | 満期 | 만기 | 유효기일 | 소멸 | 실효 | 실효일 | 無効日 |
  lapse | lapses | lapse date | validity period | valid up to | expires on | obsolete after | decay | yukokigen |
  yuko | shikko
confidence: confidence | conf | certainty | reliability | credibility | trust | sureness | 신뢰도 | 신뢰 | 확신 |
  확신도 | 신뢰수준 | 확실성 | 信頼度 | 確信度 | 信頼 | 信頼性 | 確度 | 確からしさ | likelihood | probability |
  fidelity | admiralty | assurance | how sure | how certain | sure | 정확도 | 신뢰점수 | 확신수준 | 확실도 | 신빙성 |
  신뢰지수 | 신뢰성 | 信頼値 | 信頼スコア | 確実性 | 確実度 | 信憑性 | 自信度 | 自信 | 정확성 | 精度 | 확실한 | 확실 |
  얼마나 확실 | 確か | どれほど確か | 確信 | 어느 정도 확신 | 信用度 | 信頼レベル | 信頼水準 | 신용도 | 확신정도 |
  신뢰정도 | 신뢰레벨 | belief | trust level | degree of certainty | trustworthiness | shinraido | kakudo
tlp: tlp | traffic light | traffic light protocol | marking | sharing | handling | dissemination | distribution |
  shareability | 공유 | 공유등급 | 공유범위 | 공유표시 | 배포 | 배포등급 | 배포범위 | 신호등 | 共有 | 共有範囲 |
  共有区分 | 配布 | 配布範囲 | 取扱 | 取り扱い | 信号 | 信号色 | 共有色 | 取扱区分 | sharing level | share level |
  disclosure level | releasability | share with | who may see | may be shared | sharing restriction | colour | color |
  공개등급 | 공개범위 | 공유수준 | 배포제한 | 전파범위 | 전파등급 | 공유가능범위 | 공유레벨 | 공유제한 | 정보공유 |
  公開範囲 | 開示範囲 | 共有レベル | 共有可能範囲 | 共有制限 | 配布制限 | 取扱注意 | 展開範囲 | 情報共有 | 共有等級 |
  開示 | 配布区分 | 公開区分 | 公開レベル | 共有条件 | 配布先 | 配布条件 | 配布レベル | 情報取扱 | 공유조건 |
  배포조건 | 배포레벨 | 공개수준 | sharing rule | sharing class | disclosure | may share | audience | kyoyu
pap: pap | permissible | permissible actions | permitted action | permitted actions | allowed actions |
  permissible actions protocol | 허용 | 허용조치 | 허용행위 | 조치허용 | 許可 | 許容 | 許容行為 | 許可行動 |
  許容アクション | 許容対応 | action restriction | allowed use | use restriction | may be done | what may be done |
  actions allowed | 활용범위 | 활용제한 | 활용등급 | 행동제한 | 사용제한 | 대응허용 | 행위제한 | 허용범위 | 대응범위 |
  利用制限 | 行動制限 | 活用範囲 | 対応許可 | アクション制限 | 行動範囲 | 許可範囲 | 許容範囲 | 対応範囲 | 行動許可 |
  活用条件 | 対応制限 | 使用範囲 | 실행제한 | 활용조치 | 조치범위 | 조치제한 | action level | permitted use |
  action limits | allowed action
malware: malware | mal | mw | malware family | family | families | ransom family | implant | trojan | software name |
  악성코드 | 악성 | 멀웨어 | 패밀리 | 계열 | 악성코드군 | マルウェア | マルウエア | ファミリ | ファミリー |
  不正プログラム | strain | payload | tool | toolkit | threat name | threat family | virus | virus name |
  detection name | loader | stealer | botnet | classified as | 악성파일 | 바이러스 | 바이러스명 | 진단명 | 탐지명 |
  위협명 | 페이로드 | 봇넷 | 악성프로그램 | 検出名 | 検知名 | ウイルス | ウイルス名 | 脅威名 | ペイロード | ボット |
  ツール | 検体名 | 악성앱 | malicious | malicious software | 関連マルウェア | マルウェア種別 | マルウェア系統 |
  系統 | 악성코드계열 | 악성코드종류 | malicious code | malcode | bad software | malware label
actor: actor | actors | threat actor | group | apt | adversary | attribution | intrusion set | threat group | act |
  attacker | 공격자 | 그룹 | 공격그룹 | 조직 | 배후 | 행위자 | 해킹조직 | 공격주체 | 위협그룹 | 攻撃者 | グループ |
  主体 | 攻撃主体 | 攻撃グループ | 脅威アクター | 攻撃組織 | crew | gang | attributed to | nexus | who did it |
  위협행위자 | 해커 | 해커그룹 | 해킹그룹 | 배후그룹 | 배후조직 | 攻撃者名 | 攻撃グループ名 | 脅威主体 | 帰属 |
  実行者 | 犯行グループ | 犯罪グループ | アクター | 공격단체 | 攻撃集団 | 攻撃元組織 | behind | who is behind |
  suspected | perpetrator | 배후 세력 | 背後 | campaign operator | campaign | 소행 | 仕業 | 누구의 | 誰の | 혐의 |
  容疑 | 関連グループ | 攻撃主 | 首謀 | 공격배후 | 위협주체 | 공격세력 | threat agent | threat source | actor name |
  attacker name | hacker | hackers | hacking group | kogekisha
technique: technique | techniques | ttp | ttps | mitre | att ck | attck | attack pattern | attack technique |
  tactic technique | 기법 | 공격기법 | 전술기법 | 기술 | 技術 | 手法 | 手口 | テクニック | 攻撃手法 | attack id |
  attck id | mitre id | t code | tcode | 공격기술 | 기법번호 | 기법코드 | 攻撃技術 | 攻撃技法 | 技法 | attack method |
  modus | 手口番号 | 手法番号 | 技術番号 | 수법 | 공격수법 | 공격방식 | attack way | tactics and techniques |
  attck technique | shuho
kill-chain: kill chain | killchain | kill chain phase | attack phase | phase | attack stage | lifecycle | tactic |
  tactics | 킬체인 | 공격단계 | 단계 | 전술 | キルチェーン | 攻撃段階 | 段階 | フェーズ | 攻撃フェーズ | 戦術 |
  intrusion phase | intrusion stage | attack lifecycle | attack step | 침투단계 | 침해단계 | 사이버킬체인 |
  공격진행단계 | サイバーキルチェーン | 侵入段階 | 侵害段階 | 攻撃フェイズ | 攻撃ステージ | 攻撃過程 | 段階名 |
  攻撃プロセス | 공격과정 | 공격순서 | chain phase | phase of attack | step of attack | attack progress
method: method | collection method | source method | collection | how | how found | how obtained | how learned |
  learned from | means | acquisition | discovery | detection method | 방법 | 수집방법 | 수집경로 | 탐지방법 | 경로 |
  방식 | 수집방식 | 입수 | 입수경로 | 수단 | 方法 | 取得方法 | 入手方法 | 収集方法 | 収集 | 手段 | 入手 | 入手経路 |
  取得 | 経路 | 検知方法 | 把握方法 | sensor | detected by | found by | obtained by | obtained via | collected by |
  collected via | source kind | source type | data source | provenance | discovery method | 수집원 | 수집처 |
  수집출처 | 탐지경로 | 획득 | 획득방법 | 획득경로 | 확보 | 확보경로 | 확보방법 | 인지경로 | 인지 | 발견경로 |
  발견방법 | 탐지수단 | 수집수단 | 알게 된 | 정보출처 | 収集元 | 収集源 | 収集手段 | 収集経路 | 取得元 | 取得経路 |
  取得手段 | 検知手段 | 検知元 | 検知経路 | 発見方法 | 発見経路 | 発見手段 | 獲得方法 | 獲得 | 入手手段 | 情報入手 |
  センサー | 情報源種別 | ソース種別 | 検出手段 | 検出方法 | 情報入手方法 | 出所種別 | 情報の入手元 | 출처유형 |
  출처종류 | 정보원유형 | 탐지원 | 입수방법 | 확인방법 | 確認方法 | source category | type of source |
  detection source | observation method | way found | channel | collection channel | hoho | shutoku
source: source | sources | src | feed | provider | origin feed | 출처 | 정보출처 | 정보원 | 情報源 | 出所 | 出典 |
  入手元 | 提供元 | ソース
victim: victim | victims | target | targets | targeted | targeting | affected | 피해 | 피해자 | 피해기관 | 표적 |
  대상 | 공격대상 | 被害 | 被害者 | 被害組織 | 標的 | 対象 | 攻撃対象 | hit | attacked | struck | 표적이 된 |
  공격받은 | 당한 | 피해를 입은 | 狙われた | 狙い | 攻撃先 | 被害先 | ターゲット | 타깃 | 타겟 | 피해처 | 被害側 |
  被害を受けた | 피해측 | 피해를 본 | affected organisation | victim organisation | hit organisation | suffered |
  狙われる | higai | hyoteki
sector: sector | sectors | industry | industries | vertical | branch | isic | 업종 | 산업 | 분야 | 산업군 | 업계 |
  부문 | 業種 | 産業 | 業界 | 分野 | セクター | naics | nace | sic | ksic | business type | line of business |
  field of business | 업종코드 | 산업분류 | 산업부문 | 표준산업분류 | 산업코드 | 업태 | 산업분야 | 産業分類 |
  業種コード | 産業部門 | 業態 | セクタ | 産業分野 | 業種区分 | 業界名 | 業種名 | 産業名 | 업종명 | 산업명 | 업계명 |
  직종 | trade | economic activity | isic section | field | gyoshu | sangyo | gyokai
licence: licence | license | licensing | spdx | rights | terms of use | usage terms | 라이선스 | 라이센스 | 이용허락 |
  이용조건 | 사용권 | 이용약관 | ライセンス | 利用許諾 | 使用許諾 | 利用条件 | 許諾 | reuse | reuse terms |
  copyright | redistribution | conditions of use | 저작권 | 재배포 | 재이용 | 이용허가 | 공공누리 | 활용조건 |
  사용조건 | 라이센싱 | 著作権 | 再利用 | 再利用条件 | 再配布 | 利用規約 | データライセンス | 二次利用 | 使用条件 |
  ライセンス条件 | terms | data rights | usage rights | permission to reuse | 使用権 | 利用権 | 利用の条件 | 권리 |
  이용권 | 사용허가 | 利用許可 | permission | permitted reuse | data terms
reserves: reserve | reserves | rsv | resources estimate | 매장량 | 매장 | 부존 | 埋蔵量 | 埋蔵 | 鉱量 | reserve base |
  resource base | ore reserves | proven | measured | 가채 | 가채매장량 | 매장자원 | 可採 | 可採埋蔵量 | 確認埋蔵量 |
  maizoryo
exports: export | exports | exported | exp qty | despatched | dispatched | shipments | shipped | 수출량 | 수출액 |
  수출 | 출하 | 출하량 | 輸出量 | 輸出額 | 輸出 | 出荷量 | 出荷 | exported to | 수출실적 | 輸出実績 | yushutsu
imports: import | imports | imported | imp | 수입량 | 수입 | 輸入量 | 輸入額 | 輸入 | yunyu
capacity: capacity | cap | nameplate | utilisation | utilization | 생산능력 | 능력 | 설비 | 용량 | 가동률 | 生産能力 |
  能力 | 設備 | 稼働率
sales: sales | sold | revenue | 판매 | 판매량 | 매출 | 매출액 | 販売 | 販売量 | 売上 | 売上高
consumption: consumption | demand | use qty | 소비량 | 소비 | 수요량 | 消費量 | 消費 | 需要量
price: price | prices | unit price | cost | 단가 | 가격 | 비용 | 単価 | 価格 | 費用 | value per | us price | 시세 |
  相場 | 市況 | 시가 | 금액단가 | unit cost | 판매가 | kakaku | tanka
grade: grade | purity | content | 품위 | 순도 | 함량 | 品位 | 純度 | 含有量 | ore grade | assay | 품질등급 |
  평균품위 | 平均品位 | cut off grade
growth: growth | change | cagr | yoy | trend | index | 증감 | 증감률 | 증가율 | 추이 | 지수 | 増減 | 増減率 | 伸び率 |
  前年比 | 推移 | pct change | percent change | year on year | y o y | 전년비 | 전년대비 | 증감량 | 対前年 | 増加率 |
  変化率
previous: previous | prior | previous year | prior year | last year | py | ly | year before | preceding year |
  preceding | previous period | 전년 | 작년 | 지난해 | 전년도 | 전기 | 전월 | 직전 | 이전 | 종전 | 前年 | 昨年 |
  前年度 | 昨年度 | 前期 | 前月 | 前回 | 直前 | 従来 | 旧 | 前年実績 | 전년실적
origin: origin | made in | manufactures | manufactured in | produced in | produces in | country of production |
  country of manufacture | 원산지 | 원산국 | 산지 | 원산지국 | 原産国 | 原産地 | 原産 | 産地 | 産国 | 製造国 |
  제조국 | 생산지 | 제조지 | 제조지국가 | 생산지국가 | 製造地 | 生産地 | 製造拠点 | 생산거점 | manufacturing site |
  production site | country of origin | manufacturing country | manufacturing location | gensankoku | gensanchi |
  coo
ownership: attributable | equity basis | equity share | equity interest | our share | ownership | equity | stake |
  pro rata | net to us | company share | working interest | 지분 | 지분율 | 지분물량 | 지분생산량 | 持分 | 持ち分 |
  出資 | 持分量 | 権益 | 権益分 | 権益量 | 権益比率 | 出資比率 | 당사지분 | 당사 지분
rank: rank | ranking | 순위 | 順位
total: total | sum | subtotal | world | 합계 | 총계 | 소계 | 계 | 合計 | 総計 | 小計 | 計 | world total |
  grand total | 누계 | 累計 | 総量
remark: remark | remarks | rmk | note | notes | comment | comments | memo | footnote | 비고 | 메모 | 참고 | 備考 |
  メモ | 注 | 注記 | 脚注 | コメント | 摘要 | 参考 | reference url | reference link | ref url | link | links |
  hyperlink | explanation | additional | 링크 | 참조 | 참고자료 | 참고링크 | 특이사항 | 기타 | 기타사항 | 참조링크 |
  부연 | リンク | 参照 | 参照先 | 参考情報 | 参考資料 | 特記事項 | その他 | 補足 | 所感 | その他情報 | 補足情報 |
  추가정보 | additional information | supplementary | biko | bikou
row-number: seq | sn | sl no | serial | serial no | row | line | line no | ln | record | 순번 | 연번 | 일련번호 |
  행번호 | 행 | 項番 | 行番号 | 通番 | 連番 | 行 | 通し番号 | s n | idx | index no | row id | 순서 | 번 | 항번 |
  連続番号 | 順番 | 順 | ナンバリング | 번호순 | nr
person: owner | assignee | analyst | approver | signature | by | prepared by | contact | reporter | author |
  reviewer | manager | officer | approved by | 담당 | 담당자 | 작성자 | 승인자 | 분석관 | 책임자 | 검토자 | 担当 |
  担当者 | 承認者 | 作成者 | 責任者 | 記入者 | 分析者 | submitter | submitted by | requester | requested by |
  in charge | pic | responsible | handler | verified by | checked by | entered by | 신고자 | 제보자 | 등록자 |
  입력자 | 요청자 | 확인자 | 보고자 | 담당자명 | 처리자 | 분석가 | 결재 | 결재자 | 作業者 | 登録者 | 報告者 | 入力者 |
  申請者 | 解析者 | 分析官 | 記録者 | 確認者 | 依頼者 | 起案者 | 責任 | 発見者 | 届出者 | 投稿者 | buyer in charge |
  purchaser name | buyer name | tantosha | tanto | tantou
department: department | dept | team | unit name | office | 부서 | 담당부서 | 팀 | 기관 | 작성기관 | 部署 | 部門 |
  課 | 機関 | division | agency | organisation unit | bureau | institute | 소속 | 소속기관 | 부처 | 제출기관 |
  보고기관 | 제공기관 | 所属 | 所属機関 | 提出機関 | 報告機関 | 提供機関 | 省庁 | 部課 | busho | bumon
ticket: entry no | declaration | declaration no | bl | b l | invoice no | permit | 신고번호 | 선하증권 | 申告番号 |
  許可番号 | ticket | case | incident no | alert | plugin | qid | record id | uuid | guid | event id | rule id |
  접수번호 | 관리번호 | 문서번호 | 사건번호 | 건수 | 受付番号 | 管理番号 | 整理番号 | 文書番号 | 件数 | 案件番号 |
  batch | batch id | batch no | run id | job id | document no | doc no | po number | po no | purchase order |
  order number | contract no | contract number | lot | lot no | sample no | sample id | sample number | specimen no |
  case id | case number | advisory id | advisory no | bulletin no | report id | report no | table no | table number |
  계약번호 | 주문번호 | 발주번호 | 송장 | 문서 | 샘플번호 | 통계표 | 통계표번호 | 표번호 | 권고번호 | 공지번호 |
  보고서번호 | 분석번호 | 티켓 | 배치 | 注文番号 | 発注番号 | 契約番号 | 伝票 | 伝票番号 | ロット | 検体番号 |
  表番号 | 注意喚起番号 | 報告書番号 | 関連番号 | チケット | 通知番号 | ログid | ログ番号
score: cvss | epss | score | base score | points | rating | 점수 | 평점 | 배점 | スコア | 点数 | 基本値 | 評点 |
  cvss score | cvss base | cvss v3 | cvss vector | vector | vpr | percentile | 위험점수 | 벡터 | 판정점수 | ベクトル |
  ベクター | 総合評価 | 評価値 | 判定 | 판정 | verdict
severity: severity | sev | risk | priority | threat level | danger | rag | 심각도 | 위험도 | 위험 | 우선순위 |
  긴급도 | 深刻度 | 危険度 | 危険 | 優先度 | 緊急度 | threat score | criticality rating | urgency | 위급도 | 심각성 |
  위협수준 | 重大度 | 緊急 | 脅威レベル | リスク | 리스크 | リスク値
version: version | versions | ver | build | patch | fixed version | fixed in | 버전 | 패치 | 패치버전 | バージョン |
  版 | 修正版 | パッチ | affected version | affected versions | version range | fixed release | 대상버전 | 영향버전 |
  해당버전 | 対象バージョン | 影響バージョン | 該当バージョン | 修正プログラム | 패치번호 | kb
host: host | hostname | asset | server | plant | site | location | machine | port | device | werks | 자산 | 호스트 |
  서버 | 공장 | 사업장 | 현장 | 소재지 | 장비 | 자산수 | 資産 | ホスト | サーバー | サーバ | 工場 | 事業所 | 拠点 |
  所在地 | 機種 | affected hosts | affected assets | asset count | ward | county | warehouse | 창고 | 자산명 |
  자산번호 | 영향자산 | 倉庫 | 資産数 | 資産名 | 施設 | 시설
published: published | publication | publish | disclosed | disclosure | released on | release date | nvd | 공개 |
  공개일 | 발표 | 발행 | 공표 | 公開 | 公開日 | 公表 | 公表日 | 発表 | 発行 | public since | made public |
  disclosure date | announced | announcement | 공고 | 공고일 | 발표일 | 공시 | 공시일 | 공개일자 | 発表日 | 発行日 |
  公示 | 告示 | 公開年月日 | 公表年月日 | 発信日 | 배포일 | 配布日
updated: aedat | laeda | changed on | updated | update | upd | modified | changed | amended | revision | revised |
  last update | last updated | last modified | 갱신 | 갱신일 | 수정일 | 변경 | 업데이트 | 개정 | 更新 | 更新日 |
  更新日時 | 変更 | 改訂 | last change | last revised | edited | refreshed | 갱신일시 | 수정일시 | 변경일 | 최종수정 |
  최종수정일 | 최종갱신 | 최종변경 | 최근수정 | 업데이트일 | 最終更新 | 最終更新日 | 最終更新日時 | 改訂日 | 改定 |
  改定日 | 修正日 | 変更日
created: erdat | created on | created | creation | requested | received | submitted | reported on | report date |
  reported | filed | ingested | 생성 | 작성일 | 작성 | 접수 | 접수일 | 신고 | 신고일 | 보고 | 보고일 | 신청일 |
  작성일자 | 作成 | 作成日 | 受付 | 受付日 | 申請 | 申請日 | 報告 | 報告日 | 提出 | 起票 | 届出 | row created |
  load date | loaded | load time | ingest | ingest time | inserted | insert date | imported at | extract date |
  extracted | exported at | 입력일 | 입력일시 | 생성일 | 생성일시 | 제출일 | 접수일시 | 추출일 | 적재 | 적재일 |
  적재일시 | 回答日 | 回答日時 | 入力日 | 入力日時 | 作成日時 | 生成 | 生成日 | 抽出日 | 提出日 | 응답일 | 응답일시 |
  記入日 | 기입일 | 登録日時 | 取込日 | 取込
completed: completed | completion | done | resolved | closed | finished | actual | applied | 완료 | 완료일 | 조치일 |
  처리 | 종결 | 실제 | 完了 | 完了日 | 実施 | 実施日 | 終結 | 実際 | date fixed | fixed on | patched on | patched |
  remediated on | closed on | resolved on | 처리일 | 처리완료 | 처리완료일 | 조치완료 | 조치완료일 | 패치일 | 적용일 |
  対応日 | 対応完了日 | 対処日 | 対処完了 | 適用日 | 修正完了 | 修正日 | 解決日 | 処理日 | 適用済
planned: planned | plan | scheduled | expected | 예정 | 계획 | 予定 | 計画 | target | target completion | intended |
  예정일 | 목표 | 予定日 | 見込 | 見込み | 予測 | 전망 | forecast | projected
address: ip | ip address | 아이피 | address | ip address of | url of | phone | email | asn | geo | 주소 | 전화 |
  연락처 | 이메일 | 住所 | 電話 | 連絡先 | メール | city | street | postal code | zip | latitude | longitude | lat |
  lon | coordinates | website | homepage | tel | telephone | 위도 | 경도 | 좌표 | 홈페이지 | 도시 | 우편번호 | 緯度 |
  経度 | 座標 | ホームページ | 都市 | 市 | 도시명
company: company | firm | mine name | mine | operator | producer | shareholder | 회사 | 기업 | 업체 | 광산명 |
  생산자 | 사업체 | 会社 | 企業 | 鉱山名 | 生産者 | 事業者 | legal name | trade name | corporate name | 법인명 |
  법인 명 | 法人名 | 正式名称 | 운영사 | 운영회사 | 운영자 | 광산 | 鉱山 | 操業会社 | 運営会社 | 사업자명 |
  plant name | operator name | kaisha | kigyo | kigyou
region: region | continent | area | province | 지역 | 대륙 | 지방 | 地域 | 大陸 | 地方
file: filename | file name | size | file size | entropy | 파일 | 파일명 | 크기 | ファイル | ファイル名 | サイズ |
  path | file path | filepath | extension | mime | bytes | 경로명 | 파일경로 | 파일크기 | 확장자 | ファイルパス |
  拡張子 | バイト | ファイルサイズ | バイト数
action: action | direction | response | mitigation | 조치사항 | 대응 | 결과 | 점검결과 | 처리결과 | 방향 | 結果 |
  所見 | 対策 | 方向 | required action | recommended action | required mitigation | workaround | status of fix |
  조치방법 | 조치내용 | 대응방법 | 대응방안 | 권고 | 권고사항 | 해결방안 | 처리상태 | 조치상태 | 조치여부 | 차단여부 |
  진행상태 | 진행상황 | 対応方法 | 対応内容 | 対応策 | 対処方法 | 回避策 | 推奨 | 推奨対応 | 対応状況 | 対処状況 |
  対応結果 | 진행률
transport: transport | shipping | transit | freight | incoterms | port of | mode | 운송 | 운송일수 | 물류 | 선적 |
  통관 | 輸送 | 輸送日数 | 物流 | 船積 | 通関
warranty: warranty | support | contract | guarantee | payment | 품질보증 | 보증 | 계약 | 결제 | 지급 | サポート |
  保証 | 契約 | 支払
substitute: substitutes | substitute | substitution | 대체품 | 대체재 | 代替品 | 代替材
pending: in qualification | under review | pending | considered | 검토중 | 검토 | 심사 | 検討中 | 検討 | 審査中
measure-unit: unit | units | uom | meins | scale | unit of measure | 단위 | 単位 | unit mult | unit measure |
  units of measure | unit code | 측정단위 | 계량단위 | 計量単位 | 測定単位 | 수량단위 | 数量単位
reason: reason | cause | behaviour | behavior | incident | 사유 | 원인 | 理由 | 原因 | 脅威 | 事由 | 事案
rule: rule | rules | signature rule | 룰 | 규칙 | 통제항목 | ルール
currency: currency | waers | 통화 | 通貨
world: world market | global | market | 세계시장 | 시장 | 세계 | 市場 | 世界
part-number: material number | material no | material code | part number | part no | part code | sku | item number |
  item no | product code | catalogue number | catalog number | 자재번호 | 자재코드 | 부품번호 | 부품코드 | 품번 |
  제품코드 | 도번 | 部品番号 | 部品コード | 品番 | 資材番号 | 資材コード | 製品コード | 型番 | 図番 | 型式 | 모델명 |
  모델번호 | sensor id | device id | asset id
tier: tier | tiers | 차수 | 티어 | 협력단계 | ティア | 階層 | 次数
tax: tax rate | duty | duty rate | exchange rate | 세율 | 관세율 | 환율 | 税率 | 関税率 | 為替 | 為替レート
tags: tag | tags | keyword | keywords | 태그 | 키워드 | タグ | キーワード | hashtag
count: count | counts | times | frequency | how often | occurrences | 횟수 | 빈도 | 탐지횟수 | 건 | 回数 | 頻度 |
  検知回数 | 件 | sightings count | sighting count | number of sightings | seen count | times seen
language: language | lang | locale | 언어 | 言語
"""

_WEAK: Final = """
id 0.35 | code 0.25 | name 0.5 | date 0.3 | band 0.25 | days 0.25 | use 0.25 | listed 0.4 | affected 0.3 | quantity 0.5
annual 0.4 | item 0.4 | buying 0.5 | status 0.7 | value 0.6 | title 0.7 | seen 0.7 | type 0.8 | money 0.9
qualified 0.6 | region 0.8 | stop 0.6 | company 0.5 | tags 0.5
"""

_AMBIGUOUS: Final = """
등록일 | 登録日 | 登録 | 등록 | added | sector | industry | 업종 | 業種 | group | method | phase | mark | marking |
share | 기한 | 期限日 | developer | maker | 개발사 | 開発元 | expires | 유효기간 | 有効期限 | 조직 | 그룹 |
detection method | 탐지방법 | グループ | 작성일 | 作成日 | volume | tonnage | 공급사 | 공급사명 | supplier |
suppliers | 供給会社 | 공급업체 | provider | 提供元 | 重要度 | 중요도 | 影響度 | criticality | expiry | expiration |
만료일 | certainty | 시점 | 時点 | reference date | valid on | delivery time | 掲載日 | 掲載 | 追加日 | 追加 |
추가일 | 추가 | listed | listing
"""

_ALONE: Final = """
cve: 脆 | 番 | 취
maker: 社 | 元 | 사
product: 品 | 製 | 품
vulnerability: 名 | 題 | 명
added: 載 | 登 | 録 | 加 | 등 | 추
due: 期 | 限 | 締 | 〆 | 한
ransomware: 身 | 랜
cwe: 弱 | 약
type: 種 | 型 | 종
value: 値 | 값
first: 初 | 始 | 首 | 초
last: 終 | 末 | 近 | 말
seen: 見 | 観 | 検
expires: 限 | 効 | 失 | 迄 | 만
confidence: 信 | 確 | 신 | 확
tlp: 色 | 共 | 색
pap: 許 | 허
malware: 族 | 毒 | 悪 | 악
actor: 群 | 者 | 主 | 敵 | 군
technique: 技 | 術 | 法 | 手 | 기
kill-chain: 段 | 相
method: 源 | 法 | 経 | 원
sector: 業 | 界 | 업
victim: 被 | 害 | 피
licence: 権 | 許
country: 国 | 國 | 邦 | 국
mineral: 鉱 | 鑛 | 種 | 광
stage: 段 | 工 | 程 | 공
year: 年 | 歳 | 년 | 해
production: 産 | 量 | 산
flag: 註 | 注 | 区 | 印 | 況 | 구
supplier: 供 | 売 | 仕 | 공
customer: 需 | 買 | 客 | 수
hs: 税 | 品 | 세
share: 比 | 率 | 割 | 비
money: 額 | 金 | 액
impact: 重 | 要 | 影 | 필
alternates: 代 | 替 | 他 | 대
lead: 納 | 납
stock: 在 | 庫 | 備 | 재
as-of: 時 | 日 | 現 | 일
"""

_STOP: Final = """
of | the | a | an | and | or | in | to | for | from | is | are | it | its | this | that | our | your | their | them |
they | we | you | per | by which | with | if | does | do | did | was | were | be | been | which | what | please |
give | state | any | most | 의 | 및 | 와 | 과 | 을 | 를 | 이 | 가 | 은 | 는 | 에 | 에서 | 으로 | 로 | 등 | 수 | 중 |
별 | 된 | 한 | 하는 | 까지 | 부터 | 개 | 곳 | 건 | の | に | を | は | が | と | で | や | へ | から | まで | による |
における | に係る | 数 | 及び | する | した | された | れた | な | か | 社 | 桁 | 他 | t | kt | kg | g | mt | tonne |
tonnes | ton | tons | metric | thousand | million | weeks | wk | wks | months | usd m | 톤 | 천톤 | 백만 | 천 |
자리 | 단계별 | トン | 千トン | 百万 | 千 | 週 | 月 | 주 | 월 | 개월 | 원 | 円 | related | associated | relevant |
information | info | details | detail | average | avg | mean | typical | approx | current | main | major | overall |
relating | field | column | 관련 | 연관된 | 정보 | 상세 | 평균 | 약 | 총 | 주요 | 현재의 | 항목 | 란 | 해당하는 |
関連 | 関連する | 情報 | 詳細 | 平均 | 標準 | 約 | 総 | 主な | 主要 | 項目 | 欄 | 該当する | お | 御 | ご | 各 | 毎 |
当該
"""


_SPELLINGS: Final = (
    *(("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ"), ("ディ", "ジ"), ("ティ", "チ")),
    *(("ー", ""), ("ァ", "ア"), ("ィ", "イ"), ("ゥ", "ウ"), ("ェ", "エ"), ("ォ", "オ")),
)
_LARGE: Final = str.maketrans("ャュョッ", "ヤユヨツ")  # as systems of half-width signs write them


def spelt(text: str) -> str:
    """Japanese loanwords in one of their spellings: インディケーター is インジケータ."""
    for written, read in _SPELLINGS:
        text = text.replace(written, read)
    return text.translate(_LARGE)


def _split(line: str) -> list[str]:
    return [part.strip() for part in line.split("|") if part.strip()]


def _terms() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in (_LINES + FIELDS.lstrip("\n")).replace("|\n", "|").strip().splitlines():
        meaning, _, terms = line.partition(": ")
        for term in _split(terms):
            found.setdefault(term if term.isascii() else spelt(term.replace(" ", "")), set()).add(meaning)
    for term in _split(_STOP.replace("\n", "|")):
        found.setdefault(spelt(term), set())
    return {term: frozenset(meanings) for term, meanings in found.items()}


def _alone() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _ALONE.strip().splitlines():
        meaning, _, signs = line.partition(": ")
        for sign in _split(signs):
            found.setdefault(sign, set()).add(meaning)
    return {sign: frozenset(meanings) for sign, meanings in found.items()}


ALONE: Final[Mapping[str, frozenset[str]]] = _alone()
"""Single signs → what they may be short for, where a header is nothing else."""
TERMS: Final[Mapping[str, frozenset[str]]] = _terms()
"""Word → what it may mean; several meanings are for the rest of the header and the values to tell apart."""


def _read() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in READINGS.replace("|\n", "|").strip().splitlines():
        meaning, _, terms = line.partition(": ")
        for term in _split(terms):
            for way in (spelt(term), *romaji(term)):
                found.setdefault(way, set()).add(meaning)
    for term, meanings in TERMS.items():
        if len(term) > 1 and all("가" <= sign <= "힣" for sign in term):
            for way in romaja(term):
                found.setdefault(way, set()).update(meanings)
    return {way: frozenset(meanings) for way, meanings in found.items() if way not in TERMS}


READ: Final[Mapping[str, frozenset[str]]] = _read()
"""How words are read, in katakana and in Latin letters → what they may mean; only for what is no word otherwise."""
WEIGHTS: Final[Mapping[str, float]] = {
    word: float(weight)
    for part in _WEAK.replace("\n", "|").split("|")
    if part.strip()
    for word, weight in [part.strip().rsplit(" ", 1)]
}
"""How much a meaning tells; 1 where it is not here."""
AMBIGUOUS: Final = frozenset(map(spelt, _split(_AMBIGUOUS.replace("\n", "|"))))
"""Names of columns that as often mean something else: the day of a record, a method of HTTP, a firm's group."""
