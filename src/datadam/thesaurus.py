"""Words of headers in English, Korean and Japanese, by what they mean: for suggestions only, never for certainty.

A line is a meaning and the words for it, written from general knowledge of the trades. What a *column* is called stands
in its standard (synonyms); this list takes headers apart, so that `협력사 국적` and `seller's country` mean the same
two things. Words for what no packaged standard holds (reserves, exports, scores) are here too: they speak against.
"""

from collections.abc import Mapping
from typing import Final

_LINES: Final = """
supplier: vendor account | trading partner | 파트너 | creditor | sold by | supplied by | consigner | sending company |
  공급기관 | 송하인 | 제공사 | 판매사 | 仕出人 | 販売元 | 供給会社 | 販売業者 | supplier | suppliers | supp | suppl |
  splr | sup | vendor | vendors | vend | vndr | seller | exporter | shipper | consignor | lifnr | 공급자 | 공급사 |
  공급업체 | 공급업자 | 공급처 | 공급원 | 공급선 | 공급기업 | 공급 | 납품업체 | 납품사 | 협력사 | 협력업체 | 판매자 |
  매도인 | 매입처 | 거래처 | 거래선 | 상대업체 | 상대 | 수출자 | 수출업자 | 수출업체 | 수출상 | 해외공급사 | 벤더 |
  조달처 | 供給者 | 供給元 | 供給業者 | 供給企業 | 供給 | 仕入先 | 仕入れ先 | 調達先 | 取引先 | 相手先 |
  サプライヤー | サプライヤ | 納入業者 | 販売者 | 輸出者 | 輸出業者 | 荷送人 | 売主 | 納入元 | ベンダー | ベンダ
customer: own | own company | company code | bukrs | sold to pt | receiving plant | 수하인 | 자기회사 | your company |
  your firm | your organisation | respondent | sold to party | ship to party | bill to party | debtor | receiver |
  귀사 | 응답기업 | 응답업체 | 작성업체 | 신고인 | 수령자 | 인수자 | 貴社 | 御社 | 弊社 | 回答企業 | 回答者 |
  記入企業 | 受取人 | 受領者 | customer | customers | cust | buyer | purchaser | client | importer | consignee |
  importer of record | demander | sold to | ship to | kunnr | our entity | our company | our plant |
  receiving company | user company | 고객 | 고객사 | 구매자 | 구매사 | 구매처 | 수요자 | 수요처 | 수요기업 |
  수요업체 | 수요 | 수입자 | 수입업자 | 수입업체 | 매수인 | 발주처 | 발주사 | 납품처 | 납품선 | 당사 | 자사 | 매입자 |
  구매기업 | 구매업체 | 사용업체 | 顧客 | 得意先 | 買手 | 買い手 | 購入者 | 購買者 | 需要家 | 需要者 | 納入先 |
  供給先 | 輸入者 | 輸入業者 | 荷受人 | 買主 | 自社 | 当社 | 発注元 | 発注者 | 客先 | 販売先 | 需要企業 | 購入企業 |
  調達企業
country: country | countries | ctry | cntry | ctr | nation | nationality | economy | iso | iso2 | iso3 | iso a3 |
  iso a2 | cc | land | land1 | landx | pays | pais | territory | jurisdiction | made in | domicile | origin | state |
  국가 | 나라 | 국 | 국명 | 국적 | 국가명 | 소재국 | 소재지국 | 소재 국가 | 원산지 | 원산국 | 산지 | 国 | 国名 |
  国籍 | 国地域 | 原産国 | 原産地 | 所在国 | 製造国 | 産地
id: account | acct | stcd1 | stceg | tin | ein | eori | kvk | crn | corporate number | company number |
  company registration | registered number | 납세번호 | 통관고유부호 | 통관번호 | id | ids | identifier |
  identification | number | no | nr | num | nbr | reg | registration | register no | reg no | key | lei | duns | brn |
  bpn | vat | tax | business | entity | party | ref | reference | 번호 | 식별자 | 식별번호 | 식별 | 등록번호 |
  고유번호 | 사업자번호 | 사업자등록번호 | 사업자 | 등록 번호 | 법인번호 | 법인등록번호 | 아이디 | 番号 | 識別子 |
  識別番号 | 識別 | 法人番号 | 登録番号 | 事業者番号 | 法人 | ナンバー
code: code | codes | cd | 코드 | 부호 | コード | 符号
name: name | names | nm | name1 | nom | 이름 | 명 | 명칭 | 성명 | 상호 | 상호명 | 업체명 | 회사명 | 기업명 | 名 |
  名称 | 名前 | 氏名 | 商号 | 社名 | 企業名 | 会社名
mineral: mineral | minerals | metal | metals | commodity | commodities | cmdty | comm | comdty | material |
  raw material | ore | ores | element | substance | resource | 광물 | 광종 | 금속 | 원료 | 원자재 | 품목 | 자원 |
  광물명 | 물질 | 광석 | 생산물 | 원소 | 광산물 | 鉱物 | 鉱種 | 金属 | 原料 | 原材料 | 鉱石 | 資源 | 品目 | 素材 |
  鉱産物 | 品種 | 元素 | 鉱物名 | 鉱産品
hs: comm imp code | commodity import code | import code | commodity imp code | intrastat | export list number |
  hs2022 | nomenclature | commodity classification | customs tariff | 에이치에스 | 관세품목 | 통계품목번호 | ＨＳ |
  統番 | 輸出入統計品目 | hs | hs6 | hs 6 | hs code | hscode | hs no | hts | htsus | hts us | tariff | tariff line |
  tariff item | customs code | commodity code | goods code | harmonized system | harmonised system | harmonized |
  cn8 | taric | stawn | statistical code | 세번 | 세번부호 | 품목번호 | 품목분류 | 품목분류번호 | 품목 분류 | 관세 |
  관세번호 | 분류코드 | 품목코드 | 税番 | 税番号 | 統計品目番号 | 品目番号 | 品目分類 | 品目コード | 関税 | 分類番号 |
  税目
item: item | goods | part | article | 부품 | 물품 | 자재 | 部品 | 物品 | 部材 | 品名 | 품명 | matnr
stage: stage | stages | stg | step | process | processing | level | operation | operations | value chain |
  supply chain stage | form | mine smelter refinery | mine refinery | smelter | refinery | activity | facility type |
  단계 | 공정 | 공정단계 | 생산단계 | 생산구분 | 공정구분 | 가공단계 | 형태 | 작업 | 段階 | 工程 | 生産段階 |
  加工段階 | 工程区分 | 生産形態 | 形態 | 操業 | 加工
year: year | yr | fy | cy | period | calendar year | twelve months | reporting year | año | année | annee | ano |
  gjahr | time period | 연도 | 년도 | 년 | 해 | 회계연도 | 기준연도 | 생산연도 | 기준년도 | 시점 | 年 | 年度 | 年次 |
  暦年 | 西暦 | 対象年 | 調査年
production: raised | mine production | refinery production | smelter production | produkt | 채광량 | 제련량 | 정련량 |
  生産数量 | 精錬量 | 製錬量 | 採掘 | 製錬 | production | output | produced | produce | prod | prodn | tonnage |
  mined | yield | mine output | recovered | won | extraction | 생산량 | 생산 | 산출량 | 산출 | 산출물량 | 출광량 |
  채굴량 | 산량 | 생산실적 | 생산물량 | 生産量 | 生産高 | 産出量 | 産出高 | 生産 | 産出 | 出鉱量 | 採掘量 | 生産実績 |
  出来高
quantity: quantity | qty | amount | amt | menge | mass | weight | 수량 | 물량 | 양 | 량 | 数量 | 量 | 物量 | 重量 |
  중량
volume: volume | vol | 규모 | 規模
flag: reported estimated | basis | accuracy | reliability code | obs | 정확도 | 산출근거 | 구분코드 | 精度 | 根拠 |
  推計区分 | flag | mark | marker | data status | observation status | obs status | figure status | symbol |
  estimate | estimated | est | provisional | quality | footnote code | reported or estimated | r or e |
  final provisional estimate | figure | 수치구분 | 자료구분 | 통계구분 | 추정여부 | 추정 | 잠정 | 확정 | 실적 | 자료 |
  수치 | 통계 | 주석 | 推計 | 推定 | 実績 | 確定 | 速報 | 暫定 | 数値 | 数値区分 | 統計区分 | 区別 | 資料区分 |
  データ区分
status: status | state of | condition | 상태 | 현황 | 진행 | 状態 | 状況 | ステータス | 進捗
type: type | types | typ | kind | category | cat | class | classification | 유형 | 종류 | 구분 | 타입 | 분류 | 종별 |
  種別 | 種類 | タイプ | 類型 | 型 | 区分 | 分類 | 種
share: quota | quote | 쿼터 | what share | what percentage | what proportion | 몇 퍼센트 | 얼마 | 何割 |
  何パーセント | どれくらい | share | shr | portion | percent | pct | percentage | proportion | ratio | allocation |
  dependency | dependence | dependency rate | reliance | concentration | how much of | 비중 | 점유율 | 비율 | 의존도 |
  의존율 | 점유 | 점유비율 | 비중율 | 할당 | 割合 | 比率 | 比重 | 依存度 | 依存率 | 構成比 | シェア | 占有率 |
  占める割合 | 占有比率
buying: purchase | purchases | purchasing | purchased | buy | buying | procurement | procured | sourcing | sourced |
  intake | 구매 | 매입 | 조달 | 구입 | 購入 | 仕入 | 仕入れ | 購買 | 調達 | 買付
annual: annual | annually | yearly | per year | p a | pa | 연간 | 연 | 年間 | 年額 | 年
money: netwr | net value | order value | po value | annual spend | value band | purchase value | transaction value |
  customs value | declared value | invoice value | 신고가격 | 과세가격 | 申告価格 | 課税価格 | 申告額 | value |
  turnover | spend | spending | worth | usd | us | dollars | 거래액 | 거래규모 | 거래금액 | 구매액 | 구매금액 |
  매입액 | 금액 | 액 | 거래 | 달러 | 수입액 | 取引額 | 取引規模 | 購入額 | 購入金額 | 金額 | 額 | 取引 | 取引金額 |
  調達額 | 仕入額 | 取引高 | ドル | 米ドル | 年間額
band: band | bands | bracket | range | bin | 구간 | 범위 | 등급 | 급 | 帯 | レンジ | 階級 | 等級 | 級 | ランク | 度
impact: essential | essentiality | critical | criticality | crit | impact | importance | effect | consequence |
  key part | what happens | line stop | line down | 필수 | 필수성 | 필수도 | 중요도 | 중요 | 중요성 | 핵심 | 핵심도 |
  영향 | 영향도 | 영향등급 | 차질 | 생산차질 | 중단영향 | 必須 | 必須性 | 必須度 | 重要度 | 重要性 | 重要 | 影響 |
  影響度 | 必要度 | 不可欠 | 不可欠性
stop: stop | stops | stopped | stoppage | outage | disruption | interruption | shortage | if they stop |
  if supply stops | 중단 | 정지 | 단절 | 공급중단 | 라인정지 | 停止 | 途絶 | 停止時 | 供給停止 | 供給途絶 | 止まる
alternates: how many other | other sources | other vendors | 다른 | 다른업체 | 대신 | ほかに | 代わり | 代わりの |
  alternate | alternates | alternative | alternatives | alt | alts | second source | second sources | backup |
  back up | other suppliers | additional suppliers | 대체 | 대체처 | 대체선 | 대체업체 | 대체공급사 | 대체공급처 |
  대체 공급 | 예비 | 대안 | 이원화 | 다른 공급 | 代替 | 代替先 | 代替供給 | 予備 | 別の | 他の | 二社目
qualified: qualified | qualification | approved | certified | validated | released | 승인 | 승인된 | 인증 | 품질승인 |
  검증 | 검증된 | 적격 | 자격 | 사용가능 | 承認 | 承認済 | 承認済み | 認定 | 認定済 | 認定済み | 適格 | 認証
lead: plnd deliv time | planned deliv time | plnd delivery | deliv time | delivery lead time | supply time |
  days to deliver | time to delivery | turnaround | how long does it take | time from order | order lead | 걸리는 |
  주문 | 배송 | 배송기간 | 도착 | かかる | 注文 | 到着 | 配送 | 入荷 | lead time | lead times | leadtime | lead | lt |
  l t | ltime | delivery time | delivery period | delivery lead | replenishment | planned delivery | plifz |
  order to delivery | order to dock | wait time | time to deliver | 납기 | 납기일 | 납기일수 | 리드타임 | 조달기간 |
  조달 기간 | 조달소요 | 소요기간 | 소요일 | 소요일수 | 납품소요 | 발주 | 입고 | 인도 | 納期 | リードタイム |
  調達期間 | 発注から納入 | 発注後 | 発注 | 納入まで | 納入 | 所要日数 | 調達日数 | 納品 | 調達リードタイム
days: days | day | d | 일 | 일수 | 日 | 日数 | 일분 | 日分
stock: range of coverage | days supply | days coverage | stck | eisbe | inventory days | stock days |
  how long would stock last | in stock | 버틸 | 재고량 | 보유량 | 持つ | 在庫量 | 持ちこたえ | stock | stocks |
  inventory | inv | cover | coverage | buffer | days of supply | days of stock | days on hand | dos | doh | doi |
  dio | on hand | safety stock | runs out | stockpile | 재고 | 재고일 | 재고일수 | 보유재고 | 보유일 | 비축 |
  비축일수 | 안전재고 | 在庫 | 在庫日数 | 備蓄 | 手持 | 手持ち | 安全在庫 | 保有日数 | 保有 | 보유
as-of: as per | point in time | status date | data as of | figures for | 시점 | 현재시점 | 현재일 | 작성시점 |
  조사일 | 조사기준 | 基準年月 | 調査日 | 現在日 | 時点日 | 基準時 | as of | as at | asof | reference date |
  ref date | base date | snapshot | snapshot date | effective date | effective | valid on | record date | cut off |
  cutoff | key date | stichtag | position date | survey date | reporting date | current as | 기준일 | 기준일자 |
  기준시점 | 기준 시점 | 기준 | 조사시점 | 조사기준일 | 작성기준일 | 현재 | 마감기준 | 기준월 | 基準日 | 時点 | 現在 |
  基準 | 締め日 | 調査時点 | 基準時点 | 基準年月日 | 調査基準日
date: bedat | budat | 날 | 년월일 | 期日 | date | dates | dt | datetime | time | timestamp | ts | when | at | on |
  utc | 일자 | 날짜 | 일시 | 시각 | 시간 | 시기 | 때 | 日付 | 日時 | 年月日 | 時刻 | 日付時刻
cve: cve | cves | cve id | vulnerability id | vuln id | vuln ref | mitre no | 취약점번호 | 취약점아이디 | 취약점식별 |
  脆弱性番号 | 脆弱性識別 | 脆弱性id
maker: manufacturer name | producer of | brand | 업체 | 업체명 | 会社 | 企業 | 메이커 | manufacturer | mfr | maker |
  developer | publisher | oem | vendor project | software vendor | vendor | supplier | 제조사 | 제조업체 | 제조자 |
  제조원 | 개발사 | 개발업체 | 개발자 | 개발 | 공급사 | 공급업체 | 벤더 | 벤더사 | 제작사 | メーカー | メーカ |
  製造元 | 製造者 | 製造業者 | 製造会社 | 開発元 | 開発者 | 開発会社 | 開発 | 提供元 | 販売元 | ベンダー | ベンダ
product: product family | affected software | model | firmware | 모델 | 기종 | 펌웨어 | 製品名 | 機種 | モデル |
  ファームウェア | product | products | prd | software | sw | component | technology | tech | application | package |
  platform | system | solution | 제품 | 제품군 | 솔루션 | 소프트웨어 | 프로그램 | 시스템 | 대상시스템 | 製品 |
  製品群 | ソフト | ソフトウェア | ソフトウエア | プロダクト | 機器 | システム | 対象製品 | 品名
affected: affected | impacted | vulnerable | 영향받는 | 영향 | 대상 | 해당 | 対象 | 影響 | 該当 | 影響を受ける
vulnerability: advisory | weakness name | 취약점명 | 脆弱性名 | 脆弱性名称 | 보안취약점 | vulnerability |
  vulnerabilities | vuln | flaw | bug | issue | defect | 취약점 | 취약성 | 결함 | 脆弱性 | 欠陥 | 不具合
title: title | titles | summary | description | desc | short description | headline | common name | known as |
  short name | 제목 | 요약 | 요약명 | 개요 | 내용 | 설명 | 명칭 | タイトル | 件名 | 題名 | 概要 | 要約 | 説明 | 名称 |
  標題 | 内容 | 通称
added: put on list | placed on | 오른 | 올린 | 올라간 | 편입 | 포함 | 지정 | 지정일 | 加えた | 載せた | 載った |
  指定 | 収載日 | 登載日 | added | add | listed | listing | catalogued | cataloged | entered | inclusion | included |
  date listed | entry | 등재 | 등재일 | 추가 | 추가일 | 등록일 | 등록 | 수록 | 게시 | 수록일 | 追加 | 追加日 | 登録 |
  登録日 | 掲載 | 掲載日 | 収載 | 登載 | 収録 | 記載
listed: list | catalog | catalogue | kev | exploited | exploitation | exploit | known exploited | in the wild | 목록 |
  리스트 | 카탈로그 | 악용 | 악용목록 | 악용 확인 | リスト | 一覧 | カタログ | 悪用 | 悪用確認 | 悪用リスト
due: mitigate by | complete by | no later than | 고쳐야 | 해결기한 | 처리기한 | 보완기한 | 완료기한 | 요구일 |
  直すべき | 完了期限 | 改修期限 | 対応完了 | 実施期限 | due | deadline | due by | fix by | remediate by |
  remediation due | remediation | remediated | mend by | patch by | patch deadline | action by | resolve by | to be |
  required by | sla | target date | 기한 | 마감 | 마감일 | 시한 | 조치기한 | 만기 | 이행기한 | 이행 | 조치 |
  완료요구 | 조치마감 | 패치기한 | 期限 | 期日 | 締切 | 締め切り | 対応期限 | 対処期限 | 是正期限 | 修正期限 |
  適用期限 | 対処 | 是正 | 修正 | 措置 | 対応
ransomware: ransomware | ransom | extortion | 랜섬웨어 | 랜섬 | ランサムウェア | ランサムウエア | ランサム | 身代金 |
  身代金型
use: use | used | usage | known use | known | campaign | campaigns | involved | 사용 | 여부 | 이용 | 연계 | 유무 |
  利用 | 使用 | 有無 | 関与 | 悪用
cwe: cwe | cwes | cwe id | weakness | weaknesses | weakness class | 약점 | 약점유형 | 약점번호 | 弱点 |
  共通脆弱性タイプ | 脆弱性タイプ | 脆弱性種別 | 共通脆弱性
indicator: ip src | destination ip | url full | file hash | threat indicator | sample | network ip | dns |
  domain name | 샘플 | 検体 | indicator | indicators | ioc | iocs | ind | observable | artifact | artefact |
  indicator value | observable value | ioc value | block this | 지표 | 지표값 | 침해지표 | 관측값 | 관측대상 |
  지시자 | 차단대상 | 차단 대상 | 탐지대상 | 탐지값 | 指標 | インジケータ | インジケーター | 観測対象 | 観測値 |
  侵害指標 | 検知対象 | 遮断対象 | 痕跡 | 指標値
value: entity | object | subject | 대상값 | 객체 | 対象値 | value | values | val | content | pattern | data | 값 |
  데이터 | 값내용 | 値 | 内容 | 本体 | データ
first: first | earliest | initial | 최초 | 첫 | 처음 | 초기 | 初 | 初回 | 最初 | 初めて | 初見 | 初検知 | 初観測 |
  開始
seen: sightings | hit | hits | activity | active | 포착 | 출현 | 활동 | 初出 | 活動 | ヒット | seen | observed |
  observation | sighting | sighted | detected | detection | found | spotted | appearance | noticed | 관측 | 탐지 |
  발견 | 확인 | 목격 | 감지 | 식별됨 | 수집 | 観測 | 検知 | 検出 | 確認 | 発見 | 見た | 把握 | 出現
last: last | latest | most recent | recent | final | 최근 | 최종 | 마지막 | 최신 | 最終 | 最後 | 最新 | 直近
expires: expires | expire | expiry | expiration | exp | valid until | valid to | valid thru | validity |
  end of validity | block until | until | ttl | stale | 만료 | 만료일 | 만료일시 | 유효기간 | 유효기한 | 유효 |
  종료일 | 차단해제 | 해제 | 有効期限 | 失効 | 失効日 | 満了 | 有効 | 遮断期限 | 期限切れ | 期限
confidence: confidence | conf | certainty | reliability | credibility | trust | sureness | 신뢰도 | 신뢰 | 확신 |
  확신도 | 신뢰수준 | 확실성 | 信頼度 | 確信度 | 信頼 | 信頼性 | 確度 | 確からしさ
tlp: tlp | traffic light | traffic light protocol | marking | sharing | handling | dissemination | distribution |
  shareability | 공유 | 공유등급 | 공유범위 | 공유표시 | 배포 | 배포등급 | 배포범위 | 신호등 | 共有 | 共有範囲 |
  共有区分 | 配布 | 配布範囲 | 取扱 | 取り扱い | 信号 | 信号色 | 共有色 | 取扱区分
pap: pap | permissible | permissible actions | permitted action | permitted actions | allowed actions |
  permissible actions protocol | 허용 | 허용조치 | 허용행위 | 조치허용 | 許可 | 許容 | 許容行為 | 許可行動 |
  許容アクション | 許容対応
malware: malware | mal | mw | malware family | family | families | ransom family | implant | trojan | software name |
  악성코드 | 악성 | 멀웨어 | 패밀리 | 계열 | 악성코드군 | マルウェア | マルウエア | ファミリ | ファミリー |
  不正プログラム
actor: actor | actors | threat actor | group | apt | adversary | attribution | intrusion set | threat group | act |
  attacker | 공격자 | 그룹 | 공격그룹 | 조직 | 배후 | 행위자 | 해킹조직 | 공격주체 | 위협그룹 | 攻撃者 | グループ |
  主体 | 攻撃主体 | 攻撃グループ | 脅威アクター | 攻撃組織
technique: technique | techniques | ttp | ttps | mitre | att ck | attck | attack pattern | attack technique |
  tactic technique | 기법 | 공격기법 | 전술기법 | 기술 | 技術 | 手法 | 手口 | テクニック | 攻撃手法
kill-chain: kill chain | killchain | kill chain phase | attack phase | phase | attack stage | lifecycle | tactic |
  tactics | 킬체인 | 공격단계 | 단계 | 전술 | キルチェーン | 攻撃段階 | 段階 | フェーズ | 攻撃フェーズ | 戦術
method: method | collection method | source method | collection | how | how found | how obtained | how learned |
  learned from | means | acquisition | discovery | detection method | 방법 | 수집방법 | 수집경로 | 탐지방법 | 경로 |
  방식 | 수집방식 | 입수 | 입수경로 | 수단 | 方法 | 取得方法 | 入手方法 | 収集方法 | 収集 | 手段 | 入手 | 入手経路 |
  取得 | 経路 | 検知方法 | 把握方法
source: source | sources | src | feed | provider | origin feed | 출처 | 정보출처 | 정보원 | 情報源 | 出所 | 出典 |
  入手元 | 提供元 | ソース
victim: victim | victims | target | targets | targeted | targeting | affected | 피해 | 피해자 | 피해기관 | 표적 |
  대상 | 공격대상 | 被害 | 被害者 | 被害組織 | 標的 | 対象 | 攻撃対象
sector: sector | sectors | industry | industries | vertical | branch | isic | 업종 | 산업 | 분야 | 산업군 | 업계 |
  부문 | 業種 | 産業 | 業界 | 分野 | セクター
licence: licence | license | licensing | spdx | rights | terms of use | usage terms | 라이선스 | 라이센스 | 이용허락 |
  이용조건 | 사용권 | 이용약관 | ライセンス | 利用許諾 | 使用許諾 | 利用条件 | 許諾
reserves: reserve | reserves | rsv | resources estimate | 매장량 | 매장 | 부존 | 埋蔵量 | 埋蔵 | 鉱量
exports: export | exports | exported | exp qty | despatched | dispatched | shipments | shipped | 수출량 | 수출액 |
  수출 | 출하 | 출하량 | 輸出量 | 輸出額 | 輸出 | 出荷量 | 出荷
imports: import | imports | imported | imp | 수입량 | 수입 | 輸入量 | 輸入額 | 輸入
capacity: capacity | cap | nameplate | utilisation | utilization | 생산능력 | 능력 | 설비 | 용량 | 가동률 | 生産能力 |
  能力 | 設備 | 稼働率
sales: sales | sold | revenue | 판매 | 판매량 | 매출 | 매출액 | 販売 | 販売量 | 売上 | 売上高
consumption: consumption | demand | use qty | 소비량 | 소비 | 수요량 | 消費量 | 消費 | 需要量
price: price | prices | unit price | cost | 단가 | 가격 | 비용 | 単価 | 価格 | 費用
grade: grade | purity | content | 품위 | 순도 | 함량 | 品位 | 純度 | 含有量
growth: growth | change | cagr | yoy | trend | index | 증감 | 증감률 | 증가율 | 추이 | 지수 | 増減 | 増減率 | 伸び率 |
  前年比 | 推移
rank: rank | ranking | 순위 | 順位
total: total | sum | subtotal | world | 합계 | 총계 | 소계 | 계 | 合計 | 総計 | 小計 | 計
remark: remark | remarks | rmk | note | notes | comment | comments | memo | footnote | 비고 | 메모 | 참고 | 備考 |
  メモ | 注 | 注記 | 脚注 | コメント | 摘要 | 参考
row-number: seq | sn | sl no | serial | serial no | row | line | line no | ln | record | 순번 | 연번 | 일련번호 |
  행번호 | 행 | 項番 | 行番号 | 通番 | 連番 | 行 | 通し番号
person: owner | assignee | analyst | approver | signature | by | prepared by | contact | reporter | author |
  reviewer | manager | officer | approved by | 담당 | 담당자 | 작성자 | 승인자 | 분석관 | 책임자 | 검토자 | 担当 |
  担当者 | 承認者 | 作成者 | 責任者 | 記入者 | 分析者
department: department | dept | team | unit name | office | 부서 | 담당부서 | 팀 | 기관 | 작성기관 | 部署 | 部門 |
  課 | 機関
ticket: entry no | declaration | declaration no | bl | b l | invoice no | permit | 신고번호 | 선하증권 | 申告番号 |
  許可番号 | ticket | case | incident no | alert | plugin | qid | record id | uuid | guid | event id | rule id |
  접수번호 | 관리번호 | 문서번호 | 사건번호 | 건수 | 受付番号 | 管理番号 | 整理番号 | 文書番号 | 件数 | 案件番号
score: cvss | epss | score | base score | points | rating | 점수 | 평점 | 배점 | スコア | 点数 | 基本値 | 評点
severity: severity | sev | risk | priority | threat level | danger | rag | 심각도 | 위험도 | 위험 | 우선순위 |
  긴급도 | 深刻度 | 危険度 | 危険 | 優先度 | 緊急度
version: version | versions | ver | build | patch | fixed version | fixed in | 버전 | 패치 | 패치버전 | バージョン |
  版 | 修正版 | パッチ
host: host | hostname | asset | server | plant | site | location | machine | port | device | werks | 자산 | 호스트 |
  서버 | 공장 | 사업장 | 현장 | 소재지 | 장비 | 자산수 | 資産 | ホスト | サーバー | サーバ | 工場 | 事業所 | 拠点 |
  所在地 | 機種
published: published | publication | publish | disclosed | disclosure | released on | release date | nvd | 공개 |
  공개일 | 발표 | 발행 | 공표 | 公開 | 公開日 | 公表 | 公表日 | 発表 | 発行
updated: aedat | laeda | changed on | updated | update | upd | modified | changed | amended | revision | revised |
  last update | last updated | last modified | 갱신 | 갱신일 | 수정일 | 변경 | 업데이트 | 개정 | 更新 | 更新日 |
  更新日時 | 変更 | 改訂
created: erdat | created on | created | creation | requested | received | submitted | reported on | report date |
  reported | filed | ingested | 생성 | 작성일 | 작성 | 접수 | 접수일 | 신고 | 신고일 | 보고 | 보고일 | 신청일 |
  작성일자 | 作成 | 作成日 | 受付 | 受付日 | 申請 | 申請日 | 報告 | 報告日 | 提出 | 起票 | 届出
completed: completed | completion | done | resolved | closed | finished | actual | applied | 완료 | 완료일 | 조치일 |
  처리 | 종결 | 실제 | 完了 | 完了日 | 実施 | 実施日 | 終結 | 実際
planned: planned | plan | scheduled | expected | 예정 | 계획 | 予定 | 計画
address: ip | ip address | 아이피 | address | ip address of | url of | phone | email | asn | geo | 주소 | 전화 |
  연락처 | 이메일 | 住所 | 電話 | 連絡先 | メール
company: company | firm | mine name | mine | operator | producer | shareholder | 회사 | 기업 | 업체 | 광산명 |
  생산자 | 사업체 | 会社 | 企業 | 鉱山名 | 生産者 | 事業者
region: region | continent | area | province | 지역 | 대륙 | 지방 | 地域 | 大陸 | 地方
file: filename | file name | size | file size | entropy | 파일 | 파일명 | 크기 | ファイル | ファイル名 | サイズ
action: action | direction | response | mitigation | 조치사항 | 대응 | 결과 | 점검결과 | 처리결과 | 방향 | 結果 |
  所見 | 対策 | 方向
transport: transport | shipping | transit | freight | incoterms | port of | mode | 운송 | 운송일수 | 물류 | 선적 |
  통관 | 輸送 | 輸送日数 | 物流 | 船積 | 通関
warranty: warranty | support | contract | guarantee | payment | 품질보증 | 보증 | 계약 | 결제 | 지급 | サポート |
  保証 | 契約 | 支払
substitute: substitutes | substitute | substitution | 대체품 | 대체재 | 代替品 | 代替材
pending: in qualification | under review | pending | considered | 검토중 | 검토 | 심사 | 検討中 | 検討 | 審査中
measure-unit: unit | units | uom | meins | scale | unit of measure | 단위 | 単位
reason: reason | cause | behaviour | behavior | incident | 사유 | 원인 | 理由 | 原因 | 脅威 | 事由 | 事案
rule: rule | rules | signature rule | 룰 | 규칙 | 통제항목 | ルール
currency: currency | waers | 통화 | 通貨
world: world market | global | market | 세계시장 | 시장 | 세계 | 市場 | 世界
"""

