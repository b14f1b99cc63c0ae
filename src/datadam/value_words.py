"""Words that values are written in, in English, Korean and Japanese, by the meaning of the columns they stand in.

A code list says which values a standard takes; this list says how others write the same things, so that a column of
`速報値` and `推計` is seen to hold how figures came about even under the header `備考`. It only speaks for suggestions:
what a value is turned into stands in the code list or in the mapping, never here.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from datadam.model import fold

_LINES: Final = """
flag: reported | actual | final | confirmed | estimated | estimate | est | preliminary | prelim | provisional | prov |
  revised | projected | projection | forecast | withheld | suppressed | imputed | official | unofficial | e | r | p |
  f | w | s | a | * | ** | p/e | e) | p) | r) | rev | official figure | calculated | reported by producer | inferred |
  proj | company reported | expected | 실적 | 확정 | 추정 | 잠정 | 속보 | 추계 | 예측 | 전망 | 비공개 | 공식 |
  수정치 | 확정치 | 추정치 | 잠정치 | 속보치 | 실적치 | 예상 | 보고치 | 수정 | 확보 | 정정 | 미공개 | 예비 | 実績 |
  確定 | 確報 | 速報 | 推計 | 推定 | 暫定 | 予測 | 見込 | 非公表 | 秘匿 | 報告値 | 改定 | 改訂 | 修正値 | 確定値 |
  速報値 | 推計値 | 推定値 | 暫定値 | 実績値 | 公表値 | 予測値 | 見込値 | 実数 | 概数 | 訂正 | kakutei | suitei |
  suikei | sokuho | jisseki | zantei | カクテイ | スイケイ | スイテイ | ソクホウ | hwakjeong | jamjeong | chujeong |
  siljeok
stage: mine | mines | mined | mining | ore | ores | concentrate | concentrates | conc | smelter | smelted | smelting |
  refinery | refined | refining | metal | primary | primary metal | secondary | mine production |
  refinery production | smelter production | carbonate | hydroxide | sulfate | sulphate | oxide | matte | dore |
  cathode | ingot | content | processed | processing | upstream | midstream | separated | separation | intermediate |
  extraction | beneficiation | m | s | r | m/p | 광산 | 채광 | 채굴 | 채굴단계 | 정광 | 원광 | 광석 | 제련 | 정련 |
  정제 | 지금 | 신지금 | 가공 | 1차 | 선광 | 전해 | 금속 | 중간재 | 분리정제 | 鉱山 | 採掘 | 採鉱 | 精鉱 | 原鉱 |
  鉱石 | 製錬 | 精錬 | 精製 | 地金 | 電気銅 | 一次 | 選鉱 | 粗鉱 | 加工 | 中間品 | 中間原料 | 分離精製 | 金属 |
  新地金
mineral: fe | cu | ni | co | li | mn | al | zn | pb | sn | w | mo | nb | ta | ti | v | cr | ga | ge | in | ree | reo |
  treo | pgm | pge | pt | pd | au | ag | sb | bi | mg | be | te | se | re | zr | hf | si | c | u | lce | nd | dy |
  pr | tb | iron ore | copper | nickel | cobalt | lithium | manganese | bauxite | alumina | zinc | lead | tin |
  tungsten | molybdenum | niobium | tantalum | titanium | ilmenite | rutile | vanadium | chromite | chromium |
  gallium | germanium | indium | rare earths | rare earth | platinum | palladium | gold | silver | antimony |
  bismuth | magnesium | magnesite | beryllium | tellurium | selenium | rhenium | zircon | zirconium | graphite |
  fluorspar | barite | potash | phosphate | boron | borates | spodumene | silicon | neodymium | dysprosium | 철광석 |
  구리 | 동 | 니켈 | 코발트 | 리튬 | 망간 | 보크사이트 | 아연 | 연 | 납 | 주석 | 텅스텐 | 몰리브덴 | 니오븀 | 탄탈럼 |
  티타늄 | 바나듐 | 크롬 | 갈륨 | 게르마늄 | 인듐 | 희토류 | 백금 | 팔라듐 | 금 | 은 | 안티모니 | 안티몬 | 창연 |
  마그네슘 | 흑연 | 형석 | 규석 | 네오디뮴 | 鉄鉱石 | 銅 | ニッケル | コバルト | リチウム | マンガン | ボーキサイト |
  亜鉛 | 鉛 | 錫 | すず | タングステン | モリブデン | ニオブ | タンタル | チタン | バナジウム | クロム | ガリウム |
  ゲルマニウム | インジウム | レアアース | 希土類 | 白金 | パラジウム | 金 | 銀 | アンチモン | ビスマス |
  マグネシウム | 黒鉛 | グラファイト | 蛍石 | 黄鉄鉱 | ネオジム | ジスプロシウム
