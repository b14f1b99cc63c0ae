"""Offers: what a standard's stewards allow whoever agrees to it; published with the texts that people read.

The texts are kept as bodies of their own under their digests: what was read and signed stays to be read, also when
later versions of this program would write it in other words.
"""

from dataclasses import replace
from functools import lru_cache

from datadam import governance, seal
from datadam.dam import publish as standards
from datadam.dam import state
from datadam.dam.world import World
from datadam.errors import Faults, NotFound, Refused, Untrusted
from datadam.formats import odrl, offer_text
from datadam.model import Json, Kind, Statement, instant
from datadam.terms import Offer, PublishedOffer


def publish(world: World, text: str) -> PublishedOffer:
    """Sign and log an offer for a published standard; its number is the dam's to give.

    The same terms again are the same publication. `Faults` carries everything that is wrong with the offer.
    """
    offer = check(world, text)
    with world.lock:
        last = current(world, offer.standard)
        if last is not None and odrl.write(replace(offer, number=last.number)) == last.text:
            return last
        deciding = governance.stewards_of(standards.published(world, offer.standard))
        if deciding is not None:
            raise Refused("offer.stewards-decide", standard=offer.standard, **governance.told(deciding))
        state.record(world, state.statement(world, Kind.OFFER, content(world, offer)))
        return find(world, offer.standard)


def check(world: World, text: str) -> Offer:
    """The offer of a text, if it may be published now; `Faults` carries everything that is wrong with it."""
    offer = odrl.read(text)
    wrong = odrl.check(offer, standards.current(world, offer.standard), now=instant(world.clock()))
    if wrong:
        raise Faults("offer.faulty", wrong, standard=offer.standard)
    return offer


def content(world: World, offer: Offer) -> Json:
    """What a statement would say that publishes an offer next; the texts that people read are kept from here on."""
    last, standard = current(world, offer.standard), standards.current(world, offer.standard)
    offer = replace(offer, number=last.number + 1 if last else 1)
    body = seal.parse(odrl.write(offer))
    written = {language: offer_text.text(offer, standard, language) for language in offer_text.LANGUAGES}
    texts = {language: seal.digest(told.encode()) for language, told in written.items()}
    world.bodies.put_all([(texts[language], told.encode()) for language, told in written.items()])
    return {
        "standard": offer.standard,
        "number": offer.number,
        "offer": body,
        "digest": seal.digest(seal.canonical(body)),
        "texts": texts,
    }


def enact(world: World, approval: Statement, facts: Json) -> int:
    """Log an offer together with the stewards' approval of it; its log index."""
    check(world, seal.canonical(facts["offer"]).decode())  # the standard or the time may have moved on
    return state.record(world, approval, state.statement(world, Kind.OFFER, facts)) + 1


def current(world: World, standard: str) -> PublishedOffer | None:
    """The offer in force for a standard, or None if it has none."""
    return max(_all(world, standard), key=lambda one: one.number, default=None)


def find(world: World, standard: str, number: int | None = None) -> PublishedOffer:
    """An offer of a standard: the one with that number, or the one in force."""
    found = current(world, standard)
    if number is not None:
        found = next((one for one in _all(world, standard) if one.number == number), None)
    if found is None:
        raise NotFound("offer.unknown", standard=standard[:200])
    return found


def of_statement(world: World, standard: str, id: str) -> PublishedOffer:
    """The offer that a statement published."""
    for one in _all(world, standard):
        if one.statement == id:
            return one
    raise NotFound("offer.unknown", standard=standard[:200])


def newer(world: World, one: PublishedOffer) -> PublishedOffer | None:
    """The offer that came next and takes the place of `one`."""
    return next((other for other in _all(world, one.standard) if other.number == one.number + 1), None)


def every(world: World) -> list[PublishedOffer]:
    """The offer in force of each standard that has one, by standard."""
    with world.store.read() as rows:
        held = rows.find(PublishedOffer)
    last = {one.standard: one for one in sorted(held, key=lambda one: one.number)}
    return [last[standard] for standard in sorted(last)]


def _all(world: World, standard: str) -> list[PublishedOffer]:
    with world.store.read() as rows:
        return rows.find(PublishedOffer, standard=standard)


def read_offer(published: PublishedOffer) -> Offer:
    """The terms of a published offer."""
    return _read(published.text)


@lru_cache(maxsize=256)
def _read(text: str) -> Offer:
    return odrl.read(text)


def written(world: World, published: PublishedOffer) -> dict[str, str]:
    """The texts of an offer as they were signed, by language; one that is gone or changed is an error, never shown."""
    found = {language: world.bodies.get(digest) for language, digest in published.texts.items()}
    for language, told in found.items():
        if seal.digest(told) != published.texts[language]:
            raise Untrusted("offer.text-changed", standard=published.standard, number=published.number)
    return {language: told.decode() for language, told in found.items()}
