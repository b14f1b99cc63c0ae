"""Invent the sets that judge the finding of identifiers: sentences from `*.toml`, numbers from a seed, no detector.

`python tests/identifiers/invent.py` writes `en.jsonl` and `ko.jsonl` beside itself; a test holds them to it.
Nothing here finds anything: each number is *made*, with the check digit that its issuer's rule gives it, and so its
kind is known. The rules and the choices are told in `README.md`.
"""

import base64
import hashlib
import json
import re
import tomllib
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
SEED = "identifiers, all invented, 2026"
LANGUAGES = ("en", "ko")
PLACE = re.compile(r"\{([a-z0-9-]+)(?:\|([^|}]*))?(?:\|(wide))?\}")
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(ord("!"), ord("~") + 1)})
RANDOM_TAILS = date(2020, 10, 5)  # numbers given out from this day on carry a random tail and no check digit

Value = tuple[str, str]  # what is written, and the pattern it is usually written in ("" = as it stands)


# --- check digits, each from its issuer's rule -----------------------------------------------------------------------


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """The sum of digit times weight."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def resident_check(twelve: str, *, foreigner: bool) -> str:
    """Resident (11 - sum mod 11) and foreigner (13 - sum mod 11) registration numbers of Korea."""
    rest = weighted(twelve, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11
    return str(((13 if foreigner else 11) - rest) % 10)


def business_check(nine: str) -> str:
    """Business registration number of Korea: the ninth digit times five counts with both its digits."""
    total = weighted(nine, (1, 3, 7, 1, 3, 7, 1, 3, 5)) + int(nine[8]) * 5 // 10
    return str(-total % 10)


def corporate_check(twelve: str) -> str:
    """Corporate registration number of Korea: weights one and two in turn."""
    return str(-weighted(twelve, (1, 2) * 6) % 10)


def luhn_check(payload: str) -> str:
    """ISO/IEC 7812-1, annex B: from the right, every first digit doubled, its digits summed."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(payload))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def iban_check(country: str, account: str) -> str:
    """ISO 13616: 98 less the remainder by 97, letters as two digits."""
    number = "".join(str(int(letter, 36)) for letter in f"{account}{country}00")
    return f"{98 - int(number) % 97:02d}"


def my_number_check(eleven: str) -> str:
    """Individual Number of Japan (ordinance 85 of 2014, article 5)."""
    rest = weighted(eleven[::-1], (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)) % 11
    return str(0 if rest <= 1 else 11 - rest)


def ean_check(payload: str) -> str:
    """GS1: from the right, weights three and one in turn."""
    return str(-sum(int(digit) * (1, 3)[place % 2 == 0] for place, digit in enumerate(reversed(payload))) % 10)