method: honeypot | honeynet | sandbox | telemetry | osint | open source | feed | external feed | incident response |
  incident | ir | siem | edr | ids | ips | nids | passive dns | pdns | partner | partner feed | manual analysis |
  reverse engineering | reversing | threat hunting | hunting | hunt | crawler | spam trap | spamtrap | sinkhole |
  darknet | internet scan | user report | user submission | research | malware analysis | sensor | forensics |
  detonation | dfir | case work | vendor feed | commercial feed | network sensor | phishing report | 허니팟 |
  샌드박스 | 텔레메트리 | 관제 | 피드 | 침해사고 | 사고대응 | 사고분석 | 수동분석 | 신고 | 공개정보 | 정보공유 |
  헌팅 | 정적분석 | 동적분석 | 연구 | 유관기관 | 외부피드 | 센서 | 포렌식 | ハニーポット | サンドボックス |
  テレメトリ | テレメトリー | フィード | インシデント対応 | インシデント | 事案対応 | 公開情報 | 静的解析 | 動的解析 |
  マルウェア解析 | 検体解析 | 観測網 | 情報共有 | 通報 | 届出 | 監視 | 手動分析 | シンクホール | 調査 | 自社調査 |
  社内調査 | 自社観測 | 自社解析 | 分析 | 解析 | 조사 | 자체조사 | 자체분석 | 분석 | internal research |
  own analysis | in house | 調査研究 | 定点観測 | センサー | 外部フィード | フォレンジック | 研究 | ハンティング
kill-chain: reconnaissance | recon | weaponization | weaponisation | weaponize | delivery | exploitation | exploit |
  installation | install | command and control | command control | c2 | c&c | actions on objectives | actions |
  objectives | initial access | execution | persistence | privilege escalation | defense evasion | credential access |
  discovery | lateral movement | collection | exfiltration | impact | 정찰 | 무기화 | 유포 | 전달 | 침투 | 설치 |
  명령제어 | 명령 제어 | 목적달성 | 목표달성 | 초기침투 | 실행 | 지속 | 유출 | 내부이동 | 익스플로잇 | 偵察 | 武器化 |
  配送 | 配布 | 攻撃実行 | インストール | 遠隔操作 | 目的実行 | 目的達成 | 初期侵入 | 実行 | 永続化 | 横展開 |
  持ち出し | 侵入 | 潜伏 | 感染
impact: stops | stop | line stops | line stop | line down | stops production | production stops | halts | shrinks |
  reduced | reduced output | reduces | slows | slow down | no effect | no impact | none | critical | essential |
  important | non critical | noncritical | nice to have | major | minor | 중단 | 생산중단 | 라인정지 | 가동중단 |
  감산 | 감소 | 축소 | 영향없음 | 영향 없음 | 무영향 | 정지 | 필수 | 중요 | 停止 | 生産停止 | ライン停止 | 減産 |
  縮小 | 影響なし | 影響無し | 必須 | 重要 | 低下
sector: finance | financial | financial services | bank | banking | insurance | energy | power | utilities |
  electricity | oil and gas | healthcare | health | hospital | medical | government | public administration |
  public sector | public | defense | defence | education | university | telecom | telecommunications | manufacturing |
  automotive | semiconductor | semiconductors | transport | transportation | logistics | aviation | retail | it |
  it services | ict | technology | media | water | agriculture | construction | hospitality | legal | mining |
  critical infrastructure | 금융 | 금융업 | 은행 | 보험 | 에너지 | 전력 | 의료 | 병원 | 보건 | 공공 | 정부 | 국방 |
  방산 | 교육 | 대학 | 통신 | 제조 | 제조업 | 자동차 | 반도체 | 운송 | 물류 | 항공 | 유통 | 정보통신 | 정보통신업 |
  언론 | 수도 | 건설 | 서비스업 | 金融 | 金融業 | 銀行 | 保険 | エネルギー | 電力 | 医療 | 病院 | 保健 | 官公庁 |
  政府 | 行政 | 公務 | 防衛 | 教育 | 大学 | 通信 | 製造 | 製造業 | 自動車 | 半導体 | 運輸 | 物流 | 航空 | 小売 |
  情報通信 | 情報通信業 | 報道 | 水道 | 建設 | 建設業 | 卸売業 | 小売業 | サービス業 | 重要インフラ