_WEAK: Final = """
id 0.35 | code 0.25 | name 0.5 | date 0.3 | band 0.25 | days 0.25 | use 0.25 | listed 0.4 | affected 0.3 | quantity 0.5
annual 0.4 | item 0.4 | buying 0.5 | status 0.7 | value 0.6 | title 0.7 | seen 0.7 | type 0.8 | money 0.9
qualified 0.6 | region 0.8 | stop 0.6
"""

_STOP: Final = """
of | the | a | an | and | or | in | to | for | from | is | are | it | its | this | that | our | your | their | them |
they | we | you | per | by which | with | if | does | do | did | was | were | be | been | which | what | please |
give | state | any | most | 의 | 및 | 와 | 과 | 을 | 를 | 이 | 가 | 은 | 는 | 에 | 에서 | 으로 | 로 | 등 | 수 | 중 |
별 | 된 | 한 | 하는 | 까지 | 부터 | 개 | 곳 | 건 | の | に | を | は | が | と | で | や | へ | から | まで | による |
における | に係る | 数 | 及び | する | した | された | れた | な | か | 社 | 桁 | 他 | t | kt | kg | g | mt | tonne |
tonnes | ton | tons | metric | thousand | million | weeks | wk | wks | months | pcs | usd m | 톤 | 천톤 | 백만 | 천 |
자리 | 단계별 | トン | 千トン | 百万 | 千 | 週 | 月 | 주 | 월 | 개월 | 원 | 円
"""


def _split(line: str) -> list[str]:
    return [part.strip() for part in line.split("|") if part.strip()]


def _terms() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _LINES.replace("|\n", "|").strip().splitlines():
        meaning, _, terms = line.partition(": ")
        for term in _split(terms):
            found.setdefault(term if term.isascii() else term.replace(" ", ""), set()).add(meaning)
    for term in _split(_STOP.replace("\n", "|")):
        found.setdefault(term, set())
    return {term: frozenset(meanings) for term, meanings in found.items()}


TERMS: Final[Mapping[str, frozenset[str]]] = _terms()
"""Word → what it may mean; several meanings are for the rest of the header and the values to tell apart."""
WEIGHTS: Final[Mapping[str, float]] = {
    word: float(weight)
    for part in _WEAK.replace("\n", "|").split("|")
    if part.strip()
    for word, weight in [part.strip().rsplit(" ", 1)]
}
"""How much a meaning tells; 1 where it is not here."""