def isbn_check(nine: str) -> str:
    """ISBN-10: weights ten to two, X stands for ten."""
    rest = -weighted(nine, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return "X" if rest == len(nine) + 1 else str(rest)


def another(check: str, chance: Random) -> str:
    """A check digit that is wrong."""
    return chance.choice([digit for digit in "0123456789" if digit != check])


# --- numbers, each with the pattern it is written in -----------------------------------------------------------------


class Inventor:
    """Everything that a placeholder may ask for: `{ip4-private}` calls `_ip4_private`."""

    def __init__(self, seed: str) -> None:
        """Begin a series that the seed repeats."""
        self.chance = Random(seed)  # repeatable on purpose

    def digits(self, count: int) -> str:
        """So many digits."""
        return "".join(self.chance.choices("0123456789", k=count))

    def letters(self, count: int) -> str:
        """So many capitals."""
        return "".join(self.chance.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=count))

    def day(self, first: date, last: date) -> date:
        """A day between the two."""
        return first + timedelta(days=self.chance.randrange((last - first).days + 1))

    def made(self, name: str) -> Value:
        """The value that a placeholder names."""
        maker: Callable[[], Value] = getattr(self, f"_{name.replace('-', '_')}")
        return maker()

    # Korea's registers

    def person(self, born: date, *, foreigner: bool, right: bool = True) -> str:
        """A resident's or foreigner's number of someone born that day."""
        century = (5, 6) if foreigner else (1, 2)
        sign = self.chance.choice(century) + (2 if born.year >= 2000 else 0)
        office = self.chance.randrange(96)  # of the registry; above 95 there was none
        twelve = f"{born:%y%m%d}{sign}{office:02d}{self.digits(3)}"
        check = resident_check(twelve, foreigner=foreigner)
        return twelve + (check if right else another(check, self.chance))

    def _rrn(self) -> Value:
        return self.person(self.day(date(1940, 1, 1), date(2006, 12, 31)), foreigner=False), "######-#######"

    def _rrn_new(self) -> Value:
        return self.person(self.day(RANDOM_TAILS, date(2025, 12, 31)), foreigner=False, right=False), "######-#######"

    def _rrn_wrong(self) -> Value:
        born = self.day(date(1940, 1, 1), date(2006, 12, 31))
        return self.person(born, foreigner=False, right=False), "######-#######"

    def _rrn_no_day(self) -> Value:
        twelve = f"{self.chance.randrange(30, 99)}{self.chance.randrange(13, 99)}{self.digits(2)}1{self.digits(5)}"
        return twelve + resident_check(twelve, foreigner=False), "######-#######"

    def _frn(self) -> Value:
        return self.person(self.day(date(1955, 1, 1), date(2004, 12, 31)), foreigner=True), "######-#######"

    def _frn_new(self) -> Value:
        born = self.day(date(1970, 1, 1), date(2004, 12, 31))
        return self.person(born, foreigner=True, right=False), "######-#######"

    def brn_of(self, *, right: bool) -> str:
        """A business number, with the check digit or a wrong one."""
        middle = self.chance.choice([self.chance.randrange(1, 80), self.chance.choice((81, 82, 86, 87, 88))])
        nine = f"{self.chance.randrange(101, 900)}{middle:02d}{self.digits(4)}"
        check = business_check(nine)
        return nine + (check if right else another(check, self.chance))

    def _brn(self) -> Value:
        return self.brn_of(right=True), "###-##-#####"

    def _brn_wrong(self) -> Value:
        return self.brn_of(right=False), "###-##-#####"

    def corporate_of(self, *, right: bool) -> str:
        """A corporate number, with the check digit or a wrong one."""
        office = self.chance.choice(("1101", "1311", "1348", "1801", "1201", "1601", "2001", "1244", "1345", "2841"))
        twelve = f"{office}{self.chance.choice(('11', '14', '21', '22'))}{self.digits(6)}"
        check = corporate_check(twelve)
        return twelve + (check if right else another(check, self.chance))

    def _corporate(self) -> Value:
        return self.corporate_of(right=True), "######-#######"

    def _corporate_wrong(self) -> Value:
        return self.corporate_of(right=False), "######-#######"

    def _passport(self) -> Value:
        return f"{self.chance.choice('MMMMSRGOD')}{self.digits(8)}", ""

    def _passport_new(self) -> Value:
        return f"{self.chance.choice('MMMMSROD')}{self.digits(3)}{self.letters(1)}{self.digits(4)}", ""

    def _licence(self) -> Value:
        region = self.chance.choice(tuple(f"{number}" for number in (*range(11, 27), 28)))
        return f"{region}{self.chance.choice((*range(75, 100), *range(26))):02d}{self.digits(8)}", "##-##-######-##"

    def _licence_named(self) -> Value:
        region = self.chance.choice(("서울", "부산", "경기", "강원", "충북", "전남", "경북", "제주", "대구", "울산"))
        return f"{region} {self.chance.choice(range(75, 100))}-{self.digits(6)}-{self.digits(2)}", ""

    # telephones

    def _mobile(self) -> Value:
        return f"010{self.chance.choice('01')}{self.digits(7)}", "###-####-####"

    def _mobile_abroad(self) -> Value:
        return f"8210{self.chance.choice('01')}{self.digits(7)}", "+##-##-####-####"

    def _mobile_old(self) -> Value:
        return f"{self.chance.choice(('011', '016', '017', '018', '019'))}{self.digits(7)}", "###-###-####"

    def _seoul(self) -> Value:
        return f"02{self.chance.randrange(2000, 9000)}{self.digits(4)}", "##-####-####"

    def _seoul_abroad(self) -> Value:
        return f"822{self.chance.randrange(2000, 9000)}{self.digits(4)}", "+##-#-####-####"

    def _province(self) -> Value:
        area = self.chance.choice(("031", "032", "041", "042", "051", "052", "053", "055", "061", "062", "064"))
        return f"{area}{self.chance.randrange(200, 900)}{self.digits(4)}", "###-###-####"

    def _internet(self) -> Value:
        return f"070{self.chance.randrange(4000, 9000)}{self.digits(4)}", "###-####-####"

    def _hotline(self) -> Value:
        return f"{self.chance.choice((1544, 1566, 1577, 1588, 1600, 1644, 1661, 1670))}{self.digits(4)}", "####-####"

    def _us(self) -> Value:
        area = self.chance.choice((202, 212, 303, 312, 404, 415, 503, 617, 702, 808))
        return f"{area}55501{self.digits(2)}", "(###) ###-####"

    def _uk(self) -> Value:
        return f"02079460{self.digits(3)}", "### #### ####"

    def _uk_mobile(self) -> Value:
        return f"07700900{self.digits(3)}", "##### ######"

    def _uk_abroad(self) -> Value:
        return f"447700900{self.digits(3)}", "+## #### ######"

    def _australia(self) -> Value:
        last = self.chance.choice(("570006", "570156", "570157", "570158", "570159", "570110"))  # set aside by the ACMA
        return f"0491{last}", "#### ### ###"

    # money

    def _checked(self, starts: tuple[str, ...], more: int, check: Callable[[str], str]) -> str:
        payload = f"{self.chance.choice(starts)}{self.digits(more)}"
        return payload + check(payload)

    def _card(self) -> Value:
        starts = ("411111", "424242", "400000", "555555", "510510", "222300", "601111", "353011")
        return self._checked(starts, 9, luhn_check), "#### #### #### ####"

    def _card_korea(self) -> Value:
        return self._checked(("9410", "9420", "9490", "9445"), 11, luhn_check), "####-####-####-####"

    def _amex(self) -> Value:
        return self._checked(("378282", "371449", "378734"), 8, luhn_check), "#### ###### #####"

    def _diners(self) -> Value:
        return self._checked(("305693", "385200"), 7, luhn_check), "#### ###### ####"

    def _card_wrong(self) -> Value:
        payload = f"{self.chance.choice(('411111', '424242', '555555', '601111', '880012'))}{self.digits(9)}"
        return payload + another(luhn_check(payload), self.chance), "#### #### #### ####"

    def iban_of(self, *, right: bool) -> str:
        """An account of a country, with the check digits or wrong ones."""
        country, account = self.chance.choice(
            (
                ("DE", self.digits(18)),
                ("GB", f"{self.chance.choice(('WEST', 'TEST', 'ABCD'))}{self.digits(14)}"),
                ("NL", f"{self.chance.choice(('TEST', 'BANK'))}{self.digits(10)}"),
                ("AT", self.digits(16)),
                ("CH", self.digits(17)),
                ("IE", f"TEST{self.digits(14)}"),
                ("LU", f"{self.digits(3)}{self.digits(13)}"),
                ("LT", self.digits(16)),
                ("AE", self.digits(19)),
            )
        )
        check = iban_check(country, account)
        wrong = f"{(int(check) - 1 + self.chance.randrange(1, 96)) % 97 + 2:02d}"
        return f"{country}{check if right or check == wrong else wrong}{account}"

    def _iban(self) -> Value:
        return self.iban_of(right=True), ""

    def _iban_spaced(self) -> Value:
        whole = self.iban_of(right=True)
        return " ".join(whole[at : at + 4] for at in range(0, len(whole), 4)), ""

    def _iban_hyphened(self) -> Value:
        return self._iban_spaced()[0].replace(" ", "-"), ""

    def _iban_small(self) -> Value:
        return self.iban_of(right=True).lower(), ""

    def _iban_wrong(self) -> Value:
        return self.iban_of(right=False), ""

    # the net

    def name(self) -> str:
        """The part of an address before the @."""
        given = self.chance.choice(
            ("minsu", "jiwon", "soyeon", "hyunwoo", "eve", "alice", "bob", "maria", "kenji", "olu")
        )
        family = self.chance.choice(
            ("kim", "lee", "park", "choi", "jung", "smith", "garcia", "sato", "okafor", "novak")
        )
        joined = self.chance.choice((".", "_", "", "-"))
        return f"{given}{joined}{family}{self.chance.choice(('', '', str(self.chance.randrange(1, 99))))}"

    def host(self) -> str:
        """A host that can be nobody's (RFC 2606)."""
        return self.chance.choice(
            ("example.com", "example.org", "example.net", "mail.example.com", "hr.example.org", "kr.example.net")
        )

    def _email(self) -> Value:
        return f"{self.name()}@{self.host()}", ""

    def _email_tagged(self) -> Value:
        return f"{self.name()}+{self.chance.choice(('orders', 'news', '2026'))}@{self.host()}", ""

    def _email_loud(self) -> Value:
        return f"{self.name()}@{self.host()}".upper(), ""

    def _email_reserved(self) -> Value:
        return f"{self.name()}@{self.chance.choice(('plant.example', 'office.test', 'corp.invalid'))}", ""

    def _email_hangul(self) -> Value:
        return f"{self.chance.choice(('홍길동', '김민수', '박서연'))}@{self.host()}", ""

    def _email_at(self) -> Value:
        return f"{self.name()} at {self.host().replace('.', ' dot ')}", ""

    def _email_brackets(self) -> Value:
        return f"{self.name()}[at]{self.host().replace('.', '[dot]')}", ""

    def _email_round(self) -> Value:
        return f"{self.name()}(at){self.host()}", ""

    def _email_gap(self) -> Value:
        return f"{self.name()} @ {self.host()}", ""

    def _email_golbaengi(self) -> Value:
        return f"{self.name()}골뱅이{self.host().replace('.', '점')}", ""

    def _ip4(self) -> Value:
        block = self.chance.choice(("192.0.2", "198.51.100", "203.0.113"))  # RFC 5737
        return f"{block}.{self.chance.randrange(1, 255)}", ""

    def _ip4_private(self) -> Value:
        start = self.chance.choice((f"10.{self.chance.randrange(256)}", "192.168", "172.20"))
        return f"{start}.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}", ""  # RFC 1918

    def _ip4_broken(self) -> Value:
        return self._ip4()[0].replace(".", "[.]"), ""

    def _ip6(self) -> Value:
        groups = [f"{self.chance.randrange(1, 65536):x}" for _ in range(self.chance.choice((2, 3, 4)))]
        return f"2001:db8:{':'.join(groups[:-1])}::{groups[-1]}", ""  # RFC 3849

    def _ip6_whole(self) -> Value:
        return ":".join(["2001", "0db8", *(f"{self.chance.randrange(65536):04x}" for _ in range(6))]), ""

    def _ssn(self) -> Value:
        area = self.chance.choice([number for number in range(1, 900) if number != 666])
        return f"{area:03d}{self.chance.randrange(1, 100):02d}{self.chance.randrange(1, 10000):04d}", "###-##-####"

    def _ssn_never(self) -> Value:
        area = self.chance.choice((0, 666, *range(900, 1000)))
        return (
            f"{area:03d}{self.chance.choice((*range(1, 50), 66, 67, 68, 69, 89, 93)):02d}{self.digits(4)}",
            "###-##-####",
        )

    def _my_number(self) -> Value:
        eleven = self.digits(11)
        return eleven + my_number_check(eleven), "#### #### ####"

    def _my_number_wrong(self) -> Value:
        eleven = self.digits(11)
        return eleven + another(my_number_check(eleven), self.chance), "#### #### ####"

    # what is not an identifier of anybody

    def _ean13(self) -> Value:
        return self._checked(("880", "880", "400", "500", "690", "471", "012"), 9, ean_check), ""

    def _gtin14(self) -> Value:
        payload = f"1880{self.digits(9)}"
        return payload + ean_check(payload), ""

    def _isbn13(self) -> Value:
        return self._checked(("97911", "97912"), 7, ean_check), "###-##-####-###-#"

    def _isbn10(self) -> Value:
        nine = f"89{self.digits(7)}"
        return f"{nine[:2]}-{nine[2:6]}-{nine[6:]}-{isbn_check(nine)}", ""

    def _imei(self) -> Value:
        payload = f"35{self.digits(12)}"
        return payload + luhn_check(payload), ""

    def _uuid(self) -> Value:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), ""

    def _md5(self) -> Value:
        return hashlib.sha256(self.digits(20).encode()).hexdigest()[:32], ""

    def _sha256(self) -> Value:
        return hashlib.sha256(self.digits(20).encode()).hexdigest(), ""

    def _base64(self) -> Value:
        return base64.b64encode(hashlib.sha256(self.digits(20).encode()).digest()).decode(), ""

    def _commit(self) -> Value:
        return self._sha256()[0][:10], ""

    def _mac(self) -> Value:
        return ":".join(f"{self.chance.randrange(256):02x}" for _ in range(6)), ""

    def _mac_hyphens(self) -> Value:
        return self._mac()[0].replace(":", "-").upper(), ""

    def _hs6(self) -> Value:
        return f"{self.chance.randrange(10, 97)}{self.digits(4)}", "####.##"

    def _hs10(self) -> Value:
        return f"{self.chance.randrange(10, 97)}{self.digits(8)}", "####.##-####"

    def _date(self) -> Value:
        return f"{self.day(date(1995, 1, 1), date(2026, 12, 31)):%Y-%m-%d}", ""

    def _date_short(self) -> Value:
        return f"{self.day(date(1995, 1, 1), date(2026, 12, 31)):%y%m%d}", ""

    def _date_dots(self) -> Value:
        return f"{self.day(date(1995, 1, 1), date(2026, 12, 31)):%Y.%m.%d}", ""

    def _stamp(self) -> Value:
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=self.chance.randrange(60_000_000))
        return f"{moment:%Y%m%d%H%M%S}", ""

    def _moment(self) -> Value:
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=self.chance.randrange(60_000_000))
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}", ""

    def _unix(self) -> Value:
        return str(1_600_000_000 + self.chance.randrange(200_000_000)), ""

    def _unix_ms(self) -> Value:
        return str(1_600_000_000_000 + self.chance.randrange(200_000_000_000)), ""

    def _clock(self) -> Value:
        return f"{self.chance.randrange(24):02d}:{self.chance.randrange(60):02d}:{self.chance.randrange(60):02d}", ""

    def _amount(self) -> Value:
        return f"{self.chance.randrange(1_000, 99_999_999_999):,}", ""

    def _amount_plain(self) -> Value:
        return str(self.chance.randrange(1_000_000_000, 99_999_999_999)), ""

    def _decimal(self) -> Value:
        return f"{self.chance.uniform(0.001, 99999):.{self.chance.randrange(2, 8)}f}", ""

    def _version(self) -> Value:
        return ".".join(str(self.chance.randrange(20)) for _ in range(3)), ""

    def _version4(self) -> Value:
        return ".".join(
            str(self.chance.choice((self.chance.randrange(20), self.chance.randrange(256)))) for _ in range(4)
        ), ""

    def _version5(self) -> Value:
        return ".".join(str(self.chance.randrange(1, 40)) for _ in range(5)), ""

    def _octets_high(self) -> Value:
        return f"{self.chance.randrange(256, 999)}.{self.chance.randrange(256, 999)}.{self.chance.randrange(99)}.1", ""

    def _oid(self) -> Value:
        return f"1.3.6.1.4.1.{self.chance.randrange(1000, 60000)}.{self.chance.randrange(1, 30)}.1", ""

    def _latitude(self) -> Value:
        return f"{self.chance.uniform(33.1, 38.6):.6f}", ""

    def _longitude(self) -> Value:
        return f"{self.chance.uniform(125.1, 129.6):.7f}", ""

    def _order(self) -> Value:
        return f"{self.day(date(2023, 1, 1), date(2026, 11, 1)):%Y%m%d}{self.digits(6)}", "########-######"

    def _order13(self) -> Value:
        return f"{self.day(date(2007, 1, 1), date(2026, 11, 1)):%y%m%d}9{self.digits(6)}", "######-#######"

    def _order10(self) -> Value:
        return f"{self.chance.randrange(1, 10)}{self.digits(9)}", "##########"

    def _order12(self) -> Value:
        return self._my_number_wrong()[0], "############"

    def _parcel(self) -> Value:
        return f"{self.chance.randrange(1, 7)}{self.digits(11)}", "####-####-####"

    def _part(self) -> Value:
        return f"{self.letters(2)}-{self.digits(4)}-{self.letters(1)}{self.digits(3)}", ""

    def _part_numbers(self) -> Value:
        return f"{self.chance.randrange(31, 99)}{self.digits(9)}", "####-###-####"

    def _vin(self) -> Value:
        return f"KMH{self.letters(5)}{self.digits(1)}{self.letters(2)}{self.digits(6)}", ""

    def _container(self) -> Value:
        return f"{self.letters(3)}U{self.digits(7)}", ""

    def _duns(self) -> Value:
        return f"{self.chance.choice((0, 6, 9))}{self.digits(8)}", "##-###-####"

    def _ein(self) -> Value:
        return f"{self.chance.randrange(10, 99)}{self.digits(7)}", "##-#######"

    def _zip9(self) -> Value:
        return self.digits(9), "#####-####"

    def _postcode(self) -> Value:
        return f"{self.chance.randrange(1, 64):02d}{self.digits(3)}", ""

    def _isin(self) -> Value:
        return f"KR7{self.digits(9)}", ""

    def _lei(self) -> Value:
        payload = f"9884{self.letters(4)}{self.digits(6)}{self.letters(4)}"
        return payload + iban_check("", payload), ""

    def _swift(self) -> Value:
        return f"{self.letters(4)}KRSE{self.letters(3)}", ""

    def _cas(self) -> Value:
        body = f"{self.chance.randrange(50, 9999)}{self.digits(2)}"
        check = sum(int(digit) * place for place, digit in enumerate(reversed(body), 1)) % 10
        return f"{body[:-2]}-{body[-2:]}-{check}", ""

    def _cve(self) -> Value:
        return f"CVE-{self.chance.randrange(2015, 2027)}-{self.digits(5)}", ""

    def _model(self) -> Value:
        return f"{self.letters(1)}{self.digits(7)}", ""

    def _model8(self) -> Value:
        return f"{self.chance.choice('MS')}{self.digits(8)}", ""

    def _lot(self) -> Value:
        return f"M{self.digits(6)}", ""

    def _handle(self) -> Value:
        return f"@{self.name()}", ""

    def _count(self) -> Value:
        return str(self.chance.randrange(2, 990)), ""

    def _year(self) -> Value:
        return str(self.chance.randrange(1990, 2027)), ""

    def _meter(self) -> Value:
        return self.digits(11), "##-####-#####"

    def _docket(self) -> Value:
        return f"{self.chance.randrange(2015, 2027)}-{self.digits(6)}", ""