licence: cc by 4.0 | cc by | cc-by-4.0 | cc-by | cc0 | cc0-1.0 | cc by-sa | cc by-nc | cc-by-sa-4.0 | cc-by-nc-4.0 |
  odbl | odc-by | mit | apache-2.0 | proprietary | public domain | pddl | internal use only | commercial | ogl |
  kogl | 공공누리 | 공공누리 제1유형 | 공공누리 1유형 | 政府標準利用規約 | 社内限り | cc表示
use: known | unknown | not known | confirmed | unconfirmed | yes | no | y | n | suspected | none known | 확인 |
  미확인 | 확인됨 | 있음 | 없음 | 모름 | 알려짐 | 예 | 아니오 | 사용 | 미사용 | 해당 | 미상 | 既知 | 未知 | 確認 |
  未確認 | 確認済 | あり | なし | 有 | 無 | 有り | 無し | 不明 | はい | いいえ
tlp: tlp:clear | tlp:white | tlp:green | tlp:amber | tlp:amber+strict | tlp:red | clear | white | green | amber |
  red | amber+strict | amber strict | g | a | r | w | c | 백색 | 녹색 | 황색 | 적색 | 白 | 緑 | 黄 | 橙 | 赤 | 무색 |
  공개
pap: pap:clear | pap:white | pap:green | pap:amber | pap:red | clear | white | green | amber | red
type: ip | ipv4 | ipv6 | ip address | ip addr | domain | domain name | hostname | fqdn | host | url | uri | link |
  md5 | sha1 | sha256 | sha-1 | sha-256 | sha512 | hash | file hash | file | filehash | email | ja3 | asn | cidr |
  subnet | ip range | dns | ip-dst | ip-src | ipv4-addr | ipv6-addr | domain-name | 도메인 | 아이피 | 해시 | 해시값 |
  주소 | 파일해시 | ip주소 | 악성url | ドメイン | ハッシュ | ハッシュ値 | アドレス | ipアドレス | ファイルハッシュ |
  ホスト名 | ファイル
confidence: high | medium | low | moderate | very high | very low | h | m | l | high confidence | a1 | a2 | b1 | b2 |
  b3 | c2 | c3 | 높음 | 중간 | 낮음 | 보통 | 상 | 중 | 하 | 매우높음 | 高 | 中 | 低 | 高い | 低い | 中程度
"""

_MOST_WORDS: Final = 3
_COVERED: Final = 0.34  # share of a value that a word within it must make up, lest a sentence be taken for a code
_TOKEN: Final = re.compile(r"[a-z0-9&+.:-]+|[가-힣]+|[々一-鿿぀-ヿー]+")
_SHORT: Final = 2  # characters from which on a word within a value counts


def _said() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in _LINES.replace("|\n", "|").strip().splitlines():
        meaning, _, terms = line.partition(": ")
        found[meaning] = frozenset(fold(term) for term in terms.split("|") if term.strip())
    return found


MARKS: Final = frozenset({"e", "p", "r"})  # letters that say in every yearbook how a figure came about
CLOSED: Final = frozenset({"flag", "stage", "tlp", "pap", "type", "kill-chain"})
"""Meanings of which this list knows nearly every way of writing a value."""
SAID: Final[Mapping[str, frozenset[str]]] = _said()
"""Meaning → how values of its columns are written."""


@lru_cache(8192)
def says(meaning: str, value: str) -> bool:
    """Whether a value is written in a word of this meaning, or in little else."""
    terms, text = SAID.get(meaning, frozenset()), fold(value).strip(" ()[]<>【】「」")
    if text in terms:
        return True
    tokens = _TOKEN.findall(text)
    spans = {
        " ".join(tokens[a:b]) for a in range(len(tokens)) for b in range(a + 1, min(a + _MOST_WORDS, len(tokens)) + 1)
    }
    within = [span for span in spans if len(span) >= _SHORT and span in terms]
    within += [term for term in terms if len(term) >= _SHORT and not term.isascii() and term in text]
    return bool(within) and max(map(len, within)) >= _COVERED * len(text)


def spoken(meaning: str, values: Sequence[str]) -> float:
    """Share of the values that are written in words of this meaning; 0 for single letters, but for the usual marks."""
    if not any(len(value) > 1 for value in values) and not (len(values) > 1 and set(map(fold, values)) <= MARKS):
        return 0.0
    return sum(says(meaning, value) for value in values) / max(1, len(values))