# --- sentences -------------------------------------------------------------------------------------------------------


def laid(value: str, pattern: str) -> str:
    """The value in a pattern: each `#` takes its next character, all else stands as written."""
    if not pattern:
        return value
    if pattern.count("#") != len(value):
        raise ValueError(pattern, value)
    ahead = iter(value)
    return "".join(next(ahead) if mark == "#" else mark for mark in pattern)


def filled(sentence: str, inventor: Inventor) -> str:
    """The sentence with each placeholder (`{name}`, `{name|pattern}`, `{name|pattern|wide}`) filled in."""

    def value(place: re.Match[str]) -> str:
        made, usual = inventor.made(place[1])
        written = laid(made, usual if place[2] is None else place[2])
        return written.translate(WIDE) if place[3] else written

    return PLACE.sub(value, sentence)


def lines(language: str) -> Iterator[dict[str, object]]:
    """Every line of a language's set: no text twice, in an order that tells nothing."""
    inventor, seen, made = Inventor(f"{SEED}, {language}"), set[str](), list[dict[str, object]]()
    for group in tomllib.loads((HERE / f"{language}.toml").read_text(encoding="utf-8"))["group"]:
        for column in ("structured", "free"):
            for hard in (False, True):
                for sentence in group.get(f"{'hard_' if hard else ''}{column}", []):
                    for _ in range(group.get("times", 3) if "{" in sentence else 1):
                        text = filled(sentence, inventor)
                        if text in seen:
                            continue
                        seen.add(text)
                        line = {"text": text, "kind": group.get("kind"), "column": column, "is": group["is"]}
                        made.append(line | ({"hard": True} if hard else {}))
    inventor.chance.shuffle(made)
    yield from made


def main() -> None:
    """Write both sets."""
    for language in LANGUAGES:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines(language))
        (HERE / f"{language}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
